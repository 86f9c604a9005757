// MultiTorrent: a torrent as contiguous ranges of pieces, each led by other peers. One range is CacheTorrent itself.

import { Bitfield, type ReadonlyBitfield } from '@bt/primitives'

export class PieceRanges {
  readonly count: number
  readonly #pieceCount: number

  constructor(count: number, pieceCount: number) {
    this.count = count
    this.#pieceCount = pieceCount
  }

  of(piece: number): number {
    return Math.floor((piece * this.count) / this.#pieceCount)
  }

  /** The pieces of these ranges. */
  pieces(ranges: ReadonlySet<number>): ReadonlyBitfield {
    const pieces = new Bitfield(this.#pieceCount)
    for (let piece = 0; piece < this.#pieceCount; piece++) {
      if (ranges.has(this.of(piece))) pieces.set(piece)
    }
    return pieces
  }
}
