// bt demo: the quick tour over real sockets, no internet. A tracker in process that elects leaders, a seed, peers in two
// sites that download from each other, every byte verified, and the bytes that went from site to site: each piece once.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CachePolicy, type CrossingReason, electionHook } from '@bt/cachetorrent'
import { MetainfoBuilder, parseMetainfo, type Metainfo } from '@bt/metainfo'
import { type InfoHash, Prng } from '@bt/primitives'
import { type NodePorts, nodePorts } from '@bt/runtime-node'
import { Session, type Swarm } from '@bt/swarm'
import { TrackerClient } from '@bt/tracker-client'
import { HttpFrontend, Tracker } from '@bt/tracker-server'
import { pathsBelow } from '../content-files.ts'
import { countSites, type SiteTraffic } from '../count-sites.ts'
import { EXIT, Failure } from '../failure.ts'
import { hashContent } from '../hash-content.ts'
import type { Output } from '../output.ts'
import { formatBytes, formatDuration, formatRate } from '../quantities.ts'

export interface DemoOptions {
  readonly size: number
  readonly peers: number
}

/** Labels only: all of it runs on this machine. */
const SITES = ['Lisbon', 'Oslo'] as const
const PIECE_LENGTH = 256 * 1024
const DEADLINE_MS = 25_000
/** Seconds the seed would need to send the content once. */
const SEED_SECONDS_PER_COPY = 3

interface Host {
  readonly name: string
  readonly site: string
  readonly ports: NodePorts
  readonly session: Session
  readonly swarm: Swarm
  readonly policy: CachePolicy
  readonly folder: string
  seconds: number | undefined
}

