// Announces a second beside opentracker, one after the other in one run: the tracker on one core, a load of C on the
// other. 1,000 swarms of 100 peers, all known before; 50 peers in each answer. Over UDP, over HTTP with a connection each,
// and over HTTP kept alive, which opentracker does not offer.
//
//   npm run bench -- tracker [--rounds 3] [--seconds 2] [--only udp,http,keep,memory]
//
// Needs a C compiler, and opentracker (of Debian) for the ratio. Then memory: 10⁶ peers in 10,000 swarms.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildLoad, cpuSeconds, median, residentMiB, TRACKER } from './processes.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string', default: 'udp,http,keep,memory' },
  },
})
const ROUNDS = Number(values.rounds)
const folder = mkdtempSync(join(tmpdir(), 'bench-tracker-'))
// opentracker reads its list as nobody, and serves no swarm where it cannot.
chmodSync(folder, 0o755)
const ONLY = values.only.split(',')

interface Load {
  readonly seconds: number
  readonly answers: number
  readonly p50Micros: number
  readonly p99Micros: number
  readonly peersTold: number
}

function bt(more: readonly string[]) {
  return (port: number): readonly string[] => [
    process.execPath,
    TRACKER,
    '--udp',
    `127.0.0.1:${port}`,
    '--http',
    `127.0.0.1:${port}`,
    '--admin',
    '127.0.0.1:0',
    '--interval',
    '3600',
    '--log-level',
    'silent',
    ...more,
  ]
}

const TRACKERS: Readonly<Record<string, (port: number) => readonly string[]>> = {
  opentracker: (port) =>
    `opentracker -i 127.0.0.1 -p ${port} -P ${port} -w list -d ${folder} -u nobody`.split(' '),
  'bt-tracker': bt([]),
  'bt-tracker --udp-batch off': bt(['--udp-batch', 'off']),
  'bt-tracker --http-batch off': bt(['--http-batch', 'off']),
  'bt-tracker --peer-ids drop': bt(['--peer-ids', 'drop']),
}

function infohash(swarm: number): string {
  return Array.from({ length: 5 }, (_, word) =>
    (Math.imul(swarm + 1, (2654435761 + word) | 0) >>> 0).toString(16).padStart(8, '0'),
  ).join('')
}

/** How announces travel, and whom to measure that way. */
const WAYS = {
  udp: {
    title: 'UDP',
    program: 'udp-load',
    more: [],
    trackers: ['opentracker', 'bt-tracker', 'bt-tracker --udp-batch off'],
  },
  http: {
    title: 'HTTP, a connection each',
    program: 'http-load',
    more: [],
    trackers: ['opentracker', 'bt-tracker', 'bt-tracker --http-batch off'],
  },
  keep: {
    title: 'HTTP, kept alive',
    program: 'http-load',
    more: ['keep'],
    trackers: ['bt-tracker', 'bt-tracker --http-batch off'],
  },
} as const
type Way = keyof typeof WAYS

function load(way: Way, port: number, seconds: number, swarms: number, wanted: number): Load {
  return run(WAYS[way].program, [port, seconds, swarms, 100, wanted], WAYS[way].more)
}

/** Every peer announces once. */
function fill(port: number, swarms: number): Load {
  return run('udp-load', [port, 0, swarms, 100, 0], ['fill'])
}

function run(program: string, numbers: readonly number[], more: readonly string[]): Load {
  const args = ['-c', '0', join(folder, program), ...numbers.map(String), ...more]
  return JSON.parse(execFileSync('taskset', args, { encoding: 'utf8' })) as Load
}

let port = 17_000
async function withTracker<T>(
  name: string,
  measure: (port: number, child: ChildProcess) => T,
): Promise<T> {
  const [program, ...args] = (TRACKERS[name] as (port: number) => readonly string[])(++port)
  const child = spawn('taskset', ['-c', '1', program as string, ...args], { stdio: 'ignore' })
  await new Promise((resolve) => setTimeout(resolve, 1500))
  try {
    return measure(port, child)
  } finally {
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
  }
}

async function compare(way: Way, names: readonly string[]): Promise<void> {
  const rates = new Map<string, number[]>(names.map((name) => [name, []]))
  const costs = new Map<string, number[]>(names.map((name) => [name, []]))
  console.log(`\n| ${WAYS[way].title} | announces/s | µs CPU each | p50 / p99 ms | peers told |`)
  console.log('|---|---|---|---|---|')
  for (let round = 0; round < ROUNDS; round++)
    for (const name of names)
      await withTracker(name, (at, child) => {
        fill(at, 1000)
        load(way, at, 0.5, 1000, 50)
        const before = cpuSeconds(child.pid)
        const one = load(way, at, Number(values.seconds), 1000, 50)
        const each = (1e6 * (cpuSeconds(child.pid) - before)) / one.answers
        rates.get(name)?.push(one.answers / one.seconds)
        costs.get(name)?.push(each)
        console.log(
          `| ${name} | ${Math.round(one.answers / one.seconds)} | ${each.toFixed(2)} | ${(one.p50Micros / 1000).toFixed(2)} / ${(one.p99Micros / 1000).toFixed(2)} | ${one.peersTold.toFixed(1)} |`,
        )
      })
  const reference = rates.get('opentracker')
  for (const [name, list] of rates) {
    const of = `${name}: median ${Math.round(median(list))}/s (${Math.round(Math.min(...list))}–${Math.round(Math.max(...list))}), ${median(costs.get(name) ?? []).toFixed(1)} µs`
    const ratios = list.map((rate, at) => rate / (reference?.[at] ?? 0))
    console.log(
      reference === undefined
        ? of
        : `${of}, ${median(ratios).toFixed(2)} × opentracker (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
    )
  }
}

try {
  for (const program of ['udp-load', 'http-load']) buildLoad(folder, program)
  const swarms = 10_000
  writeFileSync(
    join(folder, 'list'),
    Array.from({ length: swarms }, (_, swarm) => `${infohash(swarm)}\n`).join(''),
  )
  const names = Object.keys(TRACKERS).filter((name) => {
    if (name !== 'opentracker') return true
    try {
      execFileSync('sh', ['-c', 'command -v opentracker'])
      return true
    } catch {
      console.log('opentracker is not installed: no ratio')
      return false
    }
  })
  for (const way of Object.keys(WAYS) as Way[])
    if (ONLY.includes(way))
      await compare(
        way,
        WAYS[way].trackers.filter((name) => names.includes(name)),
      )
  for (const name of names)
    if (ONLY.includes('memory') && !name.endsWith('off'))
      await withTracker(name, (at, child) => {
        const before = residentMiB(child.pid)
        fill(at, swarms)
        const bytes = ((residentMiB(child.pid) - before) * 1024 * 1024) / (swarms * 100)
        console.log(
          `${name}: ${bytes.toFixed(0)} bytes a peer (growth of resident memory, 10⁶ peers)`,
        )
      })
} finally {
  rmSync(folder, { recursive: true })
}
