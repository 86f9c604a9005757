// Whether more could leave the uplink now, by what it is said to carry: however slow the receivers are, it must not stand idle.
//
// A queue that empties at the declared rate: while it would be empty, one more may be served. A rate that is not
// reached with as many receivers as there may be is taken for what was measured, for a minute.

import { LINE_DOUBT_MS, LINE_MEASURE_MS } from './limits.ts'

/** Of a measured rate: what was too much at a time gets less. */
const MEASURED_SHARE = 0.9

export class Uplink {
  /** Bytes per millisecond; 0: not said. */
  readonly #declared: number
  #rate: number
  #queue = 0
  /** Until when the queue is reckoned. */
  #at = 0
  #doubtedUntil = Number.NEGATIVE_INFINITY
  /** Since when it is measured what leaves, and how much did; undefined: it is not. */
  #since: number | undefined
  #sent = 0

  /** Bytes per second that are declared; 0: none. */
  constructor(upload: number) {
    this.#declared = upload / 1000
    this.#rate = this.#declared
  }

  handed(bytes: number, now: number): void {
    this.#advance(now)
    this.#queue += bytes
  }

  sent(bytes: number): void {
    if (this.#since !== undefined) this.#sent += bytes
  }

  /** `isMany`: many are served, and more wait; `isMost`: as many as may be. */
  looked(isMany: boolean, isMost: boolean, now: number): void {
    if (!isMany) this.#since = undefined
    else if (this.#since === undefined) {
      this.#since = now
      this.#sent = 0
    } else if (isMost && this.#sent > 0 && now - this.#since >= LINE_MEASURE_MS) {
      this.#rate = Math.min(this.#declared, (MEASURED_SHARE * this.#sent) / (now - this.#since))
      this.#doubtedUntil = now + LINE_DOUBT_MS
      this.#since = undefined
    }
  }

  /** When all but so many bytes have left; Infinity: nobody knows. */
  leftAt(ahead: number, now: number): number {
    if (this.#declared === 0) return Number.POSITIVE_INFINITY
    this.#advance(now)
    return now + Math.max(0, this.#queue - ahead) / this.#rate
  }

  #advance(now: number): void {
    if (now >= this.#doubtedUntil) this.#rate = this.#declared
    this.#queue = Math.max(0, this.#queue - (now - this.#at) * this.#rate)
    this.#at = now
  }
}
