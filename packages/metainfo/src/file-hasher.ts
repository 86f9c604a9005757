// Pieces root and piece layer of one file from the leaf hashes of its pieces (BEP 52), in any order of pieces.
//
// Keeps 32 bytes a piece, so a file of any size can be hashed by several threads at once.

import { invariant } from '@bt/primitives'
import { HASH_LENGTH, heightOf, merkleRoot, pieceWidth } from './merkle.ts'
import { BLOCK_LENGTH } from './metainfo-limits.ts'

export interface FileHashes {
  /** 32 bytes: `pieces root`. */
  readonly piecesRoot: Uint8Array
  /** 32 bytes a piece: the file's entry in `piece layers`; undefined for a file of one piece, which has none. */
  readonly pieceLayer: Uint8Array | undefined
}

export class FileHasher {
  readonly #fileLength: number
  readonly #pieceLength: number
  readonly #layer: Uint8Array
  readonly #seen: Uint8Array
  #missing: number

  /** A file that is not empty; `pieceLength` is a power of two of at least 16 KiB. */
  constructor(fileLength: number, pieceLength: number) {
    invariant(fileLength > 0, 'an empty file has no hashes')
    this.#fileLength = fileLength
    this.#pieceLength = pieceLength
    this.#missing = Math.ceil(fileLength / pieceLength)
    this.#layer = new Uint8Array(this.#missing * HASH_LENGTH)
    this.#seen = new Uint8Array(this.#missing)
  }

  /** True when every piece was added. */
  get complete(): boolean {
    return this.#missing === 0
  }

  /** The leaf hashes (`Hasher.leaves`, `merkleLeaves`) of the file's piece `index`, counted in the file from 0. */
  add(index: number, leaves: Uint8Array): void {
    invariant(this.#seen[index] === 0, 'each piece of a file is added once')
    const length = Math.min(this.#pieceLength, this.#fileLength - index * this.#pieceLength)
    invariant(
      leaves.length === Math.ceil(length / BLOCK_LENGTH) * HASH_LENGTH,
      'a piece has one leaf hash for each 16 KiB',
    )
    const width = pieceWidth(this.#fileLength, this.#pieceLength)
    this.#layer.set(merkleRoot(leaves, width), index * HASH_LENGTH)
    this.#seen[index] = 1
    this.#missing--
  }

  /** Call when `complete`. */
  finish(): FileHashes {
    invariant(this.complete, 'every piece of a file is added before it is finished')
    if (this.#layer.length === HASH_LENGTH) {
      return { piecesRoot: this.#layer, pieceLayer: undefined }
    }
    const height = heightOf(this.#pieceLength / BLOCK_LENGTH)
    return { piecesRoot: merkleRoot(this.#layer, undefined, height), pieceLayer: this.#layer }
  }
}
