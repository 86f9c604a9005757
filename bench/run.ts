// What there is to measure, by name: `npm run bench -- NAME [its options]`; without a name the list.
//
// Each benchmark is a program of its own, run alone in a fresh process, so that one does not warm up another's code.
// A new one is a file (or a folder with a main.ts) and a row below.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

interface Benchmark {
  /** Below this folder. `.ts` runs from source, `.mjs` against what `npm run build` made. */
  readonly file: string
  readonly measures: string
}

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  announce: { file: 'tracker/announce-cost.ts', measures: 'an announce without sockets' },
  bencode: { file: 'bencode.mjs', measures: 'bencode beside npm bencode' },
  copy: { file: 'shared-copy.ts', measures: 'blocks into plain and shared memory' },
  choices: {
    file: 'choices/main.ts',
    measures: 'a pick by pieces and peers, a round of choking by peers',
  },
  create: { file: 'create/main.ts', measures: 'all of a file hashed, beside mktorrent' },
  data: { file: 'data/main.ts', measures: 'whole transfers beside libtorrent, 1 → 1 and 1 → 8' },
  loop: {
    file: 'loop/main.ts',
    measures: 'how long the event loop is away: download, recheck, a thousand peers',
  },
  'many-torrents': {
    file: 'many-torrents.ts',
    measures: 'ten thousand torrents in one session',
  },
  memory: { file: 'memory/main.ts', measures: 'whether --memory holds, beside a slow disk' },
  'receive-path': { file: 'receive-path.ts', measures: 'bytes through a channel over loopback' },
  'sim-swarm': { file: 'sim-swarm.ts', measures: 'a simulated swarm in the fast profile' },
  start: { file: 'start/main.ts', measures: 'bt show, and bt download to its first request' },
  tracker: { file: 'tracker/main.ts', measures: 'announces beside opentracker' },
  'tracker-memory': {
    file: 'tracker/memory.ts',
    measures: 'bytes a peer, and how long a sweep stops the loop',
  },
  'tracker-scale': {
    file: 'tracker/scale.ts',
    measures: 'an announce with one and two processes, with Redis and with workers',
  },
  wire: { file: 'wire.mjs', measures: 'messages through decoder and session' },
}

function run({ file }: Benchmark, options: readonly string[]): void {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const loader = file.endsWith('.ts') ? ['--import', 'tsx', '--conditions=@bt/source'] : []
  const child = spawn(process.execPath, [...loader, path, ...options], { stdio: 'inherit' })
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 1
  })
}

const [name = '', ...options] = process.argv.slice(2)
const benchmark = BENCHMARKS[name]
if (benchmark !== undefined) run(benchmark, options)
else {
  if (name !== '') console.error(`no benchmark "${name}"; there are:`)
  for (const [each, { measures }] of Object.entries(BENCHMARKS)) {
    console.log(`npm run bench -- ${each.padEnd(15)} ${measures}`)
  }
  process.exitCode = name === '' ? 0 : 2
}
