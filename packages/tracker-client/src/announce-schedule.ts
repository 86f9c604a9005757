// Which tracker to ask next, with which event, and when (BEP 3, 12, 21, 31). Pure: told of answers and of time.
//
// Tiers in order, each shuffled once; a tracker that answers moves to the front of its tier and is the only one asked
// until it fails. A tracker that failed waits by itself, longer each time, while the next one is asked at once.
// When changing it, re-check: private torrents (one tracker at a time), completed only after started, stopped to
// whoever heard started, nothing sooner than the tracker's minimum.

import type { Random } from '@bt/ports'
import { shuffle } from '@bt/primitives'
import type { AnnounceEvent } from '@bt/tracker-protocol'
import {
  BACK_OFF_FIRST_MS,
  BACK_OFF_MAX_MS,
  INTERVAL_DEFAULT_SECONDS,
  INTERVAL_MAX_SECONDS,
  INTERVAL_MIN_SECONDS,
  OUT_OF_TURN_MIN_SECONDS,
  TRACKERS_MAX,
  WANTED_SECONDS,
} from './limits.ts'

export interface Announcement {
  readonly tracker: string
  readonly event?: AnnounceEvent
  /** Another tracker could be asked instead: be less patient with this one. */
  readonly others: boolean
}

interface TrackerState {
  readonly url: string
  failures: number
  /** Not before this; infinity: never again (BEP 31). */
  notBefore: number
  /** It was told 'started' and not yet 'stopped'. */
  toldStarted: boolean
}

export class AnnounceSchedule {
  readonly #tiers: TrackerState[][] = []
  readonly #random: Random
  readonly #intervalMinSeconds: number
  /** The one asked now. */
  #asking: { readonly state: TrackerState; readonly event: AnnounceEvent | undefined } | undefined
  /** When the next announce is due, whoever answers it. */
  #dueAt = Number.NEGATIVE_INFINITY
  /** Until then not even a wish for more peers brings the next announce forward. */
  #earliestAt = Number.NEGATIVE_INFINITY
  #completedPending = false
  #stopped = false

  /** Each tier is shuffled once, here. A URL that comes again later is left out, and so is what exceeds `TRACKERS_MAX`. */
  constructor(
    tiers: readonly (readonly string[])[],
    random: Random,
    options: { readonly intervalMinSeconds?: number } = {},
  ) {
    this.#random = random
    this.#intervalMinSeconds = options.intervalMinSeconds ?? INTERVAL_MIN_SECONDS
    const seen = new Set<string>()
    for (const tier of tiers) {
      const states: TrackerState[] = []
      for (const url of tier) {
        if (seen.has(url) || seen.size === TRACKERS_MAX) continue
        seen.add(url)
        states.push({ url, failures: 0, notBefore: Number.NEGATIVE_INFINITY, toldStarted: false })
      }
      if (states.length > 0) this.#tiers.push(shuffle(states, random))
    }
  }

