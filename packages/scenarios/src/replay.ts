// Records a run for people to look at: frames of who has how much, who sends to whom, who leads, what crossed.
//
// JSON lines: a head, frames that say only what changed, an end. docs/simulation.md describes every field; readers must
// ignore fields that they do not know, and refuse a version that is higher than theirs.

import { boundsOf } from './bounds.ts'
import type { Member } from './member.ts'
import type { RunResult } from './result.ts'
import { type Onlooker, TICK_MS } from './run.ts'
import type { Scenario } from './scenario.ts'
import type { World } from './world.ts'

export const REPLAY_VERSION = 1
/** Frames of a run that takes one and a half times its bound: as many as a slider has steps for the eye. */
const FRAMES = 300

export interface ReplayHead {
  readonly format: 'bt-replay'
  readonly version: typeof REPLAY_VERSION
  readonly scenario: string
  readonly scheme: string
  readonly seed: number | string
  readonly pieces: number
  /** Bytes. */
  readonly pieceLength: number
  readonly frameSeconds: number
  /** T*. */
  readonly boundSeconds: number
  /** By number. */
  readonly sites: readonly { readonly name: string }[]
  readonly peers: readonly {
    readonly site: number
    readonly class: string
    readonly seed: boolean
    /** Bytes per second. */
    readonly upload: number
    readonly download: number
  }[]
}

/** What changed since the frame before; absent fields did not. Lists are flat. */
export interface ReplayFrame {
  /** Virtual seconds. */
  readonly t: number
  /** Peer, pieces it has now, … */
  readonly have?: readonly number[]
  /** From, to, payload bytes that arrived, … */
  readonly moves?: readonly number[]
  /** Peer, role (0 undecided, 1 leader, 2 follower), … */
  readonly roles?: readonly number[]
  /** Peers that came, or came back; and that went down. */
  readonly up?: readonly number[]
  readonly down?: readonly number[]
  /** Bytes that have entered each site so far, and left it. */
  readonly in?: readonly number[]
  readonly out?: readonly number[]
}

export interface ReplayEnd {
  readonly end: Pick<
    RunResult,
    | 'completed'
    | 'redundancy'
    | 'redundancyMax'
    | 'p50Seconds'
    | 'p95Seconds'
    | 'lastSeconds'
    | 'traceHash'
  >
}

const ROLES = { undecided: 0, leader: 1, follower: 2 } as const

export class ReplayRecorder implements Onlooker {
  readonly #scenario: Scenario
  readonly #scheme: string
  readonly #emit: (line: ReplayHead | ReplayFrame | ReplayEnd) => void
  readonly #moves = new Map<number, number>()
  readonly #have: number[] = []
  readonly #roles: number[] = []
  readonly #isUp: boolean[] = []
  #frameMs = TICK_MS
  #nextMs = 0
  #crossed = -1

  /** `emit` is given each line as a value, in order. */
  constructor(
    scenario: Scenario,
    scheme: string,
    emit: (line: ReplayHead | ReplayFrame | ReplayEnd) => void,
  ) {
    this.#scenario = scenario
    this.#scheme = scheme
    this.#emit = emit
  }

  begun(world: World): void {
    const { name, pieces, pieceLength } = this.#scenario
    const { sites, peers } = world.layout
    const boundSeconds = boundsOf({ layout: world.layout, pieces, pieceLength }).lastSeconds
    const frameMs = (1000 * 1.5 * boundSeconds) / FRAMES
    this.#frameMs = TICK_MS * Math.max(1, Math.ceil(frameMs / TICK_MS))
    this.#emit({
      format: 'bt-replay',
      version: REPLAY_VERSION,
      scenario: name,
      scheme: this.#scheme,
      seed: world.simulation.seed,
      pieces,
      pieceLength,
      frameSeconds: this.#frameMs / 1000,
      boundSeconds,
      sites: sites.map((site) => ({ name: site.name })),
      peers: peers.map(({ site, className, isSeed, upload, download }) => ({
        site,
        class: className,
        seed: isSeed,
        upload,
        download,
      })),
    })
    const count = peers.length
    world.truth.listen((from, to, _piece, bytes) => {
      const key = from * count + to
      this.#moves.set(key, (this.#moves.get(key) ?? 0) + bytes)
    })
  }

  tick(world: World, isLast: boolean): void {
    if (world.nowMs < this.#nextMs && !isLast) return
    this.#nextMs = world.nowMs + this.#frameMs
    const frame = {
      t: world.nowMs / 1000,
      have: this.#changes(world, this.#have, ({ haveCount }) => haveCount),
      moves: this.#takeMoves(world.members.length),
      roles: this.#changes(world, this.#roles, roleOf),
      ...this.#comings(world),
      ...this.#crossings(world),
    }
    const kept = Object.entries(frame).filter(
      ([, value]) => typeof value === 'number' || value.length > 0,
    )
    this.#emit(Object.fromEntries(kept) as unknown as ReplayFrame)
  }

  /** The run is over. */
  end(result: RunResult): void {
    const { completed, redundancy, redundancyMax, traceHash } = result
    const { p50Seconds, p95Seconds, lastSeconds } = result
    this.#emit({
      end: {
        completed,
        redundancy,
        redundancyMax,
        p50Seconds,
        p95Seconds,
        lastSeconds,
        traceHash,
      },
    })
  }

  #changes(world: World, before: number[], read: (member: Member) => number): readonly number[] {
    const changed: number[] = []
    for (const [number, member] of world.members.entries()) {
      const now = read(member)
      if (now === (before[number] ?? 0)) continue
      before[number] = now
      changed.push(number, now)
    }
    return changed
  }

  #takeMoves(count: number): readonly number[] {
    const flat: number[] = []
    for (const [key, bytes] of this.#moves) flat.push(Math.floor(key / count), key % count, bytes)
    this.#moves.clear()
    return flat
  }

  #comings(world: World): { readonly up: readonly number[]; readonly down: readonly number[] } {
    const up: number[] = []
    const down: number[] = []
    for (const [number, { isUp }] of world.members.entries()) {
      if (isUp === (this.#isUp[number] ?? false)) continue
      this.#isUp[number] = isUp
      if (isUp) up.push(number)
      else down.push(number)
    }
    return { up, down }
  }

  #crossings({ truth }: World): Pick<ReplayFrame, 'in' | 'out'> {
    let crossed = 0
    for (const bytes of truth.inBytes) crossed += bytes
    if (crossed === this.#crossed) return {}
    this.#crossed = crossed
    return { in: [...truth.inBytes], out: [...truth.outBytes] }
  }
}

function roleOf({ present }: Member): number {
  return ROLES[present[0]?.scheme.role?.() ?? 'undecided']
}
