// The data path beside the peers that are installed: one seed → one leech, and one seed → several leeches.
//
// Wall time is from the leech's process start to "complete" (all verified), CPU is user + system of a process's threads
// in that time, memory its peak. Every pair is run in turn, so that a slow moment of the machine hits all of them; the
// file is compared after each run. Needs root: everything happens in a network namespace of its own, since some
// clients refuse 127.0.0.0/8. Run: npm run bench -- data [--size MIB] [--pieces KIB,…] [--pairs A:B,…] [--runs N]
// [--leeches N (0: none)] [--dir FOLDER (a folder bt-bench in it is made and removed)]
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MetainfoBuilder } from '@bt/metainfo'
import { type Client, CLIENTS } from './clients.ts'
import { makeContent } from './content.ts'
import { Measured } from './measured.ts'
import { median, spread, table } from './table.ts'

// Whoever has it pays for reading certificates at each start of Node, whatever the program is.
delete process.env['NODE_EXTRA_CA_CERTS']

const MIB = 1024 * 1024
const TIMEOUT_MS = 120_000
const PORT = 6881
const address = (number: number): string => `10.78.0.${number}`

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '1024' },
    pieces: { type: 'string', default: '1024' },
    pairs: { type: 'string', default: 'libtorrent:libtorrent,bt:bt,bt:libtorrent,libtorrent:bt' },
    runs: { type: 'string', default: '5' },
    leeches: { type: 'string', default: '8' },
    dir: { type: 'string', default: '/dev/shm' },
  },
})

/** Made and removed by us, so that nothing else of `--dir` is touched. */
const ownFolder = (): string => join(options.dir, 'bt-bench')

interface Run {
  readonly seconds: number
  readonly cpu: readonly number[]
  readonly mib: readonly number[]
}

/** Starts again in a namespace where there is only a loopback device; false: this is the outer process. */
function isInside(): boolean {
  if (process.env['BT_BENCH_INSIDE'] !== undefined) {
    spawnSync('ip', ['link', 'set', 'lo', 'up'])
    for (let number = 1; number <= 32; number++) {
      spawnSync('ip', ['addr', 'add', `${address(number)}/32`, 'dev', 'lo'])
    }
    return true
  }
  const words = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const env = { ...process.env, BT_BENCH_INSIDE: '1' }
  const { status, error } = spawnSync('unshare', ['--net', ...words], { stdio: 'inherit', env })
  if (error !== undefined || status !== 0) {
    console.error('the benchmark ended early: it needs root and util-linux for its own network')
  }
  process.exitCode = status ?? 1
  return false
}

function makeTorrent(file: string, name: string, target: string, pieceLength: number): void {
  const { size } = statSync(file)
  const builder = new MetainfoBuilder({
    name,
    files: [{ path: [name], length: size }],
    layout: 'file',
    version: '1',
    pieceLength,
  })
  const piece = new Uint8Array(pieceLength)
  const descriptor = openSync(file, 'r')
  for (let index = 0; index < builder.geometry.pieceCount; index++) {
    const length = readSync(descriptor, piece, 0, pieceLength, index * pieceLength)
    const sha1 = createHash('sha1').update(piece.subarray(0, length)).digest()
    builder.addPiece(builder.geometry.piece(index), { sha1 })
  }
  closeSync(descriptor)
  writeFileSync(target, builder.build())
}

/** One seed, `count` leeches that know the seed and each other, from their start until the last one is complete. */
async function transfer(
  seedClient: Client,
  leechClient: Client,
  torrent: string,
  count: number,
): Promise<Run> {
  const dir = ownFolder()
  const endpoint = (number: number): string => `${address(number)}:${PORT}`
  const at = (number: number, folder: string, peers: readonly string[]) => ({
    torrent,
    folder,
    ip: address(number),
    port: PORT,
    peers,
  })
  const folders = Array.from({ length: count }, (_, index) => join(dir, `leech-${index}`))
  for (const folder of folders) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
  }
  const seed = new Measured(seedClient.command('seed', at(1, dir, [])))
  const leeches: Measured[] = []
  try {
    await seed.said(seedClient.ready, TIMEOUT_MS)
    await new Promise((resolve) => setTimeout(resolve, 500))
    const before = seed.usage().cpuSeconds
    const startedAt = performance.now()
    for (const [index, folder] of folders.entries()) {
      const peers = Array.from({ length: index + 1 }, (_, known) => endpoint(known + 1))
      leeches.push(new Measured(leechClient.command('leech', at(index + 2, folder, peers))))
    }
    await Promise.all(leeches.map((leech) => leech.said(leechClient.complete, TIMEOUT_MS)))
    const seconds = (performance.now() - startedAt) / 1000
    const usages = [seed, ...leeches].map((each) => each.usage())
    const cpu = usages.map(({ cpuSeconds }, index) => cpuSeconds - (index === 0 ? before : 0))
    for (const folder of folders) {
      if (spawnSync('cmp', ['-s', join(dir, 'content'), join(folder, 'content')]).status !== 0) {
        throw new Error(`${folder} holds something else than was seeded`)
      }
    }
    return { seconds, cpu, mib: usages.map(({ peakMib }) => peakMib) }
  } finally {
    await Promise.all([seed, ...leeches].map((each) => each.end()))
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  }
}