export async function demo({ size, peers }: DemoOptions, output: Output): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'bt-demo-'))
  const hosts: Host[] = []
  const traffic = countSites()
  const server = createServer()
  try {
    const { tracker, url } = await startTracker(server)
    output.event('tracker', { url }, `tracker  ${url}`)
    const { torrent, metainfo } = await makeContent(join(folder, 'seed'), size, url)
    await writeFile(join(folder, 'demo.torrent'), torrent)
    output.event(
      'metadata',
      {
        name: metainfo.name,
        infoHash: metainfo.infoHashV1 ?? null,
        totalLength: size,
        pieceCount: metainfo.geometry.pieceCount,
      },
      `torrent  ${metainfo.name}, ${formatBytes(size)} in ${metainfo.geometry.pieceCount} pieces, ${metainfo.infoHashV1}`,
    )

    const started = performance.now()
    hosts.push(await enter('seed', SITES[0], join(folder, 'seed'), metainfo, traffic))
    await hosts[0]?.swarm.completed()
    // A thin uplink: the peers have to help each other, as they would out there.
    hosts[0]?.session.setLimits({ uploadBytesPerSecond: size / SEED_SECONDS_PER_COPY })
    output.event('seeding', { host: 'seed', site: SITES[0] }, `seed     in ${SITES[0]}`)
    for (let at = 0; at < peers; at++) {
      const site = SITES[at % SITES.length] as string
      hosts.push(
        await enter(`peer ${at + 1}`, site, join(folder, `peer-${at + 1}`), metainfo, traffic),
      )
    }
    // Asked while they are linked: who is left alone in the end ranks itself.
    const leading = hosts[1]?.swarm.completed().then(
      () => leadersOf(hosts),
      () => undefined,
    )
    await downloadAll(hosts, metainfo, started, output)
    await verifyAll(hosts.slice(1), metainfo, output)
    sayLeaders((await leading) ?? new Map(), output)
    report(hosts.slice(1), traffic, tracker, size, output)
    return EXIT.done
  } finally {
    for (const { session } of hosts) await session.close()
    for (const { ports } of hosts) await ports.close()
    server.closeAllConnections()
    server.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function startTracker(
  server: Server,
): Promise<{ readonly tracker: Tracker; readonly url: string }> {
  const ports = nodePorts({ directory: '.' })
  const election = electionHook({
    // All addresses are this machine's: a peer is where it says it is.
    siteOf: () => undefined,
    trustLabels: true,
    clock: ports.clock,
    random: ports.random,
  })
  const tracker = new Tracker({ intervalSeconds: 60, hooks: [election] }, ports)
  const frontend = new HttpFrontend(tracker)
  server.on('request', ({ url = '/', socket }, response) => {
    const { status, body } = frontend.answer(url, {
      host: socket.remoteAddress ?? '127.0.0.1',
      port: socket.remotePort ?? 0,
    })
    response.writeHead(status, { 'Content-Length': body.length })
    response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { tracker, url: `http://127.0.0.1:${port}/announce` }
}

/** Generated, so that the tour needs nothing but itself; of two files, one of an odd length. */
async function makeContent(
  folder: string,
  size: number,
  tracker: string,
): Promise<{ readonly torrent: Uint8Array; readonly metainfo: Metainfo }> {
  const content = new Uint8Array(size)
  new Prng('bt demo').fill(content)
  const cut = Math.floor(size / 3)
  const files = [
    { path: ['first.bin'], data: content.subarray(0, cut) },
    { path: ['folder', 'second.bin'], data: content.subarray(cut) },
  ]
  const builder = new MetainfoBuilder({
    name: 'demo',
    files: files.map(({ path, data }) => ({ path, length: data.length })),
    pieceLength: PIECE_LENGTH,
    announceTiers: [[tracker]],
  })
  const { geometry } = builder
  for (let piece = 0; piece < geometry.pieceCount; piece++)
    builder.hashPiece(
      geometry.piece(piece),
      content.subarray(
        piece * PIECE_LENGTH,
        piece * PIECE_LENGTH + geometry.lengthOf(geometry.piece(piece)),
      ),
    )
  for (const { path, data } of files) {
    const target = join(folder, 'demo', ...path)
    await mkdir(join(target, '..'), { recursive: true })
    await writeFile(target, data)
  }
  const torrent = builder.build()
  return { torrent, metainfo: parseMetainfo(torrent) }
}

async function enter(
  name: string,
  site: string,
  folder: string,
  metainfo: Metainfo,
  traffic: SiteTraffic,
): Promise<Host> {
  const real = nodePorts({ directory: folder, host: '127.0.0.1' })
  const ports = { ...real, transport: traffic.wrap(real.transport, site) }
  const session = await Session.open(ports, { port: 0, host: '127.0.0.1' })
  traffic.place(session.port, site)
  const policy = new CachePolicy({ infoHash: metainfo.infoHashV1 as InfoHash, site })
  const swarm = await session.add(metainfo, {
    keep: false,
    policy,
    sources: [new TrackerClient(metainfo.announceTiers, ports)],
  })
  return { name, site, ports: real, session, swarm, policy, folder, seconds: undefined }
}

async function downloadAll(
  hosts: readonly Host[],
  metainfo: Metainfo,
  started: number,
  output: Output,
): Promise<void> {
  const { pieceCount } = metainfo.geometry
  const display = output.isLive
    ? (await import('../peer-bars.ts')).startPeerBars(hosts.slice(1), pieceCount)
    : undefined
  const timer = setInterval(() => {
    for (const { name, swarm } of hosts.slice(1))
      output.event('progress', { host: name, haveCount: swarm.have.count, pieceCount })
  }, 1000)
  let late: NodeJS.Timeout | undefined
  try {
    const all = Promise.all(
      hosts.slice(1).map(async (host) => {
        await host.swarm.completed()
        host.seconds = (performance.now() - started) / 1000
        const { downloadedBytes, uploadedBytes } = host.swarm.stats
        const text = `${host.name.padEnd(8)} in ${host.site.padEnd(7)} complete after ${host.seconds.toFixed(1)} s, ↓ ${formatBytes(downloadedBytes)} ↑ ${formatBytes(uploadedBytes)}`
        output.event(
          'complete',
          {
            host: host.name,
            site: host.site,
            seconds: host.seconds,
            downloadedBytes,
            uploadedBytes,
          },
          display === undefined ? text : undefined,
        )
      }),
    )
    const tooLate = new Promise<never>((_resolve, reject) => {
      late = setTimeout(() => {
        const missing = hosts.filter(({ swarm }) => !swarm.isComplete).map(({ name }) => name)
        reject(
          new Failure(
            EXIT.failed,
            'NOT_COMPLETE',
            `${missing.join(', ')} did not finish within ${DEADLINE_MS / 1000} s`,
          ),
        )
      }, DEADLINE_MS)
    })
    await Promise.race([all, tooLate])
  } finally {
    clearTimeout(late)
    clearInterval(timer)
    display?.stop()
  }
}

/** Reads back from disk what every peer has, and hashes it again. */
async function verifyAll(
  hosts: readonly Host[],
  metainfo: Metainfo,
  output: Output,
): Promise<void> {
  const { geometry } = metainfo
  for (const { name, folder, ports } of hosts) {
    let wrong = 0
    await hashContent({
      geometry,
      paths: pathsBelow(folder, metainfo),
      ports,
      wants: { sha1: true, leaves: false },
      hashed: ({ piece, sha1 }) => {
        const expected = metainfo.pieceHashes(piece).sha1
        if (sha1 === undefined || expected === undefined || Buffer.compare(sha1, expected) !== 0)
          wrong++
        return true
      },
    })
    if (wrong > 0)
      throw new Failure(EXIT.failed, 'NOT_VERIFIED', `${name} holds ${wrong} wrong pieces on disk`)
  }
  output.event(
    'verified',
    { hosts: hosts.length, bytes: hosts.length * geometry.contentLength },
    `verified ${hosts.length} × ${formatBytes(geometry.contentLength)} on disk, every byte`,
  )
}

function leadersOf(hosts: readonly Host[]): ReadonlyMap<string, readonly string[]> {
  const leaders = hosts.filter(({ policy }) => policy.status.role === 'leader')
  return new Map(
    SITES.map((name) => [name, leaders.filter(({ site }) => site === name).map((one) => one.name)]),
  )
}

function sayLeaders(bySite: ReadonlyMap<string, readonly string[]>, output: Output): void {
  output.line('')
  for (const [site, leaders] of bySite)
    output.event(
      'leaders',
      { site, leaders },
      `${site.padEnd(8)} was led by ${leaders.join(' and ') || 'nobody'}: they said who imports which piece`,
    )
}

/** Payload that came to these hosts from other sites, by reason, as they counted it. */
function crossedBy(hosts: readonly Host[]): ReadonlyMap<CrossingReason, number> {
  const sum = new Map<CrossingReason, number>()
  for (const { policy } of hosts) {
    for (const [reason, bytes] of policy.status.crossed)
      sum.set(reason, (sum.get(reason) ?? 0) + bytes)
  }
  return sum
}

function report(
  hosts: readonly Host[],
  traffic: SiteTraffic,
  tracker: Tracker,
  size: number,
  output: Output,
): void {
  output.line('')
  for (const { from, to, bytes } of traffic.links()) {
    const isCrossing = from !== to
    output.event(
      'link',
      { from, to, bytes, crossing: isCrossing },
      `${from.padEnd(7)} → ${to.padEnd(7)} ${formatBytes(bytes).padStart(10)}${isCrossing ? `   ${(bytes / size).toFixed(2)} × the content over the link between sites` : ''}`,
    )
  }
  // The site that began without a copy must import one; the seed's own may be helped by what the other has.
  const site = SITES[1]
  const reasons = crossedBy(hosts.filter((host) => host.site === site))
  const crossed = [...reasons.values()].reduce((sum, bytes) => sum + bytes, 0)
  const why = [...reasons].map(([reason, bytes]) => `${reason} ${formatBytes(bytes)}`).join(', ')
  output.event(
    'crossed',
    { site, crossedBytes: crossed, ratio: crossed / size, reasons: Object.fromEntries(reasons) },
    `content that came into ${site}, which began without a copy: ${formatBytes(crossed)}, ${(crossed / size).toFixed(2)} × (${why})`,
  )
  const last = Math.max(...hosts.map(({ seconds = 0 }) => seconds))
  const total = hosts.length * size
  output.event(
    'done',
    { seconds: last, peers: hosts.length, bytes: total, announces: tracker.counts.announces },
    `\n${hosts.length} peers complete in ${formatDuration(last)}: ${formatBytes(total)} delivered at ${formatRate(total / Math.max(0.001, last))}`,
  )
}
