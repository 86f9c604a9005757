// A tracker from start to signal: wiring, what it prints, and an orderly end.

import type { Datagrams, DatagramSocket } from '@bt/ports'
import { type Endpoint, endpointText, type InfoHash, parseIp } from '@bt/primitives'
import {
  BatchDatagrams,
  batchNative,
  listenerNative,
  SystemClock,
  SystemRandom,
  TcpTransport,
  UdpDatagrams,
} from '@bt/runtime-node'
import {
  accessHook,
  EXPIRY_INTERVALS,
  HttpFrontend,
  HttpOutput,
  parseAccessList,
  Tracker,
  UdpFrontend,
} from '@bt/tracker-server'
import { destination, pino } from 'pino'
import type { Config } from './config.ts'
import { dialBackOver } from './dial-back.ts'
import type { RedisFeed } from './redis-feed.ts'
import { closeAdmin, serveAdmin } from './serve-admin.ts'
import { serveHttp } from './serve-http.ts'
import { serveHttpBatch } from './serve-http-batch.ts'
import { openSites } from './sites.ts'
import { sharedClock } from './shared-clock.ts'
import { UsageError } from './usage-error.ts'
import type { Protocol, WorkerLink } from './worker-link.ts'

/** Milliseconds between two reports of a worker. */
const REPORT_MS = 500
/** Milliseconds that answers under way may take at the end. */
const DRAIN_MS = 2000
/** Milliseconds at the start for hearing from the store what other trackers know: longer, and peers give up on us. */
const CATCH_UP_MS = 2000

/** Listens and serves until SIGTERM or SIGINT. `read` reads a list of infohashes; `link`: it is one of several workers. */
export async function runTracker(
  config: Config,
  json: boolean,
  read: (file: string) => string,
  link?: WorkerLink,
): Promise<void> {
  const log = pino({ level: config.logLevel }, destination({ dest: 2, sync: true }))
  const say = (event: string, text: string, facts: Readonly<Record<string, unknown>>): void => {
    process.stdout.write(json ? `${JSON.stringify({ event, ...facts })}\n` : `${text}\n`)
  }
  const clock = new SystemClock()
  const ports = {
    clock: link === undefined ? clock : sharedClock(clock),
    random: new SystemRandom(),
    ...(link !== undefined && { secret: link.secret }),
  }
  const list = config.list
  let listed: ReadonlySet<InfoHash> = list === undefined ? new Set() : readList(list.file, read)
  const map = config.sites?.file
  const transport = config.sites?.dialBack === true ? new TcpTransport() : undefined
  const sites =
    config.sites === undefined
      ? undefined
      : openSites(config.sites, {
          read,
          ports,
          dialBack: transport === undefined ? undefined : dialBackOver(transport),
          differs: () =>
            log.warn(
              { file: map },
              'another tracker of the same swarms has another site map: each deposes the leaders that the other elects, until the maps are the same',
            ),
          loaded: (prefixes) => log.info({ file: map, prefixes }, 'site map read again'),
          failed: (error) =>
            log.warn({ file: map, error: error.message }, 'site map not read, the old one stays'),
        })
  const store = await openStore(config, {
    heard: (batch) => hear(batch),
    refill: () => tracker.refill(),
    log: (event, error) => {
      const facts = {
        store: safeUrl(config.store ?? ''),
        error: error instanceof Error ? error.message : undefined,
      }
      if (event === 'connected') log.info(facts, 'store connected, telling it what is here')
      else log.warn(facts, `store ${event}: answers go on from memory`)
    },
  })
  const feed = store ?? link?.feed
  const tracker: Tracker = new Tracker(
    {
      intervalSeconds: config.intervalSeconds,
      peersMax: config.peersMax,
      hooks: [
        ...(list === undefined ? [] : [accessHook(list.kind, () => listed)]),
        ...(sites === undefined ? [] : [sites.election]),
      ],
      keepPeerIds: config.keepPeerIds,
      ...(feed !== undefined && { feed }),
    },
    ports,
  )
  const failed = (error: unknown): void =>
    log.warn({ error: String(error), stack: (error as Error).stack }, 'failed')
  const hear = (batch: Uint8Array): void => {
    try {
      tracker.heard(batch)
    } catch (error) {
      failed(error)
    }
  }
  /** Ends what listens, orderly. */
  const closers: (() => Promise<void>)[] = [
    async () => {
      tracker.close()
      await Promise.all([store?.close(), transport?.close()])
    },
  ]
  // A site whose leaders are known elsewhere is not to get others from a tracker that has not heard of them.
  if (sites !== undefined) await soon(store?.caughtUp, CATCH_UP_MS)
  const { native } = config.udpBatch ? batchNative() : { native: undefined }
  const shared = link !== undefined
  const datagrams =
    native === undefined ? new UdpDatagrams({ shared }) : new BatchDatagrams(native, { shared })
  const started = (protocol: Protocol | 'admin', local: Endpoint, facts = {}): void => {
    if (link !== undefined && protocol !== 'admin')
      link.say({ type: 'listening', protocol, local, facts })
    else
      say('listening', `listening on ${protocol} ${endpointText(local)}`, {
        protocol,
        host: local.host,
        port: local.port,
        ...facts,
      })
  }
  // Before anybody hears that we listen: until then a SIGHUP would end the process.
  process.on('SIGHUP', () => {
    sites?.reload()
    if (list === undefined) return
    try {
      listed = readList(list.file, read)
      log.info({ file: list.file, infoHashes: listed.size }, 'list read again')
    } catch (error) {
      log.warn({ file: list.file, error: String(error) }, 'list not read, the old one stays')
    }
  })
  try {
    if (config.http !== undefined) {
      const serving = {
        tracker,
        frontend: new HttpFrontend(tracker),
        out: new HttpOutput(config.peersMax),
        isTrustedProxy: (address: string) => config.trustedProxies.includes(address),
        failed,
      }
      // As with UDP below. A name is looked up by node:net only.
      const { native } = config.httpBatch ? listenerNative() : { native: undefined }
      const isBatch = native !== undefined && parseIp(config.http.host) !== undefined
      const port = isBatch ? (link?.httpPort ?? config.http.port) : config.http.port
      const at = { host: config.http.host, port }
      const opening = isBatch ? serveHttpBatch(at, serving, native, shared) : serveHttp(at, serving)
      const server = await listening('HTTP', at, opening)
      closers.push(() => server.close(DRAIN_MS))
      started('http', server.local, { batch: isBatch })
    }
    if (config.udp !== undefined) {
      const frontend = new UdpFrontend(tracker, ports, failed)
      // Sockets of the addon meet at a port; all others are shared by the cluster, which knows the first one's choice.
      const port = native === undefined ? config.udp.port : (link?.udpPort ?? config.udp.port)
      const at = { host: config.udp.host, port }
      const socket = await listening('UDP', at, openUdp(datagrams, at, frontend))
      closers.push(() => new Promise((resolve) => socket.close(() => resolve())))
      started('udp', socket.local, { batch: native !== undefined })
    }
    if (link === undefined) {
      const admin = await listening('admin', config.admin, serveAdmin(config.admin, tracker, sites))
      closers.push(() => closeAdmin(admin.server))
      started('admin', admin.local)
    } else closers.push(reportTo(link, tracker, hear))
  } catch (error) {
    process.removeAllListeners('SIGHUP')
    sites?.close()
    await end(closers)
    throw error
  }
  tracker.start()
  log.info(
    {
      intervalSeconds: config.intervalSeconds,
      peersMax: config.peersMax,
      ...(sites === undefined ? {} : { sitePrefixes: sites.prefixes() }),
    },
    'serving',
  )

  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
  })
  sites?.close()
  await end(closers)
  if (link === undefined) say('stopped', `stopped by ${signal}`, { signal, ...tracker.counts })
  else process.disconnect()
  process.removeAllListeners('SIGHUP')
}

