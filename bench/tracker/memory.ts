// What members cost and how long forgetting them stops the loop, without sockets: a tracker is filled with IPv4 peers,
// then all of them fall silent at once, which is the worst that a sweep can meet.
//
//   npm run bench -- tracker-memory [swarms 10000] [peers of each 100] [keep|drop]
//
// Growth of the process, of the heap after a collection and of the flat memory; then the steps of the sweeps, each of
// which is one call out of the event loop. CPU time beside wall time tells a long step from one that another program
// interrupted.
import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Prng } from '@bt/primitives'
import { Tracker } from '@bt/tracker-server'

const swarms = Number(process.argv[2] ?? 10_000)
const peers = Number(process.argv[3] ?? 100)
const keepPeerIds = process.argv[4] !== 'drop'
const ROUND_SECONDS = 60
const AGE_SECONDS = 3600

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

let nowMs = 0
let due: { readonly timeMs: number; readonly run: () => void } | undefined
const clock = {
  now: () => nowMs,
  wallSeconds: () => 0,
  at: (timeMs: number, run: () => void) => {
    due = { timeMs, run }
    return { cancel: () => {} }
  },
}
const tracker = new Tracker({ keepPeerIds }, { clock, random: new Prng('memory') })
const { saying } = tracker
const address = new Uint8Array(16)
address.set([255, 255, 20, 0, 0, 1], 10)

function announce(swarm: number, peer: number): void {
  for (let word = 0; word < 5; word++)
    saying.infoHash[word] = Math.imul(swarm + 1, (2654435761 + word) | 0)
  address[13] = peer >> 16
  address[14] = peer >> 8
  address[15] = peer
  saying.key.set(address, 0, 1024 + (peer & 1023))
  saying.isSeed = (peer & 1) === 1
  saying.wanted = 0
  tracker.serve(nowMs)
}

const total = swarms * peers
collect()
const before = process.memoryUsage()
const began = performance.now()
let longestMs = 0
for (let peer = 0; peer < peers; peer++)
  for (let swarm = 0; swarm < swarms; swarm++) {
    const from = performance.now()
    announce(swarm, peer)
    longestMs = Math.max(longestMs, performance.now() - from)
  }
const tookMs = performance.now() - began
const { rss } = process.memoryUsage()
collect()
const after = process.memoryUsage()
const each = (bytes: number): string => (bytes / total).toFixed(1)
console.log(
  `${total} peers in ${swarms} swarms, ids ${keepPeerIds ? 'kept' : 'dropped'}: ${each(rss - before.rss)} bytes a peer resident ` +
    `(process ${(rss / 2 ** 20).toFixed(0)} MiB), flat ${each(tracker.counts.memberBytes)}, heap ${each(after.heapUsed - before.heapUsed)}; ` +
    `taken in at ${((1e6 * tookMs) / total).toFixed(0)} ns each, the longest ${longestMs.toFixed(2)} ms`,
)

tracker.start()
const steps: { readonly wallMs: number; readonly cpuMs: number }[] = []
function runFor(seconds: number): void {
  const end = nowMs + 1000 * seconds
  while (due !== undefined && due.timeMs <= end) {
    const { timeMs, run } = due
    nowMs = timeMs
    due = undefined
    const cpu = process.cpuUsage()
    const from = performance.now()
    run()
    const wallMs = performance.now() - from
    const { user, system } = process.cpuUsage(cpu)
    steps.push({ wallMs, cpuMs: (user + system) / 1000 })
  }
}
function report(what: string): void {
  const quantiles = (times: readonly number[]): string => {
    const sorted = times.toSorted((one, other) => one - other)
    return [0.5, 0.99, 1]
      .map((share) => (sorted[Math.floor(share * (sorted.length - 1))] as number).toFixed(2))
      .join(' / ')
  }
  console.log(
    `${what}: ${steps.length} steps, median / 99 % / longest ms: ${quantiles(steps.map(({ wallMs }) => wallMs))}, of CPU ` +
      `${quantiles(steps.map(({ cpuMs }) => cpuMs))}; ${tracker.counts.peers} peers left`,
  )
  steps.length = 0
}
runFor(2 * ROUND_SECONDS)
report('two rounds of sweeps with nobody silent')
nowMs += 1000 * AGE_SECONDS
runFor(2 * ROUND_SECONDS)
report('two rounds with everybody silent')
