// Does the memory budget hold, for as long as you like: a fast seed, a slow disk, and what the session and the process take.
//
// Every write waits until a disk of this speed would have done it. The content is downloaded again and again until the time is
// over, each time into an empty folder. Exit 1 when the session once held more than its budget. Run:
// npm run bench -- memory [--minutes N] [--memory MIB] [--disk MIB_PER_SECOND] [--size MIB] [--dir FOLDER]
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, readSync } from 'node:fs'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { buildMetainfo, type Metainfo, parseMetainfo } from '@bt/metainfo'
import type { Storage, StorageProvider } from '@bt/ports'
import { nodePorts } from '@bt/runtime-node'
import { Session } from '@bt/swarm'
import { makeContent } from '../data/content.ts'

const MIB = 1024 * 1024
const PIECE_LENGTH = MIB
const LOOK_MS = 20

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    memory: { type: 'string', default: '16' },
    disk: { type: 'string', default: '20' },
    size: { type: 'string', default: '256' },
    dir: { type: 'string', default: '/dev/shm' },
  },
})
const home = mkdtempSync(join(options.dir, 'bt-memory-'))
const budget = Number(options.memory) * MIB

setFlagsFromString('--expose-gc')
/** Between downloads, so that the process's own memory shows what is kept, not what nobody has cleared away yet. */
const collect = runInNewContext('gc') as () => void

/** One arm: writes are done one after the other, at this speed. */
function slowed(provider: StorageProvider, bytesPerSecond: number): StorageProvider {
  let freeAt = 0
  const later = (bytes: number, then: () => void): void => {
    const now = performance.now()
    freeAt = Math.max(now, freeAt) + (bytes / bytesPerSecond) * 1000
    setTimeout(then, freeAt - now)
  }
  const slow = (storage: Storage): Storage => {
    const write = storage.write.bind(storage)
    storage.write = (file, offset, bytes, done) =>
      later(bytes.length, () => write(file, offset, bytes, done))
    const verified = storage.writeVerified?.bind(storage)
    if (verified !== undefined)
      storage.writeVerified = (file, offset, bytes, sha1, done) =>
        later(bytes.length, () => verified(file, offset, bytes, sha1, done))
    return storage
  }
  return {
    open: (files, done) =>
      provider.open(files, (error, storage) => done(error, storage && slow(storage))),
  }
}

function torrentOf(file: string): Metainfo {
  const piece = new Uint8Array(PIECE_LENGTH)
  const descriptor = openSync(file, 'r')
  const hashes = Array.from({ length: Number(options.size) }, (_, at) => {
    readSync(descriptor, piece, 0, PIECE_LENGTH, at * PIECE_LENGTH)
    return createHash('sha1').update(piece).digest()
  })
  closeSync(descriptor)
  const files = [{ path: ['content'], length: Number(options.size) * MIB }]
  const pieceHashes = Buffer.concat(hashes)
  const torrent = buildMetainfo({ name: 'content', pieceLength: PIECE_LENGTH, files, pieceHashes })
  writeFileSync(join(home, 'torrent'), torrent)
  return parseMetainfo(torrent)
}

/** The most that the session held, and what the process was, in bytes. */
async function download(metainfo: Metainfo, port: number) {
  const folder = join(home, 'leech')
  mkdirSync(folder)
  const ports = nodePorts({ directory: folder, host: '127.0.0.1' })
  const storage = slowed(ports.storage, Number(options.disk) * MIB)
  const session = await Session.open({ ...ports, storage }, { port: 0, memoryMaxBytes: budget })
  let held = 0
  let resident = 0
  const look = setInterval(() => {
    held = Math.max(held, session.memoryBytes)
    resident = Math.max(resident, process.memoryUsage.rss())
  }, LOOK_MS)
  const swarm = await session.add(metainfo, { keep: false, pex: false })
  swarm.addPeers([{ host: '127.0.0.1', port }])
  await swarm.completed()
  clearInterval(look)
  const { wastedBytes } = swarm.stats
  await session.close()
  await ports.close()
  rmSync(folder, { recursive: true })
  return { held, resident, wastedBytes }
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

const seeds = join(home, 'seed')
mkdirSync(seeds)
makeContent(join(seeds, 'content'), Number(options.size) * MIB)
const metainfo = torrentOf(join(seeds, 'content'))
const words = [seeds, join(home, 'torrent'), join(home, 'port')]
const program = fileURLToPath(new URL('../loop/seed.ts', import.meta.url))
const seed = spawn(process.execPath, [...process.execArgv, program, ...words], { stdio: 'inherit' })
try {
  const port = await portOf(join(home, 'port'))
  const until = performance.now() + Number(options.minutes) * 60_000
  collect()
  const idle = process.memoryUsage.rss()
  do {
    const startedAt = performance.now()
    const { held, resident, wastedBytes } = await download(metainfo, port)
    const seconds = (performance.now() - startedAt) / 1000
    const mib = (bytes: number): string => (bytes / MIB).toFixed(1)
    console.log(
      `${options.size} MiB in ${seconds.toFixed(1)} s: held ${mib(held)} of ${options.memory} MiB, process ${mib(resident)} MiB (${mib(idle)} before the first), wasted ${mib(wastedBytes)}`,
    )
    if (held > budget) process.exitCode = 1
    collect()
  } while (performance.now() < until)
} finally {
  seed.kill()
  rmSync(home, { recursive: true, force: true })
}
