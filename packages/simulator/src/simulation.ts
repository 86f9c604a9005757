// Virtual time and the loop that runs it: what is due next happens next, and nothing else moves the clock.
//
// Time is whole microseconds, so that no rounding differs between machines. Events of one instant happen in
// the order they were scheduled. An event is finished when `happen` returns: no promises, no microtasks.

import type { Clock, Random } from '@bt/ports'
import { Prng } from '@bt/primitives'
import { SimulationError } from './errors.ts'
import { EventQueue } from './event-queue.ts'
import { Later } from './later.ts'
import type { Occurrence } from './occurrence.ts'
import { TRACE_KINDS, TraceHash } from './trace.ts'
import type { TraceEntry, TraceKind } from './trace.ts'

/** Where `run` stops; the first that holds. None: when nothing is left to happen. */
export interface RunLimits {
  /** Virtual time; the clock stands there afterwards even when nothing was due. */
  readonly timeMs?: number
  /** How many events this call may run. */
  readonly events?: number
  /** Asked before the first and after every event. */
  readonly when?: () => boolean
}

export interface RunResult {
  /** Virtual time now. */
  readonly timeMs: number
  /** Events since the beginning, over all calls. */
  readonly events: number
  /** Of all events since the beginning: equal for equal seeds, on any machine. */
  readonly traceHash: string
  readonly stopped: 'when' | 'time' | 'events' | 'idle'
}

export interface SimulationOptions {
  /** Hears every event; for printing and for looking into failures. Slow. */
  readonly trace?: (entry: TraceEntry) => void
  /** Where a `run()` without limits gives up, in events; `EVENTS_MAX` unless given. */
  readonly eventsMax?: number
}

/** Wall-clock seconds (2025-01-01 UTC) at which every simulation begins. */
export const WALL_SECONDS_AT_START = 1_735_689_600
/** A `run()` without limits gives up here: some hours of a large swarm, and well under a minute of looping. */
export const EVENTS_MAX = 200_000_000
/** Called-off events stay in the queue until they are more than this, and more than the others. */
const DEAD_KEPT = 1024

export class Simulation {
  readonly seed: number | string
  readonly clock: Clock
  readonly #queue = new EventQueue<Occurrence>()
  readonly #hash = new TraceHash()
  readonly #trace: ((entry: TraceEntry) => void) | undefined
  readonly #eventsMax: number
  #nowUs = 0
  #events = 0
  /** Host → until when it stands still, in microseconds. */
  readonly #frozen = new Map<number, number>()
  /** Host of what happens now, for the message when it throws. */
  #host = -1
  /** Until when the last of them stands still. */
  #frozenUs = 0
  #dead = 0
  #running = false

  /** Same seed, same run. */
  constructor(seed: number | string, options: SimulationOptions = {}) {
    this.seed = seed
    this.#trace = options.trace
    this.#eventsMax = options.eventsMax ?? EVENTS_MAX
    this.clock = {
      now: () => this.#nowUs / 1000,
      at: (timeMs, run) => this.at(timeMs, run),
      wallSeconds: () => WALL_SECONDS_AT_START + this.#nowUs / 1_000_000,
    }
  }

  /** Virtual time in whole microseconds. */
  get nowUs(): number {
    return this.#nowUs
  }

  /** Events that happened. */
  get events(): number {
    return this.#events
  }

  /** A generator of its own for each purpose: what one draws does not change what another draws. */
  random(purpose: string): Random & Prng {
    return new Prng(`${this.seed}/${purpose}`)
  }

  /**
   * Runs `run` at a time of the clock, as something the scenario does (see `Clock.at` for the rules).
   * Infinity: never.
   */
  at(timeMs: number, run: () => void): Later {
    const later = new Later('scenario', -1, 0, undefined, run, this)
    if (timeMs !== Number.POSITIVE_INFINITY) this.schedule(this.microseconds(timeMs), later)
    return later
  }

