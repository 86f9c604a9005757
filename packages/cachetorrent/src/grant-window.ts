// How many claims a leader leaves open at a time: as many as the site's link carries in good time.
//
// A link that all members share may be a fiftieth of what they could send. Then more claims bring nothing more; each takes
// longer, until they count as lost, are granted again, and come twice. So claims are counted as TCP counts packets: one
// more for each that came in good time while all were in use, one fewer for each that did not.

import { GRANTS_AT_FIRST, GRANTS_MAX, GRANTS_MIN, inGoodTimeMs } from './limits.ts'

export class GrantWindow {
  readonly #goodMs: number
  #size = GRANTS_AT_FIRST

  /** `pieceLength` in bytes: long pieces take longer. */
  constructor(pieceLength: number) {
    this.#goodMs = inGoodTimeMs(pieceLength)
  }

  /** Claims that may be open now. */
  get size(): number {
    return this.#size
  }

  /** A claim brought its piece after so long; `open`: claims that were open until then, itself among them. */
  came(ms: number, open: number): void {
    if (ms > this.#goodMs) this.#size = Math.max(GRANTS_MIN, this.#size - 1)
    else if (open >= this.#size) this.#size = Math.min(GRANTS_MAX, this.#size + 1)
  }
}
