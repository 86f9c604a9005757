// A tracker from start to signal: wiring, what it prints, and an orderly end.

import type { Server } from 'node:http'
import type { Datagrams, DatagramSocket } from '@bt/ports'
import { type Endpoint, endpointText, type InfoHash, parseIp } from '@bt/primitives'
import {
  BatchDatagrams,
  batchNative,
  SystemClock,
  SystemRandom,
  UdpDatagrams,
} from '@bt/runtime-node'
import {
  accessHook,
  HttpFrontend,
  HttpOutput,
  parseAccessList,
  Tracker,
  UdpFrontend,
} from '@bt/tracker-server'
import { destination, pino } from 'pino'
import type { Config } from './config.ts'
import { serveAdmin } from './serve-admin.ts'
import { serveHttp } from './serve-http.ts'
import { openSites } from './sites.ts'
import { UsageError } from './usage-error.ts'

/** Milliseconds that answers under way may take at the end. */
const DRAIN_MS = 2000

/** Listens and serves until SIGTERM or SIGINT. `read` reads a list of infohashes. */
export async function runTracker(
  config: Config,
  json: boolean,
  read: (file: string) => string,
): Promise<void> {
  const log = pino({ level: config.logLevel }, destination({ dest: 2, sync: true }))
  const say = (event: string, text: string, facts: Readonly<Record<string, unknown>>): void => {
    process.stdout.write(json ? `${JSON.stringify({ event, ...facts })}\n` : `${text}\n`)
  }
  const ports = { clock: new SystemClock(), random: new SystemRandom() }
  const list = config.list
  let listed: ReadonlySet<InfoHash> = list === undefined ? new Set() : readList(list.file, read)
  const map = config.sites?.file
  const sites =
    config.sites === undefined
      ? undefined
      : openSites(config.sites, {
          read,
          ports,
          loaded: (prefixes) => log.info({ file: map, prefixes }, 'site map read again'),
          failed: (error) =>
            log.warn({ file: map, error: error.message }, 'site map not read, the old one stays'),
        })
  const tracker = new Tracker(
    {
      intervalSeconds: config.intervalSeconds,
      peersMax: config.peersMax,
      hooks: [
        ...(list === undefined ? [] : [accessHook(list.kind, () => listed)]),
        ...(sites === undefined ? [] : [sites.election]),
      ],
      keepPeerIds: config.keepPeerIds,
    },
    ports,
  )
  const failed = (error: unknown): void =>
    log.warn({ error: String(error), stack: (error as Error).stack }, 'failed')
  /** Ends what listens, orderly. */
  const closers: (() => Promise<void>)[] = [async () => tracker.close()]
  const { native } = config.udpBatch ? batchNative() : { native: undefined }
  const datagrams = native === undefined ? new UdpDatagrams() : new BatchDatagrams(native)
  const started = (protocol: string, local: Endpoint, facts = {}): void =>
    say('listening', `listening on ${protocol} ${endpointText(local)}`, {
      protocol,
      host: local.host,
      port: local.port,
      ...facts,
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
      const server = await listening('HTTP', config.http, serveHttp(config.http, serving))
      closers.push(() => server.close(DRAIN_MS))
      started('http', server.local)
    }
    if (config.udp !== undefined) {
      const frontend = new UdpFrontend(tracker, ports, failed)
      const socket = await listening('UDP', config.udp, openUdp(datagrams, config.udp, frontend))
      closers.push(() => new Promise((resolve) => socket.close(() => resolve())))
      started('udp', socket.local, { batch: native !== undefined })
    }
    const admin = await listening('admin', config.admin, serveAdmin(config.admin, tracker, sites))
    closers.push(() => closeAdmin(admin.server))
    started('admin', admin.local)
  } catch (error) {
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
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
  })
  sites?.close()
  await end(closers)
  say('stopped', `stopped by ${signal}`, { signal, ...tracker.counts })
  process.removeAllListeners('SIGHUP')
}

async function end(closers: readonly (() => Promise<void>)[]): Promise<void> {
  await Promise.all(closers.map((close) => close()))
}

async function closeAdmin(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const late = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
  await closed
  clearTimeout(late)
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
