// How many connected peers have each piece, and which peer has what.
//
// Seeds are one number and touch no piece. Cost: O(1) per have; a bitfield, and a peer that leaves, cost one step
// per piece they had. A peer that goes back from having everything is never folded into the seeds again: two small
// messages in turn would cost a step per piece each time. BEP 3, 6, 54.

import { type ReadonlyBitfield, invariant } from '@bt/primitives'

/** What one peer has. Made and changed by `Availability` only. */
export class Holding {
  /** Bits in BEP 3 order; undefined: everything. */
  bits: Uint8Array | undefined
  count = 0
  /** It took back a piece once: kept piece by piece from then on. */
  fickle = false

  constructor(pieceCount: number) {
    this.bits = new Uint8Array((pieceCount + 7) >> 3)
  }

  has(piece: number): boolean {
    if (this.bits === undefined) return true
    return ((this.bits[piece >> 3] as number) & (128 >> (piece & 7))) !== 0
  }
}

export class Availability {
  readonly pieceCount: number
  readonly #counts: Uint16Array
  #seeds = 0
  readonly #moved: (piece: number, level: number) => void

  /** `moved` is told of each piece whose level (holders that are not seeds) changed. */
  constructor(pieceCount: number, moved: (piece: number, level: number) => void = () => {}) {
    this.pieceCount = pieceCount
    this.#counts = new Uint16Array(pieceCount)
    this.#moved = moved
  }

  /** Connected peers that have everything and are not counted piece by piece. */
  get seeds(): number {
    return this.#seeds
  }

  /** Connected peers that have the piece. */
  of(piece: number): number {
    return this.level(piece) + this.#seeds
  }

  /** The same without seeds: what rarity is measured by. */
  level(piece: number): number {
    return this.#counts[piece] as number
  }

  /** A peer that has nothing yet. */
  open(): Holding {
    return new Holding(this.pieceCount)
  }

  /** All it has, at once; replaces what was known. `pieces` is copied. */
  replace(holding: Holding, pieces: ReadonlyBitfield): void {
    invariant(pieces.length === this.pieceCount, 'a bitfield is as long as the torrent')
    this.close(holding)
    holding.count = pieces.count
    if (pieces.count === this.pieceCount && !holding.fickle) {
      holding.bits = undefined
      this.#seeds++
      return
    }
    holding.bits = pieces.toBytes()
    this.#each(holding.bits, 1)
  }

  /** False: it was known already. */
  gained(holding: Holding, piece: number): boolean {
    if (holding.bits === undefined || holding.has(piece)) return false
    const at = piece >> 3
    holding.bits[at] = (holding.bits[at] as number) | (128 >> (piece & 7))
    holding.count++
    this.#count(piece, 1)
    if (holding.count < this.pieceCount || holding.fickle) return true
    this.#each(holding.bits, -1)
    holding.bits = undefined
    this.#seeds++
    return true
  }

  /** It has the piece no more (BEP 54). False: it had not. */
  lost(holding: Holding, piece: number): boolean {
    if (!holding.has(piece)) return false
    if (holding.bits === undefined) {
      this.#seeds--
      holding.fickle = true
      holding.bits = fullBits(this.pieceCount)
      this.#each(holding.bits, 1)
    }
    const at = piece >> 3
    holding.bits[at] = (holding.bits[at] as number) & ~(128 >> (piece & 7))
    holding.count--
    this.#count(piece, -1)
    return true
  }

  /** The peer left: nothing it had counts any more. The holding is empty afterwards. */
  close(holding: Holding): void {
    if (holding.bits === undefined) this.#seeds--
    else if (holding.count > 0) this.#each(holding.bits, -1)
    holding.bits = new Uint8Array((this.pieceCount + 7) >> 3)
    holding.count = 0
  }

  #each(bits: Uint8Array, by: 1 | -1): void {
    for (let at = 0; at < bits.length; at++) {
      const byte = bits[at] as number
      if (byte === 0) continue
      for (let bit = 0; bit < 8; bit++) {
        if ((byte & (128 >> bit)) !== 0) this.#count(at * 8 + bit, by)
      }
    }
  }

  #count(piece: number, by: 1 | -1): void {
    const level = (this.#counts[piece] as number) + by
    this.#counts[piece] = level
    this.#moved(piece, level)
  }
}

function fullBits(length: number): Uint8Array {
  const bits = new Uint8Array((length + 7) >> 3).fill(255)
  if (length % 8 !== 0) bits[bits.length - 1] = (0xff00 >> (length % 8)) & 255
  return bits
}
