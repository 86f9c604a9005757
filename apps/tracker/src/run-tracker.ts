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
import { accessHook, HttpFrontend, parseAccessList, Tracker, UdpFrontend } from '@bt/tracker-server'
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
  const servers: Server[] = []
  const sockets: DatagramSocket[] = []
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
      const isTrustedProxy = (address: string): boolean => config.trustedProxies.includes(address)
      const at = config.http
      const { server, local } = await listening(
        'HTTP',
        at,
        serveHttp({ at, frontend: new HttpFrontend(tracker), isTrustedProxy, failed }),
      )
      servers.push(server)
      started('http', local)
    }
    if (config.udp !== undefined) {
      const frontend = new UdpFrontend(tracker, ports, failed)
      const socket = await listening('UDP', config.udp, openUdp(datagrams, config.udp, frontend))
      sockets.push(socket)
      started('udp', socket.local, { batch: native !== undefined })
    }
    const admin = await listening('admin', config.admin, serveAdmin(config.admin, tracker, sites))
    servers.push(admin.server)
    started('admin', admin.local)
  } catch (error) {
    sites?.close()
    await end(servers, sockets, tracker)
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
  await end(servers, sockets, tracker)
  say('stopped', `stopped by ${signal}`, { signal, ...tracker.counts })
  process.removeAllListeners('SIGHUP')
}

async function end(
  servers: readonly Server[],
  sockets: readonly DatagramSocket[],
  tracker: Tracker,
): Promise<void> {
  tracker.close()
  const closed = [
    ...servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    ...sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))),
  ]
  for (const server of servers) server.closeIdleConnections()
  const late = setTimeout(() => {
    for (const server of servers) server.closeAllConnections()
  }, DRAIN_MS)
  await Promise.all(closed)
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