/** Rounds of all pairs; the first pair is what the others are compared with. */
async function rounds(
  pairs: readonly (readonly [Client, Client])[],
  torrent: string,
  count: number,
): Promise<readonly Run[][]> {
  const runs: Run[][] = pairs.map(() => [])
  for (let round = 0; round < Number(options.runs); round++) {
    for (const [index, [seed, leech]] of pairs.entries()) {
      runs[index]?.push(await transfer(seed, leech, torrent, count))
    }
  }
  return runs
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)
const of = (runs: readonly Run[], fact: (run: Run) => number): number[] => runs.map(fact)

function report(
  title: string,
  names: readonly string[],
  all: readonly Run[][],
  bytes: number,
): void {
  const [reference] = all as [Run[], ...Run[][]]
  const rows = all.map((runs, index) => {
    const seconds = of(runs, (run) => run.seconds)
    const cpu = of(runs, ({ cpu: each }) => sum(each))
    const speed = median(of(reference, (run) => run.seconds)) / median(seconds)
    const work = median(cpu) / median(of(reference, ({ cpu: each }) => sum(each)))
    return [
      names[index] as string,
      spread(seconds),
      (bytes / median(seconds) / 1e6).toFixed(0),
      spread(cpu),
      median(of(runs, ({ mib }) => mib[0] as number)).toFixed(0),
      median(of(runs, ({ mib }) => Math.max(...mib.slice(1)))).toFixed(0),
      `${speed.toFixed(2)} ×`,
      `${work.toFixed(2)} ×`,
    ]
  })
  const head = ['who', 'wall s', 'MB/s', 'CPU s, all', 'seed MiB', 'leech MiB', 'speed', 'CPU']
  console.log(`\n## ${title}\n\n${table(head, rows)}`)
}

async function main(): Promise<void> {
  if (!isInside()) return
  const pairs = options.pairs.split(',').map((pair) => {
    const [seed, leech] = pair.split(':').map((name) => CLIENTS[name])
    if (seed === undefined || leech === undefined)
      throw new Error(`"${pair}" is no pair of clients`)
    return [seed, leech] as const
  })
  const present = pairs.filter((pair) => {
    const missing = pair.map((client) => client.missing()).find((text) => text !== undefined)
    if (missing !== undefined) console.error(`left out: ${missing}`)
    return missing === undefined
  })
  const dir = ownFolder()
  mkdirSync(dir, { recursive: true })
  const swarmBytes = Math.min(256, Number(options.size)) * MIB
  try {
    for (const [bytes, count, kibs] of [
      [Number(options.size) * MIB, 1, options.pieces.split(',').map(Number)],
      [swarmBytes, Number(options.leeches), [256]],
    ] as const) {
      if (count === 0) continue
      makeContent(join(dir, 'content'), bytes)
      for (const kib of kibs) {
        const torrent = join(dir, `${kib}.torrent`)
        makeTorrent(join(dir, 'content'), 'content', torrent, kib * 1024)
        const own = count === 1 ? present : present.filter(([seed, leech]) => seed === leech)
        const names = own.map(([seed, leech]) => `${seed.name} → ${leech.name}`)
        const title = `1 → ${count}, ${bytes / MIB} MiB, pieces of ${kib} KiB, ${dir}, ${options.runs} runs`
        report(title, names, await rounds(own, torrent, count), bytes)
      }
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

await main()
