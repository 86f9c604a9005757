// CacheUpload (§1.4): serves what is here; a request for what is not is noted with CachePicker.
//
// As published the request is dropped and made again when the leader's own `have` comes. Here it stays open and is
// answered when the piece is there: the same bytes at the same time, without asking twice (and so without the double
// deliveries of the original).

import type { CachePicker } from './cache-picker.ts'

/** Requests of one follower that may wait: ten pieces of up to 64 blocks; beyond it a reject. */
export const CLASSIC_HELD_MAX = 640

export class CacheUpload {
  readonly #picker: CachePicker

  constructor(picker: CachePicker) {
    this.#picker = picker
  }

  /** Milliseconds that the request may wait: nothing ends it but the piece or a choke (no failure handling, §1.5). */
  hold(piece: number, heldNow: number): number {
    this.#picker.wants(piece)
    return heldNow < CLASSIC_HELD_MAX ? Number.POSITIVE_INFINITY : 0
  }
}
