// How long the event loop is away while a session works: a download as fast as it goes, a recheck, and a thousand light peers
// on one torrent, with the memory that each of those takes.
//
// Delays are those of perf_hooks' histogram with a timer of 1 ms, less that millisecond. The sessions run in this process, from
// source; seed and crowd in others. Run: npm run bench -- loop [--peers N] [--haves PER_SECOND] [--seconds N] [--dir FOLDER]
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { MetainfoBuilder, type Metainfo, parseMetainfo } from '@bt/metainfo'
import { nodePorts } from '@bt/runtime-node'
import { Session, type SessionOptions } from '@bt/swarm'
import { makeContent } from '../data/content.ts'
import { table } from '../data/table.ts'

const MIB = 1024 * 1024
const PIECE_LENGTH = MIB
const RESOLUTION_MS = 1

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '1024' },
    peers: { type: 'string', default: '1000' },
    haves: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '20' },
    dir: { type: 'string', default: '/dev/shm' },
  },
})
const home = mkdtempSync(join(options.dir, 'bt-loop-'))
const rows: string[][] = []

async function measured(name: string, work: () => Promise<string>): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  delay.enable()
  const note = await work()
  delay.disable()
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (performance.now() - startedAt) / 1000
  const ms = (nanoseconds: number): string =>
    Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS).toFixed(1)
  rows.push([
    name,
    seconds.toFixed(1),
    ((user + system) / 1e6).toFixed(1),
    ms(delay.percentile(50)),
    ms(delay.percentile(99)),
    ms(delay.max),
    note,
  ])
}

async function torrentOf(file: string): Promise<Metainfo> {
  const ports = nodePorts({ directory: home })
  const files = [{ path: ['content'], length: Number(options.size) * MIB }]
  const shape = {
    name: 'content',
    layout: 'file',
    version: '1',
    pieceLength: PIECE_LENGTH,
  } as const
  const builder = new MetainfoBuilder({ ...shape, files })
  for (let at = 0; at < builder.geometry.pieceCount; at++) {
    const piece = builder.geometry.piece(at)
    const run = { path: file, offset: at * PIECE_LENGTH, length: PIECE_LENGTH }
    builder.addPiece(piece, await ports.digestFiles([run], { sha1: true, leaves: false }))
  }
  await ports.close()
  writeFileSync(join(home, 'torrent'), builder.build())
  return parseMetainfo(readFileSync(join(home, 'torrent')))
}

async function withSession<T>(
  directory: string,
  sessionOptions: SessionOptions,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const ports = nodePorts({ directory, keepDirectory: join(home, 'state'), host: '127.0.0.1' })
  const session = await Session.open(ports, { port: 0, ...sessionOptions })
  try {
    return await use(session)
  } finally {
    await session.close()
    await ports.close()
  }
}

function program(file: string, ...words: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url))
  return spawn(process.execPath, [...process.execArgv, path, ...words], { stdio: 'inherit' })
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Of the process, and of the objects and buffers in it alone. */
function memoryKib(): { readonly resident: number; readonly used: number } {
  collect()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { resident: rss / 1024, used: (heapUsed + external) / 1024 }
}

async function download(metainfo: Metainfo, seeds: string): Promise<void> {
  const target = join(home, 'leech')
  mkdirSync(target)
  const seed = program('seed.ts', seeds, join(home, 'torrent'), join(home, 'seed-port'))
  try {
    const port = await portOf(join(home, 'seed-port'))
    await withSession(target, {}, async (session) =>
      measured('download, as fast as it goes', async () => {
        const swarm = await session.add(metainfo, { keep: false, pex: false })
        swarm.addPeers([{ host: '127.0.0.1', port }])
        await swarm.completed()
        return `${options.size} MiB`
      }),
    )
  } finally {
    seed.kill()
  }
}

async function portOf(file: string): Promise<number> {
  for (;;) {
    try {
      return Number(readFileSync(file, 'utf8'))
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

async function crowd(session: Session, metainfo: Metainfo): Promise<void> {
  const swarm = await session.add(metainfo, { keep: false, pex: false })
  await swarm.completed()
  const before = memoryKib()
  const peers = Number(options.peers)
  const { infoHashV1, geometry } = metainfo
  const words = [session.port, peers, infoHashV1, geometry.pieceCount, options.haves].map(String)
  const child = program('crowd.ts', ...words)
  try {
    while (swarm.stats.peersConnected < peers)
      await new Promise((resolve) => setTimeout(resolve, 50))
    const after = memoryKib()
    const resident = ((after.resident - before.resident) / peers).toFixed(0)
    const used = ((after.used - before.used) / peers).toFixed(0)
    await measured(`${peers} light peers, ${options.haves} haves a second`, async () => {
      await new Promise((resolve) => setTimeout(resolve, Number(options.seconds) * 1000))
      const mib = swarm.stats.uploadedBytes / MIB
      return `${resident} KiB a connection, ${used} of them objects and buffers; ${mib.toFixed(0)} MiB uploaded`
    })
  } finally {
    child.kill()
  }
}

try {
  const seeds = join(home, 'seed')
  mkdirSync(seeds)
  makeContent(join(seeds, 'content'), Number(options.size) * MIB)
  const metainfo = await torrentOf(join(seeds, 'content'))
  // First, while the process is small: what it grows by then is theirs.
  const many = 2 * Number(options.peers)
  await withSession(
    seeds,
    { limits: { connectionsMax: many }, swarmLimits: { peersMax: many } },
    (session) => crowd(session, metainfo),
  )
  await withSession(seeds, {}, async (session) =>
    measured('recheck', async () => {
      const swarm = await session.add(metainfo, { keep: false, pex: false })
      await swarm.completed()
      return `${options.size} MiB`
    }),
  )
  await download(metainfo, seeds)
} finally {
  rmSync(home, { recursive: true, force: true })
}
console.log(table(['what', 's', 'CPU s', 'p50 ms', 'p99 ms', 'longest ms', ''], rows))
