// Sending nothing to other sites while the seed of our own needs the link that we share with it (rule 6).
//
// The seed says so to the members that it knows, leaders repeat it to all of theirs. A word counts for a few seconds, and
// every member serves one now and then whatever it hears: a piece that only we have must leave some day. One, because
// all that are let in ask for a piece at once, and over a slow link these are on their way long after the break.

import {
  EXPORT_SLOTS,
  YIELD_BREAK_MS,
  YIELD_BREAK_SLOTS,
  YIELD_MS,
  YIELD_ROUND_MS,
} from './limits.ts'

export interface YieldingParts {
  /** Any number of our own, which says when our breaks are: not all members have theirs at the same time. */
  readonly own: number
  /** We are the seed. */
  readonly isOrigin: () => boolean
  /** From now on so many outside are served at most. */
  readonly changed: (most: number) => void
}

export class Yielding {
  readonly #parts: YieldingParts
  readonly #offsetMs: number
  #until = Number.NEGATIVE_INFINITY
  /** It is over; until then others may repeat what they heard before. */
  #overUntil = Number.NEGATIVE_INFINITY
  #most = EXPORT_SLOTS

  constructor(parts: YieldingParts) {
    this.#parts = parts
    this.#offsetMs = parts.own % YIELD_ROUND_MS
  }

  /** We were asked to, for so long. */
  asked(ms: number, now: number): void {
    if (now < this.#overUntil) return
    this.#until = Math.max(this.#until, now + Math.min(ms, YIELD_MS))
  }

  /** All first copies are out, of a seed that asked. */
  isOver(now: number): void {
    if (now >= this.#until) return
    this.#overUntil = this.#until
    this.#until = now
    this.look(now)
  }

  /** That it is over is to be repeated, too. */
  wasAsked(now: number): boolean {
    return now < this.#overUntil
  }

  /** What is left of it, to be repeated; 0: nobody asks. */
  leftMs(now: number): number {
    return Math.max(0, this.#until - now)
  }

  look(now: number): void {
    const isBreak = (now + this.#offsetMs) % YIELD_ROUND_MS < YIELD_BREAK_MS
    const isAsked = now < this.#until && !this.#parts.isOrigin()
    const most = isAsked ? (isBreak ? YIELD_BREAK_SLOTS : 0) : EXPORT_SLOTS
    if (most === this.#most) return
    this.#most = most
    this.#parts.changed(most)
  }
}
