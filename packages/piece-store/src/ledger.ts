// Which pieces are had, which of those are safe from a power cut, and which are only perhaps there.
//
// fresh: had, written since the last sync began. syncing: had, covered by the sync that runs now. A piece whose
// sync failed is neither and never becomes durable by a later sync: after an error the system may have dropped
// its pages (fsync reports a lost page once). Only being written again makes it fresh.

import { Bitfield } from '@bt/primitives'

export class Ledger {
  readonly have: Bitfield
  readonly durable: Bitfield
  readonly doubtful: Bitfield
  /** Pieces that some wanted file needs. */
  #wanted: Bitfield
  #missing = 0
  #fresh = new Set<number>()
  #syncing = new Set<number>()

  constructor(pieceCount: number) {
    this.have = new Bitfield(pieceCount)
    this.durable = new Bitfield(pieceCount)
    this.doubtful = new Bitfield(pieceCount)
    this.#wanted = new Bitfield(pieceCount)
  }

  /** How many wanted pieces are not had. */
  get missingCount(): number {
    return this.#missing
  }

  want(pieces: Bitfield): void {
    this.#wanted = pieces
    this.#missing = 0
    for (let piece = 0; piece < pieces.length; piece++) {
      if (pieces.has(piece) && !this.have.has(piece)) this.#missing++
    }
  }

  /** Verified, and written or moved just now. */
  gained(piece: number): void {
    this.#gain(piece)
    this.doubtful.clear(piece)
    this.unsettle(piece)
  }

  /** Had as before, but its bytes were written to another place: not durable there. */
  unsettle(piece: number): void {
    this.durable.clear(piece)
    this.#syncing.delete(piece)
    this.#fresh.add(piece)
  }

  /** Resume data vouches for it. */
  trusted(piece: number): void {
    this.#gain(piece)
    this.durable.set(piece)
  }

  /** No longer had. `doubtful`: it may be there nevertheless. True when it was had. */
  lose(piece: number, doubtful: boolean): boolean {
    if (doubtful) this.doubtful.set(piece)
    else this.doubtful.clear(piece)
    this.durable.clear(piece)
    this.#fresh.delete(piece)
    this.#syncing.delete(piece)
    if (!this.have.clear(piece)) return false
    if (this.#wanted.has(piece)) this.#missing++
    return true
  }

  syncBegins(): void {
    this.#syncing = this.#fresh
    this.#fresh = new Set()
  }

  syncEnded(well: boolean): void {
    if (well) for (const piece of this.#syncing) this.durable.set(piece)
    this.#syncing = new Set()
  }

  #gain(piece: number): void {
    if (this.have.set(piece) && this.#wanted.has(piece)) this.#missing--
  }
}
