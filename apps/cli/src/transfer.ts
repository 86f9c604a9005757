// What `bt download` and `bt seed` have in common: a session with one torrent, from listening to the last goodbye.

import { setFlagsFromString } from 'node:v8'
import type { Magnet, Metainfo } from '@bt/metainfo'
import {
  type Endpoint,
  type InfoHash,
  type InfoHashV2,
  parseEndpoint,
  truncateInfoHash,
} from '@bt/primitives'
import { type NodePorts, nodePorts } from '@bt/runtime-node'
import { Session, type Swarm, type TorrentOptions } from '@bt/swarm'
import { TrackerClient } from '@bt/tracker-client'
import { type Caching, startCaching } from './caching.ts'
import { EXIT, Failure } from './failure.ts'
import { CLIENT_NAME, PEER_ID_PREFIX } from './identity.ts'
import type { Output } from './output.ts'
import { ReportTransfer } from './report-transfer.ts'
import { onSignals } from './signals.ts'
import { SMALL_YOUNG_SPACE } from './young-space.ts'

/** Tried first, as trackers and routers expect it; then any free port. */
const PORT_DEFAULT = 6881

export interface NetworkOptions {
  readonly port?: number
  readonly host?: string
  readonly peer: readonly Endpoint[]
  readonly privatePeers?: 'allow'
  readonly tracker: boolean
  readonly pex: boolean
  readonly limitDown?: number
  readonly limitUp?: number
  readonly maxPeers?: number
  readonly memory?: number
  readonly debug?: boolean
  readonly cache: 'on' | 'off'
  readonly site?: string
  readonly siteMap?: string
  readonly crossBudget: number | 'auto'
  readonly lead: boolean
  readonly trust: 'site' | 'strangers'
  readonly up?: number
  readonly down?: number
}

export interface Transfer {
  readonly swarm: Swarm
  readonly report: ReportTransfer
  /** The first signal that asked us to stop; a second one ends the process at once. Rejects when the program broke. */
  readonly interrupted: Promise<NodeJS.Signals>
  /** Says goodbye, flushes, closes; leaves nothing behind. */
  close(): Promise<void>
}

/** Listens, adds the torrent, and reports from then on. */
export async function startTransfer(
  torrent: Metainfo | Magnet,
  options: NetworkOptions,
  content: (ports: NodePorts) => TorrentOptions,
  output: Output,
): Promise<Transfer> {
  const { host } = options
  const signals = onSignals()
  const ports = nodePorts({
    directory: '.',
    threadStarted: () => setFlagsFromString(SMALL_YOUNG_SPACE),
    ...(host === undefined ? {} : { host }),
    ...(options.debug === true ? { log: logToStderr } : {}),
  })
  let session: Session | undefined
  let report: ReportTransfer | undefined
  let caching: Caching | undefined
  let closed: Promise<void> | undefined
  const end = async (): Promise<void> => {
    caching?.sayLeaving()
    report?.stop()
    caching?.close()
    await session?.close()
    await ports.close()
    signals.off()
  }
  const close = (): Promise<void> => {
    closed ??= end()
    return closed
  }
  try {
    session = await listen(ports, options)
    sayListening(session, options, output)
    const wishes = content(ports)
    const tiers = options.tracker ? tiersOf(torrent) : []
    // A seed that super-seeds decides by itself what it shows to whom.
    if (wishes.superSeed !== true)
      caching = await startCaching(options, announcedHash(torrent), tiers.length > 0, output)
    const swarm = await session.add(torrent, {
      ...wishes,
      sources: tiers.length > 0 ? [new TrackerClient(tiers, ports)] : [],
      ...(caching === undefined ? {} : { policy: caching.policy }),
      pex: options.pex,
    })
    report = new ReportTransfer(swarm, output, caching)
    // A magnet's own peers (x.pe) are a stranger's word: the swarm takes those by the rule for strangers.
    if (options.peer.length > 0) swarm.addPeers(await resolved(options.peer, ports))
    return { swarm, report, interrupted: Promise.race([signals.first, signals.broken]), close }
  } catch (error) {
    await close()
    throw error
  }
}

function sayListening(session: Session, { host, port }: NetworkOptions, output: Output): void {
  const isTaken = port === undefined && session.port !== PORT_DEFAULT
  output.event(
    'listening',
    { port: session.port, host: host ?? '0.0.0.0' },
    `listening on port ${session.port}${isTaken ? ` (${PORT_DEFAULT} is taken)` : ''}`,
  )
}

/** What a tracker is asked about: v1, else the truncated v2. */
function announcedHash({ infoHashV1, infoHashV2 }: Metainfo | Magnet): InfoHash {
  return infoHashV1 ?? truncateInfoHash(infoHashV2 as InfoHashV2)
}

function tiersOf(torrent: Metainfo | Magnet): readonly (readonly string[])[] {
  return 'announceTiers' in torrent ? torrent.announceTiers : torrent.trackers.map((url) => [url])
}

async function listen(
  ports: ReturnType<typeof nodePorts>,
  options: NetworkOptions,
): Promise<Session> {
  const { host, port, limitDown, limitUp, maxPeers, memory } = options
  const open = (at: number): Promise<Session> =>
    Session.open(ports, {
      port: at,
      client: CLIENT_NAME,
      peerIdPrefix: PEER_ID_PREFIX,
      ...(host === undefined ? {} : { host }),
      ...(memory === undefined ? {} : { memoryMaxBytes: memory }),
      ...(options.privatePeers === 'allow' ? { addresses: { privateFromPublic: true } } : {}),
      limits: {
        ...(limitDown === undefined ? {} : { downloadBytesPerSecond: limitDown }),
        ...(limitUp === undefined ? {} : { uploadBytesPerSecond: limitUp }),
        ...(maxPeers === undefined ? {} : { connectionsMax: maxPeers }),
      },
      ...(maxPeers === undefined ? {} : { swarmLimits: { peersMax: maxPeers } }),
    })
  if (port !== undefined) return open(port)
  try {
    return await open(PORT_DEFAULT)
  } catch (error) {
    if ((error as { code?: string }).code !== 'CANNOT_LISTEN') throw error
    return open(0)
  }
}

/** `--peer` may be a name. */
async function resolved(
  peers: readonly Endpoint[],
  ports: ReturnType<typeof nodePorts>,
): Promise<readonly Endpoint[]> {
  const all: Endpoint[] = []
  for (const { host, port } of peers) {
    const addresses = await new Promise<readonly string[]>((resolve, reject) => {
      ports.resolver.resolve(host, 'any', (error, found) =>
        error === undefined
          ? resolve(found)
          : reject(new Failure(EXIT.usage, 'UNKNOWN_HOST', `--peer ${host}:${port}: no such host`)),
      )
    })
    for (const address of addresses) {
      const endpoint = parseEndpoint(
        address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
      )
      if (endpoint !== undefined) all.push(endpoint)
    }
  }
  return all
}

function logToStderr(level: string, event: string, facts: Readonly<Record<string, unknown>>): void {
  process.stderr.write(
    `${JSON.stringify({ level, event, ...facts }, (_key, value: unknown) => (value instanceof Error ? value.message : value))}\n`,
  )
}
