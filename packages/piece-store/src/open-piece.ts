// One piece under download: its memory, and which of its blocks are here.
//
// Tiny on purpose: `take` runs once a block. Blocks are units of the geometry's block length; pad bytes at the
// piece's end are zeros from the start and count as here.

import type { PieceGeometry, PieceIndex } from '@bt/metainfo'
import { invariant } from '@bt/primitives'
import type { Copy } from './piece-memory.ts'

export class OpenPiece {
  readonly piece: PieceIndex
  /** As the pool knows it; may be longer than the piece. */
  readonly buffer: Uint8Array
  /** The piece's bytes, pads included. */
  readonly bytes: Uint8Array
  readonly blockLength: number
  /** Up to here blocks are awaited; behind it are pads. */
  readonly dataLength: number
  state: 'open' | 'settling' | 'corrupt' | 'gone' = 'open'
  readonly #copy: Copy
  readonly #here: Uint8Array
  #missing: number

  constructor(geometry: PieceGeometry, piece: PieceIndex, buffer: Uint8Array, copy: Copy) {
    this.#copy = copy
    this.piece = piece
    this.buffer = buffer
    this.bytes = buffer.subarray(0, geometry.lengthOf(piece))
    this.blockLength = geometry.blockLength
    this.dataLength = geometry.dataLengthOf(piece)
    this.#missing = geometry.blockCount(piece)
    this.#here = new Uint8Array(this.#missing)
    this.bytes.fill(0, this.dataLength)
  }

  get isComplete(): boolean {
    return this.#missing === 0
  }

  take(begin: number, data: Uint8Array): 'partial' | 'complete' | 'duplicate' {
    const end = begin + data.length
    const { blockLength, dataLength } = this
    invariant(
      begin >= 0 && begin % blockLength === 0 && data.length > 0 && end <= this.bytes.length,
      'a block lies inside its piece and begins at a multiple of the block length',
    )
    invariant(end % blockLength === 0 || end >= dataLength, 'a block is whole')
    const first = begin / blockLength
    const until = Math.min(Math.ceil(end / blockLength), this.#here.length)
    let fresh = false
    for (let block = first; block < until; block++) {
      if (this.#here[block] === 1) continue
      this.#here[block] = 1
      this.#missing--
      fresh = true
      const from = block * blockLength
      const stop = Math.min(from + blockLength, dataLength, end)
      const isAll = from === begin && stop === end
      this.#copy(isAll ? data : data.subarray(from - begin, stop - begin), this.bytes, from)
    }
    if (!fresh) return 'duplicate'
    return this.#missing === 0 ? 'complete' : 'partial'
  }

  /** These blocks are missing again. */
  forget(blocks: readonly number[]): void {
    for (const block of blocks) {
      invariant(
        block >= 0 && block < this.#here.length,
        'a block that is discarded lies in its piece',
      )
      if (this.#here[block] === 0) continue
      this.#here[block] = 0
      this.#missing++
    }
    if (this.#missing > 0) this.state = 'open'
  }
}
