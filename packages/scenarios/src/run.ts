// Runs a scenario under a scheme until everybody in reach has everything, watching that the rules hold.
//
// One seed, one run: nothing here draws from or waits for the world. Between events, every `TICK_MS` of virtual time,
// faults that are due begin, rules are looked at, and whoever watches is told how far it is.

import type { TraceEntry } from '@bt/simulator'
import { Disturbances } from './disturbances.ts'
import { INVARIANTS, Watch } from './invariants.ts'
import { nothingLeft } from './invariants/nothing-left.ts'
import type { ProfileName } from './profile.ts'
import { type RunResult, resultOf } from './result.ts'
import type { RunView } from './run-view.ts'
import type { Scenario } from './scenario.ts'
import type { Settings } from './scheme.ts'
import { schemeNamed } from './schemes.ts'
import { TimelineRecorder } from './timeline.ts'
import { defaultsOf, World } from './world.ts'

/** How far a run is. */
export interface Progress {
  readonly virtualSeconds: number
  /** Of all pieces that are wanted by all, 0 … 1. */
  readonly share: number
  readonly completed: number
  readonly peers: number
}

/** Of the machine that runs it; what it says stands in the result and changes nothing. */
export interface Meter {
  seconds(): number
  memoryBytes(): number
}

/** Watches a run at every tick, outside of events: it must change nothing. */
export interface Onlooker {
  begun?(world: World): void
  /** `isLast`: the run is over. */
  tick?(world: World, isLast: boolean): void
  end?(result: RunResult): void
}

export interface RunOptions {
  readonly scenario: Scenario
  /** By name. */
  readonly scheme: string
  readonly seed: number | string
  /** Those of the scheme; what is not given is its default. */
  readonly settings?: Settings
  /** 'fast' unless given where the swarm is large: see `profileFor`. */
  readonly profile?: ProfileName
  /** 'all': every fact too, and that nothing is left open at the end. 'cheap': what costs nothing. Default by size. */
  readonly checks?: 'all' | 'cheap'
  readonly meter?: Meter
  readonly onProgress?: (progress: Progress) => void
  readonly onlooker?: Onlooker
  /** Hears every event of the simulation. Slow. */
  readonly trace?: (entry: TraceEntry) => void
}

/** Milliseconds of virtual time between two looks at a run. */
export const TICK_MS = 500
/** Large runs look at their rules every so many ticks: each look asks every peer. */
const CHEAP_TICKS = 20
/** Peers × pieces up to which every fact is checked. */
const ALL_CHECKS_MAX = 20_000
/** Virtual time that sessions get to close, and then what they left behind: a request that nobody answers. */
const CLOSING_MS = 30_000
const LINGERING_MS = 60_000

/** Bytes that a swarm of the wire profile may hold on its disks; above, the profile is 'fast' unless told otherwise. */
const WIRE_BYTES_MAX = 512 * 1024 * 1024

/** The profile that a scenario is run in when nobody says. */
export function profileFor(scenario: Scenario): ProfileName {
  const bytes = hostsOf(scenario) * scenario.pieces * scenario.pieceLength
  return bytes <= WIRE_BYTES_MAX ? 'wire' : 'fast'
}

/** @throws {ScenarioError} NO_SUCH_SCHEME */
export function runScenario(options: RunOptions): RunResult {
  return new Run(options).result()
}

class Run {
  readonly #options: RunOptions
  readonly #settings: Settings
  readonly #world: World
  readonly #watch: Watch
  readonly #disturbances: Disturbances
  readonly #checksAll: boolean
  readonly #profile: ProfileName
  readonly #timeline = new TimelineRecorder()
  readonly #startedSeconds: number
  #peakMemoryBytes = 0
  #toJoin = 0
  #isOver = false

