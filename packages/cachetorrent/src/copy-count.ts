// How many of a group of peers have each piece, kept up by what they say.

import { Bitfield } from '@bt/primitives'
import type { PeerHandle } from '@bt/swarm'

export class CopyCount {
  readonly #counts: Uint32Array
  readonly #of = new Map<PeerHandle, Bitfield>()
  readonly #changed: (piece: number) => void

  /** `changed` is told of each piece that the first of the group got, or the last lost. */
  constructor(pieceCount: number, changed: (piece: number) => void = () => {}) {
    this.#counts = new Uint32Array(pieceCount)
    this.#changed = changed
  }

  of(piece: number): number {
    return this.#counts[piece] ?? 0
  }

  /** A peer of the group has it. */
  has(peer: PeerHandle, piece: number): boolean {
    return this.#of.get(peer)?.has(piece) === true
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

  /** False: it is not of the group, or was known to have it. */
  gained(peer: PeerHandle, piece: number): boolean {
    if (this.#of.get(peer)?.set(piece) !== true) return false
    const count = this.of(piece) + 1
    this.#counts[piece] = count
    if (count === 1) this.#changed(piece)
    return true
  }

  left(peer: PeerHandle): void {
    const known = this.#of.get(peer)
    if (known === undefined) return
    this.#of.delete(peer)
    for (let piece = 0; piece < known.length; piece++) {
      if (!known.has(piece)) continue
      const count = this.of(piece) - 1
      this.#counts[piece] = count
      if (count === 0) this.#changed(piece)
    }
  }
}