/** The client of Redis is loaded only where there is a store: it costs 30 MB. */
async function openStore(
  config: Config,
  ears: Pick<ConstructorParameters<typeof RedisFeed>[0], 'heard' | 'refill' | 'log'>,
): Promise<RedisFeed | undefined> {
  if (config.store === undefined) return undefined
  const { RedisFeed } = await import('./redis-feed.ts')
  const keepMs = 1000 * EXPIRY_INTERVALS * config.intervalSeconds
  return new RedisFeed({ url: config.store, keepMs, ...ears })
}

/** Hears the other workers, and tells how it goes, until the end. */
function reportTo(
  link: WorkerLink,
  tracker: Tracker,
  heard: (batch: Uint8Array) => void,
): () => Promise<void> {
  link.listen({
    heard,
    refill: () => tracker.refill(),
  })
  const report = (): void => link.say({ type: 'counts', counts: tracker.counts })
  const timer = setInterval(report, REPORT_MS)
  link.say({ type: 'ready' })
  return async () => {
    clearInterval(timer)
    report()
  }
}

/** Waits for it, but not longer. */
async function soon(wanted: Promise<void> | undefined, ms: number): Promise<void> {
  let late: NodeJS.Timeout | undefined
  const enough = new Promise<void>((resolve) => {
    late = setTimeout(resolve, ms)
  })
  await Promise.race([wanted, enough])
  clearTimeout(late)
}

async function end(closers: readonly (() => Promise<void>)[]): Promise<void> {
  await Promise.all(closers.map((close) => close()))
}

function openUdp(
  datagrams: Datagrams,
  at: Endpoint,
  frontend: UdpFrontend,
): Promise<DatagramSocket> {
  const family = parseIp(at.host)?.length === 16 ? 6 : 4
  return new Promise((resolve, reject) => {
    datagrams.open({ host: at.host, port: at.port, family }, frontend, (error, socket) => {
      if (error === undefined) resolve(socket)
      else reject(error)
    })
  })
}

async function listening<T>(what: string, at: Endpoint, opening: Promise<T>): Promise<T> {
  try {
    return await opening
  } catch (error) {
    const message = `cannot listen for ${what} on ${endpointText(at)}: ${(error as Error).message}; choose another address or stop what listens there`
    throw Object.assign(new Error(message, { cause: error }), { code: 'CANNOT_LISTEN' })
  }
}

function readList(file: string, read: (file: string) => string): ReadonlySet<InfoHash> {
  let text: string
  try {
    text = read(file)
  } catch (error) {
    throw new UsageError(`the list ${file} cannot be read: ${(error as Error).message}`)
  }
  const { infoHashes, badLines } = parseAccessList(text)
  if (badLines.length > 0)
    throw new UsageError(
      `${file}, line ${badLines.slice(0, 5).join(', ')}: not an infohash of 40 hex digits`,
    )
  return infoHashes
}

/** Without name and password. */
function safeUrl(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//')
}