  constructor(options: RunOptions) {
    const { scenario, seed, meter, trace } = options
    this.#options = options
    this.#startedSeconds = meter?.seconds() ?? 0
    const scheme = schemeNamed(options.scheme)
    this.#settings = { ...defaultsOf(scheme), ...options.settings }
    this.#profile = options.profile ?? profileFor(scenario)
    const size = hostsOf(scenario)
    const checks = options.checks ?? (size * scenario.pieces <= ALL_CHECKS_MAX ? 'all' : 'cheap')
    this.#checksAll = checks === 'all'
    this.#watch = new Watch(INVARIANTS, () => this.#world.nowMs)
    this.#world = new World({
      scenario,
      scheme,
      settings: this.#settings,
      profile: this.#profile,
      seed,
      ...(trace === undefined ? {} : { trace }),
      ...(this.#checksAll
        ? {
            observe: (member, fact, share) => this.#watch.fact(member, fact, share),
            watched: ({ plan }, what) =>
              this.#watch.note('one-answer', `peer ${plan.number}: ${what}`),
          }
        : {}),
      started: (member, share) => this.#watch.started(member, share),
      completed: () => this.#look(),
    })
    this.#disturbances = new Disturbances(this.#world, scenario.faults)
  }

  result(): RunResult {
    const { scenario, scheme, meter, onlooker } = this.#options
    const world = this.#world
    this.#begin()
    onlooker?.begun?.(world)
    try {
      this.#pass()
    } catch (error) {
      this.#watch.note('engine', error instanceof Error ? error.message : String(error))
    }
    const { traceHash } = world.simulation.run({ timeMs: world.nowMs, events: 0 })
    this.#watch.end(this.#view())
    if (!this.#isOver) {
      this.#watch.note(
        'everybody-completes',
        `not over after ${scenario.limitSeconds} s: ${this.#missing()}`,
      )
    }
    const result = resultOf({
      scenario,
      scheme,
      settings: this.#settings,
      profile: this.#profile,
      world,
      broken: this.#watch.broken,
      timeline: this.#timeline.timeline,
      traceHash,
      wallSeconds: (meter?.seconds() ?? 0) - this.#startedSeconds,
      peakMemoryBytes: this.#peakMemoryBytes,
    })
    onlooker?.end?.(result)
    return this.#checksAll ? { ...result, brokenInvariants: this.#afterClosing() } : result
  }

  #begin(): void {
    const { simulation, members } = this.#world
    this.#toJoin = members.length
    for (const member of members) {
      simulation.at(member.plan.joinMs, () => {
        this.#toJoin--
        member.join()
      })
    }
  }

  #pass(): void {
    const { scenario, onProgress, onlooker, meter } = this.#options
    const { simulation } = this.#world
    const endMs = 1000 * scenario.limitSeconds
    const when = (): boolean => this.#isOver
    for (let atMs = TICK_MS; ; atMs += TICK_MS) {
      const { stopped } = simulation.run({ timeMs: Math.min(atMs, endMs), when })
      const progress = this.#progress()
      this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, meter?.memoryBytes() ?? 0)
      const isLast = stopped === 'when' || atMs >= endMs
      this.#timeline.sample(this.#world, progress.share, progress.completed, isLast)
      onlooker?.tick?.(this.#world, isLast)
      onProgress?.(progress)
      if (isLast) return
      const isDue = this.#checksAll || (atMs / TICK_MS) % CHEAP_TICKS === 0
      if (isDue) this.#watch.tick(this.#view())
      this.#disturbances.step(progress.share)
      this.#look()
    }
  }

  /** Over: all have joined, nobody is going to come back, and whoever is there has everything. */
  #look(): void {
    this.#isOver =
      this.#toJoin === 0 &&
      !this.#disturbances.isPending &&
      this.#world.members.every(({ isUp, isComplete }) => !isUp || isComplete)
  }

  #progress(): Progress {
    const { members, nowMs } = this.#world
    let have = 0
    let wanted = 0
    let completed = 0
    for (const member of members) {
      if (member.plan.isSeed) continue
      have += member.hasLeft ? this.#options.scenario.pieces : member.haveCount
      wanted += this.#options.scenario.pieces
      if (member.completedMs !== undefined) completed++
    }
    return {
      virtualSeconds: nowMs / 1000,
      share: wanted === 0 ? 1 : have / wanted,
      completed,
      peers: members.length,
    }
  }

  #view(): RunView {
    return {
      scenario: this.#options.scenario,
      world: this.#world,
      nowMs: this.#world.nowMs,
      disturbedUntilMs: this.#disturbances.disturbedUntilMs,
      isOver: this.#isOver,
    }
  }

  #missing(): string {
    const { pieces } = this.#options.scenario
    const lacking = this.#world.members.filter(({ isUp, isComplete }) => isUp && !isComplete)
    const shown = lacking
      .slice(0, 5)
      .map(({ plan, haveCount }) => `peer ${plan.number} of site ${plan.site} has ${haveCount}`)
    return `${lacking.length} peers lack some of ${pieces} pieces: ${shown.join(', ')}`
  }

  /** Closes all sessions and looks whether anything is left; the run's numbers are taken before. */
  #afterClosing(): RunResult['brokenInvariants'] {
    const { simulation, members, nowMs } = this.#world
    this.#disturbances.end()
    let open = 0
    for (const { session } of members) {
      if (session === undefined) continue
      open++
      session.stop(() => {
        open--
      })
    }
    const watch = new Watch([nothingLeft], () => this.#world.nowMs)
    try {
      simulation.run({ timeMs: nowMs + CLOSING_MS, when: () => open === 0 })
      if (open > 0) watch.note('nothing-left', `${open} sessions did not close`)
      else {
        simulation.run({ timeMs: this.#world.nowMs + LINGERING_MS })
        watch.end(this.#view())
      }
    } catch (error) {
      watch.note('engine', error instanceof Error ? error.message : String(error))
    }
    return [...this.#watch.broken, ...watch.broken]
  }
}

/** Hosts of a scenario, seeds counted. */
function hostsOf({ sites }: Scenario): number {
  return sites.reduce((sum, { count, hosts, peers }) => sum + (peers ?? count * (hosts ?? 0)), 0)
}
