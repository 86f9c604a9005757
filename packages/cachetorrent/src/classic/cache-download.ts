// CacheDownload (§1.4): what each leader said it will be able to give, and does not have yet.
//
// As published a forwarded have cannot be told from a real one, so a second `have` means "now it is here: ask again".
// Here they differ: a forwarded one makes a promise, the leader's own `have` ends it.

import { Bitfield, type ReadonlyBitfield } from '@bt/primitives'
import type { PeerHandle } from '@bt/swarm'

export class CacheDownload {
  readonly #pieceCount: number
  readonly #promised = new Map<PeerHandle, Bitfield>()

  constructor(pieceCount: number) {
    this.#pieceCount = pieceCount
  }

  /** A copy: the engine keeps it until it is told of the next. */
  promisedBy(leader: PeerHandle): ReadonlyBitfield | undefined {
    const promised = this.#promised.get(leader)
    return promised === undefined ? undefined : Bitfield.copyOf(promised)
  }

  /** False: nothing of it is new. */
  forwarded(leader: PeerHandle, pieces: readonly number[]): boolean {
    const promised = this.#promised.get(leader) ?? new Bitfield(this.#pieceCount)
    this.#promised.set(leader, promised)
    let isNew = false
    for (const piece of pieces) {
      if (!leader.pieces.has(piece) && promised.set(piece)) isNew = true
    }
    return isNew
  }

  left(leader: PeerHandle): void {
    this.#promised.delete(leader)
  }
}
