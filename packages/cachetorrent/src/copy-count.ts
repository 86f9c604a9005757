// How many of a group of peers have each piece, kept up by what they say.

import { Bitfield } from '@bt/primitives'
import type { PeerHandle } from '@bt/swarm'

/** A peer that may be of a group: of one at a time. */
export interface Holder {
  readonly peer: PeerHandle
  /** What of it is counted, which is its group's to say; undefined: it is of none. */
  counted: Bitfield | undefined
}

export class CopyCount {
  readonly #counts: Uint32Array
  readonly #changed: (piece: number) => void

  /** `changed` is told of each piece that the first of the group got, or the last lost. */
  constructor(pieceCount: number, changed: (piece: number) => void = () => {}) {
    this.#counts = new Uint32Array(pieceCount)
    this.#changed = changed
  }

  of(piece: number): number {
    return this.#counts[piece] ?? 0
  }

  /** Takes in all that the peer has now; a peer that is new joins the group. */
  look(holder: Holder): void {
    const known = (holder.counted ??= new Bitfield(this.#counts.length))
    const { pieces } = holder.peer
    if (pieces.length === 0 || pieces.count === known.count) return
    for (let piece = 0; piece < pieces.length; piece++) {
      if (pieces.has(piece)) this.gained(holder, piece)
    }
  }

  /** False: it is of no group, or was known to have it. */
  gained(holder: Holder, piece: number): boolean {
    if (holder.counted?.set(piece) !== true) return false
    const count = this.of(piece) + 1
    this.#counts[piece] = count
    if (count === 1) this.#changed(piece)
    return true
  }

  left(holder: Holder): void {
    const known = holder.counted
    if (known === undefined) return
    holder.counted = undefined
    for (let piece = 0; piece < known.length; piece++) {
      if (!known.has(piece)) continue
      const count = this.of(piece) - 1
      this.#counts[piece] = count
      if (count === 0) this.#changed(piece)
    }
  }
}