  /** Whom to ask now; the answer counts as asked until `succeeded` or `failed`. Undefined: nobody, see `deadline`. */
  next(now: number): Announcement | undefined {
    if (this.#stopped || this.#asking !== undefined || now < this.#dueAt) return undefined
    const ready = this.#ready(now)
    const state = ready.next().value
    if (state === undefined) return undefined
    const event = this.#eventFor(state)
    this.#asking = { state, event }
    const others = this.#count() > 1
    return event === undefined
      ? { tracker: state.url, others }
      : { tracker: state.url, event, others }
  }

  /** The one asked answered. Intervals are clamped to 60 s … 1 day; 0 means that it said none. */
  succeeded(
    now: number,
    answer: { readonly intervalSeconds: number; readonly minIntervalSeconds?: number },
  ): void {
    const asked = this.#asking
    if (asked === undefined) return
    this.#asking = undefined
    asked.state.failures = 0
    asked.state.notBefore = Number.NEGATIVE_INFINITY
    asked.state.toldStarted = true
    if (asked.event === 'completed') this.#completedPending = false
    this.#toFront(asked.state)
    const said = this.#clamped(answer.intervalSeconds || INTERVAL_DEFAULT_SECONDS)
    const minimum = this.#leastOf(answer.minIntervalSeconds, said)
    const interval = Math.max(said, minimum)
    this.#earliestAt = now + 1000 * minimum
    this.#dueAt = this.#completedPending ? now : now + 1000 * interval
  }

  /** The one asked did not answer, or refused; `retryInMinutes` as in BEP 31. The next tracker may be asked at once. */
  failed(now: number, retryInMinutes?: number | 'never'): void {
    const state = this.#asking?.state
    if (state === undefined) return
    this.#asking = undefined
    state.failures++
    if (retryInMinutes === 'never') state.notBefore = Number.POSITIVE_INFINITY
    else if (retryInMinutes !== undefined)
      state.notBefore =
        now + Math.min(60_000 * Math.max(1, retryInMinutes), 1000 * INTERVAL_MAX_SECONDS)
    else state.notBefore = now + this.#backOffMs(state.failures)
    this.#dueAt = now
  }

  /** What `next` gave out was never said: whoever it was heard nothing from us. */
  withdrawn(): void {
    this.#asking = undefined
  }

  /** The download completed just now (not: was complete at the start). */
  completed(now: number): void {
    this.#completedPending = true
    this.#dueAt = Math.min(this.#dueAt, now)
  }

  /** More peers are wanted: the next announce comes forward as far as the tracker's minimum allows. */
  wanted(now: number): void {
    this.#dueAt = Math.min(this.#dueAt, Math.max(now, this.#earliestAt))
  }

  /**
   * Ends the schedule: who must be told 'stopped', and 'completed' before it where that was still to be said: whoever
   * leaves when the download is done counts all the same.
   */
  stop(): readonly Announcement[] {
    this.#stopped = true
    const told = this.#all().filter((state) => state.toldStarted || this.#asking?.state === state)
    const completed = this.#completedPending ? told.find((state) => state.toldStarted) : undefined
    for (const state of told) state.toldStarted = false
    this.#asking = undefined
    return told.flatMap((state): readonly Announcement[] => {
      const goodbye = { tracker: state.url, event: 'stopped', others: false } as const
      return state === completed ? [{ ...goodbye, event: 'completed' }, goodbye] : [goodbye]
    })
  }

  /** When to call `next` again; infinity: when something else happens first. */
  deadline(): number {
    if (this.#stopped || this.#asking !== undefined) return Number.POSITIVE_INFINITY
    let soonest = Number.POSITIVE_INFINITY
    for (const { notBefore } of this.#all()) soonest = Math.min(soonest, notBefore)
    return Math.max(this.#dueAt, soonest)
  }

  *#ready(now: number): Generator<TrackerState, undefined> {
    for (const tier of this.#tiers)
      for (const state of tier) if (state.notBefore <= now) yield state
    return undefined
  }

  #eventFor(state: TrackerState): AnnounceEvent | undefined {
    if (!state.toldStarted) return 'started'
    return this.#completedPending ? 'completed' : undefined
  }

  #toFront(state: TrackerState): void {
    for (const tier of this.#tiers) {
      const at = tier.indexOf(state)
      if (at <= 0) continue
      tier.splice(at, 1)
      tier.unshift(state)
    }
  }

  /** Doubles from 15 s to an hour, up to a quarter longer by chance so that a swarm does not come back as one. */
  #backOffMs(failures: number): number {
    const plain = Math.min(BACK_OFF_FIRST_MS * (1 << Math.min(failures - 1, 10)), BACK_OFF_MAX_MS)
    return Math.min(plain + this.#random.below(1 + Math.floor(plain / 4)), BACK_OFF_MAX_MS)
  }

  /** A tracker that says how often it may be asked out of turn is believed, down to a few seconds. */
  #leastOf(minIntervalSeconds: number | undefined, said: number): number {
    if (minIntervalSeconds === undefined) return this.#clamped(Math.min(WANTED_SECONDS, said))
    return Math.min(Math.max(minIntervalSeconds, OUT_OF_TURN_MIN_SECONDS), INTERVAL_MAX_SECONDS)
  }

  #clamped(seconds: number): number {
    return Math.min(Math.max(seconds, this.#intervalMinSeconds), INTERVAL_MAX_SECONDS)
  }

  #all(): readonly TrackerState[] {
    return this.#tiers.flat()
  }

  #count(): number {
    return this.#all().length
  }
}
