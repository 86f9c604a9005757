// One swarm in a topology, from a common start to the last verified byte, whichever program its members run.
//
// Starting forty processes takes longer than the transfer. So the seed's own link is held at a trickle until everybody
// has joined; then it is let go, and the clock starts. Bytes are counted from before anybody started.

import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Network, Program } from '../../tests/support/network.ts'
import { type PeerProgram, type Running, sleep } from '../../tests/support/peers.ts'
import { BT_TRACKER, type Content } from './content.ts'
import type { Host, Topology } from './topology.ts'

export interface SwarmSetup {
  readonly topology: Topology
  readonly content: Content
  /** Downloads go below it; emptied before and after. */
  readonly scratch: string
  readonly program: (host: Host) => PeerProgram
  /** Options of bt-tracker. */
  readonly tracker: readonly string[]
  /** Happens when the median member has half of the content. */
  readonly atHalf?: (swarm: RunningSwarm) => Promise<void>
  readonly patienceMs: number
  /** Between the last join and the start, for links to be made; 4 s unless told. */
  readonly settleMs?: number
}

export interface RunningSwarm {
  readonly topology: Topology
  readonly tracker: Program
  readonly members: readonly Member[]
}

export interface Member {
  readonly host: Host
  readonly running: Running
  /** It was killed on purpose and is not waited for. */
  isGone: boolean
  seconds?: number
}

export interface SwarmResult {
  /** Members that completed, and those that were to. */
  readonly complete: number
  readonly expected: number
  /** Files whose SHA-256 is right. */
  readonly verified: number
  /** Seconds from the start until each completed, sorted. */
  readonly seconds: readonly number[]
  /** Link-layer bytes received by each site but the seed's, over the content's length. */
  readonly redundancy: readonly number[]
  /** Link-layer bytes that all uplinks carried inwards. */
  readonly crossedBytes: number
  /** Payload from other sites by reason, as the members that speak CacheTorrent count it. */
  readonly reasons: Readonly<Record<string, number>>
}

/** Bits per second of the held seed: enough for handshakes. */
const HELD_BITS = 256_000
/** Between two starts: a process of ours computes for half a second until it listens. */
const STAGGER_MS = 150
const SETTLE_MS = 4000
const SEED_PORT = 6881

export async function runSwarm(setup: SwarmSetup): Promise<SwarmResult> {
  const { topology, content, scratch, program } = setup
  const { sites } = topology.shape
  rmSync(scratch, { recursive: true, force: true })
  const before = Array.from({ length: sites }, (_, at) => topology.crossed(at + 1).received)
  try {
    const tracker = await startTracker(setup)
    const [first, ...others] = topology.hosts
    const seedHost = first as Host
    topology.throttle(seedHost, HELD_BITS)
    const seed = program(seedHost).seed(jobOf(setup, seedHost, content.folder))
    await seed.ready
    const members: Member[] = []
    for (const host of others) {
      const folder = join(scratch, `${host.site}-${host.host}`)
      mkdirSync(folder, { recursive: true })
      members.push({
        host,
        running: program(host).leech(jobOf(setup, host, folder)),
        isGone: false,
      })
      await sleep(STAGGER_MS)
    }
    await joined(topology, others.length + 1)
    await sleep(setup.settleMs ?? SETTLE_MS)
    const started = performance.now()
    topology.unthrottle(seedHost)
    const ends = members.map(async (member) => {
      await member.running.done(setup.patienceMs)
      member.seconds = (performance.now() - started) / 1000
    })
    const swarm = { topology, tracker, members }
    const fault = setup.atHalf === undefined ? undefined : halfway(members, setup, swarm)
    await Promise.allSettled(ends)
    await fault
    const after = Array.from({ length: sites }, (_, at) => topology.crossed(at + 1).received)
    const waited = members.filter(({ isGone }) => !isGone)
    const reasons = reasonsOf(members)
    await topology.stopAll()
    const complete = waited.filter(({ seconds }) => seconds !== undefined)
    const crossed = after.map((bytes, at) => bytes - (before[at] ?? 0))
    return {
      complete: complete.length,
      expected: waited.length,
      verified: await countVerified(complete, scratch, content),
      seconds: complete.map(({ seconds = 0 }) => seconds).toSorted((one, other) => one - other),
      redundancy: crossed.slice(1).map((bytes) => bytes / content.length),
      crossedBytes: crossed.reduce((sum, bytes) => sum + bytes, 0),
      reasons,
    }
  } finally {
    await topology.stopAll()
    topology.unthrottle(topology.hosts[0] as Host)
    rmSync(scratch, { recursive: true, force: true })
  }
}

