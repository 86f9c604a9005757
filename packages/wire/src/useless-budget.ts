// How many messages of no use a peer may send: a burst, then a slow rate; past that it is a flood.
//
// Of no use are keep-alives, flags and haves that change nothing, unknown ids, refused requests, cancels and rejects of
// nothing. Honest peers send some in a burst (a whole pipeline after a choke); only a flood keeps it up.

import { USELESS_BURST_MAX, USELESS_PER_SECOND } from './wire-limits.ts'

export class UselessBudget {
  #left = USELESS_BURST_MAX
  #at: number

  constructor(now: number) {
    this.#at = now
  }

  /** Takes `weight` messages at `now` (milliseconds); false when the budget is used up. */
  take(weight: number, now: number): boolean {
    if (this.#left < weight && now > this.#at) {
      const earned = ((now - this.#at) * USELESS_PER_SECOND) / 1000
      this.#left = Math.min(USELESS_BURST_MAX, this.#left + earned)
      this.#at = now
    }
    if (this.#left < weight) return false
    this.#left -= weight
    return true
  }
}