  /** For adapters: like `at`, so many whole microseconds from now, as an event of a host's network. */
  after(us: number, kind: TraceKind, host: number, size: number, run: () => void): Later {
    const later = new Later(kind, host, size, undefined, run, this)
    this.schedule(this.#nowUs + us, later)
    return later
  }

  /** The first microsecond at which `clock.now()` is not below `timeMs`; now for what has passed. */
  microseconds(timeMs: number): number {
    let us = Math.ceil(timeMs * 1000)
    while (us / 1000 < timeMs) us++
    return us > this.#nowUs ? us : this.#nowUs
  }

  /** For adapters: `occurrence` happens at `timeUs` (whole, not before now), behind what is due then already. */
  schedule(timeUs: number, occurrence: Occurrence): void {
    this.#queue.push(timeUs > this.#nowUs ? timeUs : this.#nowUs, occurrence)
  }

  /** For adapters: one more scheduled event is dead; many of them are swept out together. */
  calledOff(): void {
    if (++this.#dead <= DEAD_KEPT || this.#dead * 2 < this.#queue.size) return
    this.#queue.retain((occurrence) => !occurrence.dead)
    this.#dead = 0
  }

  /** For hosts: nothing that is due at this host happens for so long; then all of it does, in its order. */
  freeze(host: number, ms: number): void {
    const untilUs = this.microseconds(this.clock.now() + ms)
    this.#frozen.set(host, untilUs)
    if (untilUs > this.#frozenUs) this.#frozenUs = untilUs
  }

  /** For adapters: some host stands still. */
  get isAnyFrozen(): boolean {
    return this.#frozenUs > this.#nowUs
  }

  /** For adapters: this host stands still. */
  stands(host: number): boolean {
    return this.isAnyFrozen && (this.#frozen.get(host) ?? 0) > this.#nowUs
  }

  /** For adapters: something that happens inside an event of many goes into the trace. */
  mark(kind: TraceKind, host: number, size: number): void {
    this.#host = host
    this.#hash.mix(this.#nowUs, TRACE_KINDS[kind], host, size)
    this.#trace?.({ timeMs: this.#nowUs / 1000, kind, host, size })
  }

  /** Puts something into the trace that is no event of its own: a log call, a crash, a fact of a scenario. */
  note(kind: TraceKind, host: number, size: number, more: Partial<TraceEntry> = {}): void {
    this.#hash.mix(this.#nowUs, TRACE_KINDS[kind], host, size)
    this.#trace?.({ timeMs: this.#nowUs / 1000, kind, host, size, ...more })
  }

  /** Of everything so far. */
  get traceHash(): string {
    return this.#hash.text()
  }

  /**
   * Lets time pass until a limit is reached or nothing is left to do. Not to be called from inside an event.
   * @throws {SimulationError} EVENT_FAILED when an event throws; ENDLESS.
   */
  run(until: RunLimits = {}): RunResult {
    if (this.#running) throw this.failure('EVENT_FAILED', 'run was called from inside an event')
    this.#running = true
    try {
      return this.#result(this.#loop(until))
    } finally {
      this.#running = false
    }
  }

  /**
   * Runs until `when` holds.
   * @throws {SimulationError} NOT_REACHED with seed and time when it does not, by `timeMs` or for want of events.
   */
  runUntil(when: () => boolean, limits: { readonly timeMs: number }, what = 'it'): RunResult {
    const result = this.run({ ...limits, when })
    if (result.stopped === 'when') return result
    const why = result.stopped === 'idle' ? 'nothing is left to happen' : 'time is up'
    throw this.failure('NOT_REACHED', `${what} was not reached: ${why}`)
  }

  /** A SimulationError of now. */
  failure(code: SimulationError['code'], message: string, cause?: unknown): SimulationError {
    return new SimulationError(code, message, {
      seed: this.seed,
      timeMs: this.#nowUs / 1000,
      events: this.#events,
      ...(cause === undefined ? {} : { cause }),
    })
  }

  #loop(until: RunLimits): RunResult['stopped'] {
    const endUs =
      until.timeMs === undefined ? Number.POSITIVE_INFINITY : Math.floor(until.timeMs * 1000)
    const eventsEnd = this.#events + (until.events ?? this.#eventsMax)
    const when = until.when
    const queue = this.#queue
    if (when?.() === true) return 'when'
    for (;;) {
      if (this.#events >= eventsEnd) {
        if (until.events !== undefined) return 'events'
        throw this.failure('ENDLESS', `more than ${this.#eventsMax} events without an end`)
      }
      const dueUs = queue.lowest
      if (dueUs > endUs || dueUs === Number.POSITIVE_INFINITY) break
      const occurrence = queue.pop() as Occurrence
      if (occurrence.dead) {
        if (this.#dead > 0) this.#dead--
        continue
      }
      this.#nowUs = dueUs
      if (this.stands(occurrence.host)) {
        queue.push(this.#frozen.get(occurrence.host) as number, occurrence)
        continue
      }
      this.#happen(occurrence)
      if (when?.() === true) return 'when'
    }
    if (endUs === Number.POSITIVE_INFINITY) return 'idle'
    if (endUs > this.#nowUs) this.#nowUs = endUs
    return queue.size === 0 ? 'idle' : 'time'
  }

  /** For adapters, from inside an event: one more thing that happens now; when its host thaws, if it is frozen. */
  hand(occurrence: Occurrence): void {
    if (this.stands(occurrence.host)) this.schedule(this.#nowUs, occurrence)
    else this.#happen(occurrence)
  }

  #happen(occurrence: Occurrence): void {
    const { kind, host, size } = occurrence
    this.#events++
    this.mark(kind, host, size)
    try {
      occurrence.happen()
    } catch (error) {
      if (error instanceof SimulationError) throw error
      const text = error instanceof Error ? error.message : String(error)
      throw this.failure('EVENT_FAILED', `host ${this.#host}, ${kind}: ${text}`, error)
    }
  }

  #result(stopped: RunResult['stopped']): RunResult {
    return {
      timeMs: this.#nowUs / 1000,
      events: this.#events,
      traceHash: this.traceHash,
      stopped,
    }
  }
}
