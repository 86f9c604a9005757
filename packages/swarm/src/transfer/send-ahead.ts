// How many bytes one peer's channel may hold that it has not sent: enough to keep it busy, little enough to change one's mind.
//
// On a slow uplink every byte handed over early is a queue in front of whatever matters next. So what is handed over is
// what leaves within about half a second: doubled while blocks leave at once, halved when one had to wait for long.

/** Two small blocks: one leaves, the next stands behind it. */
export const SEND_AHEAD_MIN_BYTES = 32 * 1024
/** Keeps a fast link busy between two writes, and bounds what a peer that reads nothing costs. */
export const SEND_AHEAD_MAX_BYTES = 512 * 1024
/** Milliseconds in the channel, beyond the least that a block took, after which there was too much before it. */
const SLOW_MS = 500
/** The same, up to which there may be more. */
const QUICK_MS = 100

export class SendAhead {
  #limit = SEND_AHEAD_MIN_BYTES
  #unsent = 0
  #leastMs = Number.POSITIVE_INFINITY
  /** Blocks handed over before then say nothing about the limit of now. */
  #cutAt = Number.NEGATIVE_INFINITY

  /** Bytes handed over and not sent. */
  get unsentBytes(): number {
    return this.#unsent
  }

  get hasRoom(): boolean {
    return this.#unsent < this.#limit
  }

  handed(bytes: number): void {
    this.#unsent += bytes
  }

  /** They left, handed over at `since`, or will not leave at all. */
  sent(bytes: number, since: number, now: number): void {
    this.#unsent -= bytes
    this.#leastMs = Math.min(this.#leastMs, now - since)
    const ms = now - since - this.#leastMs
    if (ms <= QUICK_MS) this.#limit = Math.min(SEND_AHEAD_MAX_BYTES, this.#limit + bytes)
    else if (ms >= SLOW_MS && since >= this.#cutAt) {
      this.#limit = Math.max(SEND_AHEAD_MIN_BYTES, this.#limit >> 1)
      this.#cutAt = now
    }
  }
}
