// How many of a group of peers have each piece, kept up by what they say.

import { Bitfield } from '@bt/primitives'
import type { PeerHandle } from '@bt/swarm'

export class CopyCount {
  readonly #counts: Uint32Array
  readonly #of = new Map<PeerHandle, Bitfield>()

  constructor(pieceCount: number) {
    this.#counts = new Uint32Array(pieceCount)
  }

  of(piece: number): number {
    return this.#counts[piece] ?? 0
  }

  /** Takes in all that the peer has now; a peer that is new joins the group. */
  look(peer: PeerHandle): void {
    let known = this.#of.get(peer)
    if (known === undefined) {
      known = new Bitfield(this.#counts.length)
      this.#of.set(peer, known)
    }
    const { pieces } = peer
    if (pieces.length === 0 || pieces.count === known.count) return
    for (let piece = 0; piece < pieces.length; piece++) {
      if (pieces.has(piece)) this.gained(peer, piece)
    }
  }

  /** Nothing for a peer that is not of the group. */
  gained(peer: PeerHandle, piece: number): void {
    if (this.#of.get(peer)?.set(piece) !== true) return
    this.#counts[piece] = this.of(piece) + 1
  }

  left(peer: PeerHandle): void {
    const known = this.#of.get(peer)
    if (known === undefined) return
    this.#of.delete(peer)
    for (let piece = 0; piece < known.length; piece++) {
      if (known.has(piece)) this.#counts[piece] = this.of(piece) - 1
    }
  }
}
