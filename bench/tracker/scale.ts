// What an announce costs when a tracker is not alone: CPU of each process and of Redis, with one and two of them, and with
// one and two workers. Over UDP, 1,000 swarms.
//
//   npm run bench -- tracker-scale [--rounds 5] [--seconds 1] [--only alone,store,workers]
//
// Two loads: announces of peers that are known, 50 peers in each answer, of which the feed carries nothing; and announces of
// new peers, each of which is told to the others. All setups run at once and are loaded in turn, so that a machine that
// drifts favours none. The loads of C have one core, trackers and Redis the other: rates are of no account here, CPU seconds
// of all processes of a setup are divided by the announces that they answered. With two trackers each gets half of the new
// peers and hears of the other half. Needs a C compiler, Debian's redis-server, and a build.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { buildLoad, cpuSeconds, family, median, TRACKER } from './processes.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    only: { type: 'string', default: 'alone,store,workers' },
  },
})
const ROUNDS = Number(values.rounds)
const ONLY = values.only.split(',')
const SWARMS = 1000
/** Known peers of each swarm, and new ones of each round. */
const KNOWN = 100
const NEW = 100
/** Milliseconds until what was told is heard everywhere. */
const SETTLE_MS = 1000
const IDLE_MS = 5000

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'bench-scale-'))
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

interface Setup {
  readonly title: string
  readonly kind: 'alone' | 'store' | 'workers'
  readonly trackers: number
  readonly options: readonly string[]
}

const SETUPS: readonly Setup[] = [
  { title: 'one process, no store', kind: 'alone', trackers: 1, options: [] },
  { title: 'one process, Redis', kind: 'store', trackers: 1, options: [] },
  { title: 'two processes, Redis', kind: 'store', trackers: 2, options: [] },
  { title: 'two workers', kind: 'workers', trackers: 1, options: ['--workers', '2'] },
]

/** Processes of a setup while it runs. */
interface Running {
  readonly setup: Setup
  readonly ports: readonly number[]
  readonly redis: ChildProcess | undefined
  readonly trackers: readonly ChildProcess[]
  readonly pids: readonly number[]
}

/** On the core of trackers and Redis. */
function start(command: readonly string[]): ChildProcess {
  return spawn('taskset', ['-c', '1', ...command], { stdio: ['ignore', 'pipe', 'ignore'] })
}

/** Resolves when it has said so. */
function said(child: ChildProcess, what: string): Promise<void> {
  return new Promise((resolve) =>
    child.stdout?.on('data', (bytes: Buffer) => bytes.includes(what) && resolve()),
  )
}

let port = 17_100
async function begin(setup: Setup): Promise<Running> {
  const options = [...setup.options]
  let redis: ChildProcess | undefined
  if (setup.kind === 'store') {
    const at = `--port ${++port} --bind 127.0.0.1 --dir ${folder} --save`
    redis = start(['redis-server', ...at.split(' '), ''])
    await said(redis, 'Ready to accept')
    options.push('--store', `redis://127.0.0.1:${port}`)
  }
  const ports = Array.from({ length: setup.trackers }, () => ++port)
  const trackers: ChildProcess[] = []
  for (const each of ports) {
    const at = `--udp 127.0.0.1:${each} --admin 127.0.0.1:0 --interval 3600 --log-level silent`
    const tracker = start([process.execPath, TRACKER, ...at.split(' '), ...options])
    await said(tracker, 'admin')
    trackers.push(tracker)
  }
  // Further workers.
  await pause(2 * SETTLE_MS)
  const pids = trackers.flatMap(({ pid }) => family(pid as number))
  const running = { setup, ports, redis, trackers, pids }
  await fill(running, 0, KNOWN)
  await load(running)
  return running
}

async function ask(to: number, args: readonly (number | string)[]): Promise<number> {
  const program = ['-c', '0', join(folder, 'udp-load'), String(to), ...args.map(String)]
  const { stdout } = await run('taskset', program)
  return (JSON.parse(stdout) as { answers: number }).answers
}

const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0)

/** Peers from number `first` on announce once, each to one of the trackers, and all is heard. */
async function fill({ ports }: Running, first: number, count: number): Promise<number> {
  const share = count / ports.length
  const answers = ports.map((to, at) => ask(to, [0, SWARMS, share, 0, 'fill', first + at * share]))
  const all = sum(await Promise.all(answers))
  await pause(SETTLE_MS)
  return all
}

async function load({ ports }: Running): Promise<number> {
  return sum(await Promise.all(ports.map((to) => ask(to, [values.seconds, SWARMS, KNOWN, 50]))))
}

/** CPU seconds of the trackers and of Redis while something is done, and how often. */
async function costOf({ pids, redis }: Running, act: () => Promise<number>) {
  const trackers = (): number => sum(pids.map(cpuSeconds))
  const store = (): number => (redis === undefined ? 0 : cpuSeconds(redis.pid))
  const before = [trackers(), store()] as const
  const times = await act()
  return { trackers: (trackers() - before[0]) / times, redis: (store() - before[1]) / times }
}
type Cost = Awaited<ReturnType<typeof costOf>>

async function end({ trackers, redis }: Running): Promise<void> {
  for (const child of redis === undefined ? trackers : [...trackers, redis]) {
    child.kill('SIGTERM')
    await new Promise((resolve) => child.once('exit', resolve))
  }
}

const all: Running[] = []
try {
  buildLoad(folder, 'udp-load')
  for (const setup of SETUPS) if (ONLY.includes(setup.kind)) all.push(await begin(setup))
  const known = new Map<Running, Cost[]>(all.map((one) => [one, []]))
  const fresh = new Map<Running, Cost[]>(all.map((one) => [one, []]))
  for (let round = 0; round < ROUNDS; round++)
    for (const one of all) {
      known.get(one)?.push(await costOf(one, () => load(one)))
      fresh.get(one)?.push(await costOf(one, () => fill(one, KNOWN + round * NEW, NEW)))
    }
  await pause(SETTLE_MS)
  const idle = await Promise.all(
    all.map((one) => costOf(one, () => pause(IDLE_MS).then(() => IDLE_MS / 1000))),
  )
  console.log(
    '| setup | known: µs CPU | new: µs CPU | new: Redis µs CPU | idle, % of a core, Redis |',
  )
  console.log('|---|---|---|---|---|')
  const shown = (list: readonly number[]): string => {
    const micros = list.map((seconds) => 1e6 * seconds)
    return `${median(micros).toFixed(2)} (${Math.min(...micros).toFixed(2)}–${Math.max(...micros).toFixed(2)})`
  }
  for (const [at, one] of all.entries()) {
    const [told, news] = [known.get(one) ?? [], fresh.get(one) ?? []]
    const cells = [
      one.setup.title,
      shown(told.map(({ trackers }) => trackers)),
      shown(news.map(({ trackers }) => trackers)),
      one.redis === undefined ? '' : shown(news.map(({ redis }) => redis)),
      `${(100 * (idle[at]?.trackers ?? 0)).toFixed(1)}, ${(100 * (idle[at]?.redis ?? 0)).toFixed(1)}`,
    ]
    console.log(`| ${cells.join(' | ')} |`)
  }
} finally {
  await Promise.all(all.map(end))
  rmSync(folder, { recursive: true })
}