async function startTracker({ topology, tracker }: SwarmSetup): Promise<Program> {
  const at = `${topology.tracker.address}:6969`
  const program = topology.run(topology.tracker, process.execPath, [
    BT_TRACKER,
    '--json',
    '--http',
    at,
    '--udp',
    at,
    '--interval',
    '60',
    ...tracker,
  ])
  await program.line(/"protocol":"admin"/)
  return program
}

function jobOf(setup: SwarmSetup, host: Host, folder: string) {
  const { topology, content, scratch } = setup
  const network: Network = {
    address: () => host.address,
    run: (command, args, options) => topology.run(host, command, args, options?.env),
    close: async () => {},
  }
  const state = join(scratch, `state-${host.site}-${host.host}`)
  return { network, source: content.torrent, folder, address: host.address, port: SEED_PORT, state }
}

/** Waits until the tracker knows so many peers. */
async function joined(topology: Topology, count: number): Promise<void> {
  const ask = `setInterval(async () => {
    const text = await (await fetch('http://127.0.0.1:6970/metrics')).text()
    console.log('peers=' + /^bt_tracker_peers (\\d+)$/m.exec(text)[1] + '.')
  }, 500)`
  const program = topology.run(topology.tracker, process.execPath, ['-e', ask])
  await program.line(new RegExp(`peers=${count}\\.`), 120_000)
  program.kill()
}

/** Calls `atHalf` when the median member has half, as far as members say what they have. */
async function halfway(
  members: readonly Member[],
  { atHalf, patienceMs }: SwarmSetup,
  swarm: RunningSwarm,
): Promise<void> {
  for (const until = performance.now() + patienceMs; performance.now() < until; await sleep(100)) {
    const shares = members.map(shareOf).filter((share) => share !== undefined)
    const sorted = shares.toSorted((one, other) => one - other)
    if ((sorted[Math.floor(sorted.length / 2)] ?? 0) < 0.5) continue
    await atHalf?.(swarm)
    return
  }
}

function shareOf({ running }: Member): number | undefined {
  const { output } = running.program
  const said = /"haveCount":(\d+),"pieceCount":(\d+)/.exec(output.slice(-600))
  return said === null ? undefined : Number(said[1]) / Number(said[2])
}

/** Of the sites that began without a copy: the seed's own may be helped by the others. */
function reasonsOf(members: readonly Member[]): Readonly<Record<string, number>> {
  const sum: Record<string, number> = {}
  for (const { host, running } of members) {
    if (host.site === 1) continue
    for (const { event, reasons } of running.program.events()) {
      if (event !== 'crossed') continue
      for (const [reason, bytes] of Object.entries(reasons as Record<string, number>))
        sum[reason] = (sum[reason] ?? 0) + bytes
    }
  }
  return sum
}

async function countVerified(
  members: readonly Member[],
  scratch: string,
  { name, sha256 }: Content,
): Promise<number> {
  let right = 0
  for (const { host } of members) {
    const hash = createHash('sha256')
    const file = join(scratch, `${host.site}-${host.host}`, name)
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }))
      hash.update(chunk as Buffer)
    if (hash.digest('hex') === sha256) right++
  }
  return right
}
