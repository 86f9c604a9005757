// Sending nothing to other sites while the seed of our own needs the link that we share with it (rule 6).
//
// The seed says so to the members that it knows, leaders repeat it to all of theirs. A word counts for a few seconds, and
// every member goes on for a tenth of the time whatever it hears: a piece that only we have must leave some day.

import { YIELD_BREAK_MS, YIELD_MS, YIELD_ROUND_MS } from './limits.ts'

export interface YieldingParts {
  /** Any number of our own, which says when our breaks are: not all members have theirs at the same time. */
  readonly own: number
  /** We are the seed. */
  readonly isOrigin: () => boolean
  /** From now on we do, or no longer. */
  readonly changed: (yields: boolean) => void
}

export class Yielding {
  readonly #parts: YieldingParts
  readonly #offsetMs: number
  #until = Number.NEGATIVE_INFINITY
  #yields = false

  constructor(parts: YieldingParts) {
    this.#parts = parts
    this.#offsetMs = parts.own % YIELD_ROUND_MS
  }

  /** We were asked to, for so long. */
  asked(ms: number, now: number): void {
    this.#until = Math.max(this.#until, now + Math.min(ms, YIELD_MS))
  }

  /** What is left of it, to be repeated; 0: nobody asks. */
  leftMs(now: number): number {
    return Math.max(0, this.#until - now)
  }

  look(now: number): void {
    const isBreak = (now + this.#offsetMs) % YIELD_ROUND_MS < YIELD_BREAK_MS
    const yields = now < this.#until && !isBreak && !this.#parts.isOrigin()
    if (yields === this.#yields) return
    this.#yields = yields
    this.#parts.changed(yields)
  }
}
