// The most that left us over some seconds: what stands for the uplink of a member that does not say what it carries (rule 9).
//
// Never more than the line carries, and less where nobody asks for more: whoever takes it for the capacity errs on the
// side of fewer second copies for its own site's sake, and of more for others' (spill asks for a lag beside).

import { SENT_MS } from './limits.ts'

export class SentRate {
  #since: number | undefined
  #bytes = 0
  #most = 0

  /** Bytes per second; 0: not known yet. */
  get most(): number {
    return Math.floor(1000 * this.#most)
  }

  /** Bytes left us, wherever they go. */
  sent(bytes: number, now: number): void {
    this.#since ??= now
    const ms = now - this.#since
    if (ms >= SENT_MS) {
      this.#most = Math.max(this.#most, this.#bytes / ms)
      this.#since = now
      this.#bytes = 0
    }
    this.#bytes += bytes
  }
}
