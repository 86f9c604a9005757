// What an announce costs when a tracker is not alone: CPU of each process and of Redis, with one and two of them, and with
// one and two workers. Over UDP, 1,000 swarms.
//
//   npm run bench -- tracker-scale [--rounds 3] [--seconds 2] [--only alone,store,workers]
//
// Three loads: nothing; announces of peers that are known, 50 peers in each answer, which the feed carries nothing of; and
// announces of new peers, each of which is told to the others. The loads of C have one core, trackers and Redis the other,
// so rates are of no account here: CPU seconds of each are divided by the announces that it answered. With two trackers
// each gets half of the new peers and hears of the other half. Needs a C compiler, Debian's redis-server, and a build.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { buildLoad, cpuSeconds, family, median, TRACKER } from './processes.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string', default: 'alone,store,workers' },
  },
})
const ROUNDS = Number(values.rounds)
const ONLY = values.only.split(',')
const SWARMS = 1000
/** Known peers of each swarm, and new ones. */
const KNOWN = 100
const NEW = 200
const REDIS_PORT = 17_900
/** Milliseconds until what was told is heard everywhere. */
const SETTLE_MS = 1500
const IDLE_MS = 2000

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'bench-scale-'))
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

interface Setup {
  readonly title: string
  readonly kind: 'alone' | 'store' | 'workers'
  readonly trackers: number
  readonly options: readonly string[]
}

const STORE = ['--store', `redis://127.0.0.1:${REDIS_PORT}`]
const SETUPS: readonly Setup[] = [
  { title: 'one process, no store', kind: 'alone', trackers: 1, options: [] },
  { title: 'one process, Redis', kind: 'store', trackers: 1, options: STORE },
  { title: 'two processes, Redis', kind: 'store', trackers: 2, options: STORE },
  { title: 'one worker', kind: 'workers', trackers: 1, options: ['--workers', '1'] },
  { title: 'two workers', kind: 'workers', trackers: 1, options: ['--workers', '2'] },
]

/** On the core of trackers and Redis. */
function start(command: readonly string[]): ChildProcess {
  return spawn('taskset', ['-c', '1', ...command], { stdio: ['ignore', 'pipe', 'ignore'] })
}

/** Resolves when it listens. */
async function startTracker(port: number, options: readonly string[]): Promise<ChildProcess> {
  const at = `--udp 127.0.0.1:${port} --admin 127.0.0.1:0 --interval 3600 --log-level silent`
  const child = start([process.execPath, TRACKER, ...at.split(' '), ...options])
  await new Promise<void>((resolve) =>
    child.stdout?.on('data', (said: Buffer) => said.includes('admin') && resolve()),
  )
  return child
}

async function load(port: number, args: readonly (number | string)[]): Promise<number> {
  const program = ['-c', '0', join(folder, 'udp-load'), String(port), ...args.map(String)]
  const { stdout } = await run('taskset', program)
  return (JSON.parse(stdout) as { answers: number }).answers
}

interface Cost {
  /** CPU seconds of all trackers, and of Redis. */
  readonly trackers: number
  readonly redis: number
  readonly answers: number
}

/** CPU while something is done and until it has settled. */
async function costOf(
  pids: readonly number[],
  redis: ChildProcess,
  act: () => Promise<number>,
): Promise<Cost> {
  const cpu = (): number => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)
  const before = [cpu(), cpuSeconds(redis.pid)] as const
  const answers = await act()
  return { trackers: cpu() - before[0], redis: cpuSeconds(redis.pid) - before[1], answers }
}

type Measured = Readonly<Record<'idle' | 'known' | 'new', Cost>>

let port = 17_100
async function measure(setup: Setup): Promise<Measured> {
  const redis = start([
    ...`redis-server --port ${REDIS_PORT} --bind 127.0.0.1 --dir ${folder} --save`.split(' '),
    '',
  ])
  await pause(500)
  const ports = Array.from({ length: setup.trackers }, () => ++port)
  const trackers = await Promise.all(ports.map((each) => startTracker(each, setup.options)))
  try {
    // Further workers, and what is done once at the start.
    await pause(SETTLE_MS)
    const pids = trackers.flatMap(({ pid }) => family(pid as number))
    const all = async (args: (at: number) => readonly (number | string)[]): Promise<number> => {
      const answers = await Promise.all(ports.map((each, at) => load(each, args(at))))
      return answers.reduce((sum, one) => sum + one, 0)
    }
    const share = KNOWN / ports.length
    await all((at) => [0, SWARMS, share, 0, 'fill', at * share])
    // Code that was never run is slow at first.
    await all(() => [1, SWARMS, KNOWN, 50])
    await pause(SETTLE_MS)
    const idle = await costOf(pids, redis, async () => {
      await pause(IDLE_MS)
      return 0
    })
    const known = await costOf(pids, redis, () => all(() => [values.seconds, SWARMS, KNOWN, 50]))
    const fresh = await costOf(pids, redis, async () => {
      const each = NEW / ports.length
      const answers = await all((at) => [0, SWARMS, each, 0, 'fill', KNOWN + at * each])
      await pause(SETTLE_MS)
      return answers
    })
    return { idle, known, new: fresh }
  } finally {
    for (const child of [...trackers, redis]) child.kill('SIGTERM')
    await Promise.all(
      [...trackers, redis].map((child) => new Promise((resolve) => child.once('exit', resolve))),
    )
  }
}

try {
  buildLoad(folder, 'udp-load')
  console.log(
    '| setup | idle, % of a core: trackers / Redis | known: µs CPU / Redis | new: µs CPU / Redis |',
  )
  console.log('|---|---|---|---|')
  const micros = (cost: Cost, what: 'trackers' | 'redis'): number =>
    (1e6 * cost[what]) / cost.answers
  const shown = (list: readonly number[]): string =>
    list.length === 1
      ? (list[0] as number).toFixed(2)
      : `${median(list).toFixed(2)} (${Math.min(...list).toFixed(2)}–${Math.max(...list).toFixed(2)})`
  const setups = SETUPS.filter(({ kind }) => ONLY.includes(kind))
  const costs = new Map(setups.map((setup) => [setup, [] as Measured[]]))
  const row = (title: string, list: readonly Measured[]): void => {
    const share = (what: 'trackers' | 'redis'): string =>
      median(list.map(({ idle }) => (1e5 * idle[what]) / IDLE_MS)).toFixed(1)
    const cell = (which: 'known' | 'new'): string =>
      `${shown(list.map((one) => micros(one[which], 'trackers')))} / ${shown(list.map((one) => micros(one[which], 'redis')))}`
    console.log(
      `| ${title} | ${share('trackers')} / ${share('redis')} | ${cell('known')} | ${cell('new')} |`,
    )
  }
  // In turn, so that a machine that drifts favours none.
  for (let round = 0; round < ROUNDS; round++)
    for (const setup of setups) {
      const one = await measure(setup)
      costs.get(setup)?.push(one)
      row(setup.title, [one])
    }
  console.log('|---|---|---|---|')
  for (const [{ title }, list] of costs) row(`${title}, medians`, list)
} finally {
  rmSync(folder, { recursive: true })
}
