// Whether a seed's first copies are held up by the link that it shares with its site, and whether it helps that the others
// of the site send nothing through it (rule 6). The seed has nobody's word for it: it looks at what it sends, and tries.
//
// It is hindered while copies wait to leave for other sites and it sends clearly less than it can. Then the members of
// its site are asked to yield. When that brings nothing, the bottleneck is elsewhere, and it is not tried again for
// long; when its uplink is full, others may have the rest of the link.

import { YIELD_AGAIN_MS, YIELD_AGAIN_MS_MAX } from './limits.ts'

/** Milliseconds of one look: the queues of the others need as long to empty. */
const LOOK_MS = 5_000
/** Of what the seed can send: below it is hindered, above it needs nobody to yield. */
const HINDERED_SHARE = 0.8
const FULL_SHARE = 0.95
/** Looks after which yielding must have brought so much. */
const TRIAL_LOOKS = 2
const TRIAL_GAIN = 1.1

export class Hindrance {
  readonly #declared: number
  #since: number | undefined
  #bytes = 0
  #isBacked = true
  #best = 0
  #yields = false
  /** Bytes per millisecond before they yielded, and looks since then. */
  #before = 0
  #looks = 0
  #triedUntil = Number.NEGATIVE_INFINITY
  #againMs = YIELD_AGAIN_MS

  /** Bytes per second that we declare; 0: not said, then the most that we ever sent counts. */
  constructor(declared: number) {
    this.#declared = declared / 1000
  }

  /** Bytes left us, wherever they go. */
  sent(bytes: number): void {
    this.#bytes += bytes
  }

  /** Whether others are to yield; `isBacked`: first copies wait to leave for other sites. */
  look(isBacked: boolean, now: number): boolean {
    this.#since ??= now
    this.#isBacked &&= isBacked
    const ms = now - this.#since
    if (ms < LOOK_MS) return this.#yields
    this.#judge(this.#bytes / ms, now)
    this.#since = now
    this.#bytes = 0
    this.#isBacked = true
    return this.#yields
  }

  #judge(rate: number, now: number): void {
    this.#best = Math.max(this.#best, rate)
    const most = Math.max(this.#declared, this.#best)
    if (!this.#isBacked || rate >= FULL_SHARE * most) {
      this.#yields = false
    } else if (!this.#yields) {
      this.#yields = rate < HINDERED_SHARE * most && now >= this.#triedUntil
      this.#before = rate
      this.#looks = 0
    } else if (++this.#looks === TRIAL_LOOKS && rate < TRIAL_GAIN * this.#before) {
      this.#yields = false
      this.#triedUntil = now + this.#againMs
      this.#againMs = Math.min(YIELD_AGAIN_MS_MAX, 2 * this.#againMs)
    }
  }
}
