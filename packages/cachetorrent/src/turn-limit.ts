// How many turns fill the uplink: the fewest with which no more is sent by one more.
//
// Looked at only while somebody waits. Now and then one more or one less is tried for a while: one more is kept where it
// brings half of its share or more, one less where it costs a quarter of its share at most.

import { TURNS_MAX, TURNS_MIN } from './limits.ts'

/** Milliseconds and blocks of one look: long enough that a block more or less is noise. */
const LOOK_MS = 1_000
const LOOK_BLOCKS = 16
/** Looks between two trials; the first comes at once. */
const REST_LOOKS = 8
/** Of what one of the turns sends on average: what one more must bring, what one less may cost. */
const SHARE_OF_ONE_MORE = 0.5
const SHARE_OF_ONE_LESS = -0.25

export class TurnLimit {
  #limit = TURNS_MIN
  /** What is tried: −1, 0 or 1 more. */
  #trial = 0
  #nextTrial = 1
  #rested = REST_LOOKS
  /** Bytes per millisecond with the limit as it is. */
  #rate = 0
  #since: number | undefined
  #bytes = 0
  #blocks = 0
  #hasWaited = false

  get value(): number {
    return this.#limit + this.#trial
  }

  /** Somebody had to wait. */
  waited(): void {
    this.#hasWaited = true
  }

  sent(bytes: number, now: number): void {
    this.#since ??= now
    this.#bytes += bytes
    this.#blocks++
    const ms = now - this.#since
    if (ms < LOOK_MS || this.#blocks < LOOK_BLOCKS) return
    if (this.#hasWaited) this.#judge(this.#bytes / ms)
    else this.#trial = 0
    this.#since = now
    this.#bytes = 0
    this.#blocks = 0
    this.#hasWaited = false
  }

  #judge(rate: number): void {
    const trial = this.#trial
    if (trial === 0) {
      this.#rate = rate
      this.#rested++
      if (this.#rested >= REST_LOOKS) this.#try(this.#nextTrial)
      return
    }
    const share = trial > 0 ? SHARE_OF_ONE_MORE : SHARE_OF_ONE_LESS
    if (rate < this.#rate * (1 + share / this.#limit)) {
      this.#nextTrial = -trial
      this.#rested = 0
      this.#trial = 0
      return
    }
    this.#limit += trial
    this.#rate = rate
    this.#try(trial)
  }

  #try(trial: number): void {
    const tried = this.#limit + trial
    const isPossible = tried >= TURNS_MIN && tried <= TURNS_MAX
    this.#trial = isPossible ? trial : 0
    if (isPossible) return
    this.#nextTrial = -trial
    this.#rested = 0
  }
}
