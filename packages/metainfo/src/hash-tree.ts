// One v2 file's merkle tree as peers talk of it: answering and checking `hash request` / `hashes` (BEP 52).
//
// Holds the piece layer when it is known and, once asked, the layers above it; leaves are asked of the caller, who
// has the data. A range counts layers from the leaves (0) up. Uncles are sent from the layer where the range itself
// has shrunk to one hash: the first log2(length) − 1 proof layers are counted but not sent.

import { bytesEqual, invariant } from '@bt/primitives'
import {
  HASH_LENGTH,
  heightOf,
  layerAbove,
  layerFits,
  merkleRoot,
  parentHash,
  pieceWidth,
  powerOfTwoFrom,
  widthOf,
  zeroRoot,
} from './merkle.ts'
import { BLOCK_LENGTH, HASHES_PER_REQUEST_MAX } from './metainfo-limits.ts'

/** A span of one layer and how far up it is to be proved; shaped as in wire's messages. */
export interface HashSpan {
  readonly baseLayer: number
  readonly index: number
  readonly length: number
  readonly proofLayers: number
}

export interface HashTreeFile {
  /** Bytes of the file, at least 1. */
  readonly length: number
  readonly piecesRoot: Uint8Array
  readonly pieceLength: number
}

export class HashTree {
  /** Layers above the leaves; the root lies there. */
  readonly height: number
  /** Layers between the leaves and the hashes of pieces. */
  readonly pieceHeight: number
  readonly #file: HashTreeFile
  /** Layers from the piece layer up, as far as they were computed; hashes of real data only. */
  #upper: Uint8Array[] = []

  /** `pieceLayer` is kept, unchanged; it must have been checked (`layerFits`). */
  constructor(file: HashTreeFile, pieceLayer?: Uint8Array) {
    invariant(file.length > 0, 'an empty file has no tree')
    this.#file = file
    this.height = heightOf(powerOfTwoFrom(Math.ceil(file.length / BLOCK_LENGTH)))
    this.pieceHeight = heightOf(pieceWidth(file.length, file.pieceLength))
    if (file.length <= file.pieceLength) this.#upper = [file.piecesRoot]
    else if (pieceLayer !== undefined) this.#upper = [pieceLayer]
  }

  /** True when the hashes of all pieces are known. */
  get hasPieceLayer(): boolean {
    return this.#upper.length > 0
  }

  /** Takes the whole piece layer; false, and nothing changed, when it does not lead to the root. */
  learnPieceLayer(layer: Uint8Array): boolean {
    if (!layerFits(layer, this.#file, this.#file.pieceLength)) return false
    this.#upper = [layer.slice()]
    return true
  }

  /** The question to ask of a request: a power of two of hashes, aligned, inside the tree, proved no further than the root. */
  isSpan(span: HashSpan): boolean {
    const { baseLayer, index, length, proofLayers } = span
    if (!isCount(baseLayer) || !isCount(index) || !isCount(length) || !isCount(proofLayers)) {
      return false
    }
    if (length < 2 || length > HASHES_PER_REQUEST_MAX || powerOfTwoFrom(length) !== length) {
      return false
    }
    if (baseLayer >= this.height || proofLayers >= this.height - baseLayer) return false
    return index % length === 0 && index + length <= widthOf(this.height - baseLayer)
  }

  /**
   * The hashes that answer a request: the span, then its uncles upwards. `leavesOf` gives the leaf hashes of one of the
   * file's pieces, or undefined when its data is not here. Undefined when they cannot be had: answer with a reject.
   */
  answer(
    span: HashSpan,
    leavesOf: (piece: number) => Uint8Array | undefined,
  ): Uint8Array | undefined {
    if (!this.isSpan(span)) return undefined
    const trees = new Map<number, readonly Uint8Array[]>()
    const hashes: Uint8Array[] = []
    for (let at = span.index; at < span.index + span.length; at++) {
      const hash = this.#node(span.baseLayer, at, leavesOf, trees)
      if (hash === undefined) return undefined
      hashes.push(hash)
    }
    for (let up = heightOf(span.length); up <= span.proofLayers; up++) {
      const uncle = Math.floor(span.index / widthOf(up)) ^ 1
      const hash = this.#node(span.baseLayer + up, uncle, leavesOf, trees)
      if (hash === undefined) return undefined
      hashes.push(hash)
    }
    const joined = new Uint8Array(hashes.length * HASH_LENGTH)
    for (const [at, hash] of hashes.entries()) joined.set(hash, at * HASH_LENGTH)
    return joined
  }

  /** True when the hashes of an answer lead to the root, or to a hash of a piece that is known. */
  accepts(span: HashSpan, hashes: Uint8Array): boolean {
    if (!this.isSpan(span)) return false
    const shrunk = heightOf(span.length)
    const uncles = Math.max(0, span.proofLayers - shrunk + 1)
    if (hashes.length !== (span.length + uncles) * HASH_LENGTH) return false
    let proved = merkleRoot(hashes.subarray(0, span.length * HASH_LENGTH))
    let layer = span.baseLayer + shrunk
    let index = span.index / span.length
    for (let at = span.length; at < span.length + uncles; at++) {
      const uncle = hashes.subarray(at * HASH_LENGTH, (at + 1) * HASH_LENGTH)
      proved = index % 2 === 0 ? parentHash(proved, uncle) : parentHash(uncle, proved)
      layer++
      index = Math.floor(index / 2)
    }
    const known = this.#known(layer, index)
    return known !== undefined && bytesEqual(known, proved)
  }

  /** The hash at a place of the tree: pads by rule, above the pieces from the layer, below from leaves. */
  #node(
    layer: number,
    index: number,
    leavesOf: (piece: number) => Uint8Array | undefined,
    trees: Map<number, readonly Uint8Array[]>,
  ): Uint8Array | undefined {
    const covered = widthOf(layer) * BLOCK_LENGTH
    if (index * covered >= this.#file.length) return zeroRoot(layer)
    if (layer >= this.pieceHeight) return this.#known(layer, index)
    const perPiece = widthOf(this.pieceHeight - layer)
    const piece = Math.floor(index / perPiece)
    let tree = trees.get(piece)
    if (tree === undefined) {
      const leaves = leavesOf(piece)
      if (leaves === undefined) return undefined
      tree = layersOf(leaves, 0, this.pieceHeight)
      trees.set(piece, tree)
    }
    const within = index - piece * perPiece
    return hashAt(tree[layer] as Uint8Array, within)
  }

  /** The hash at a place at or above the pieces, when it is known. */
  #known(layer: number, index: number): Uint8Array | undefined {
    if (layer === this.height) return index === 0 ? this.#file.piecesRoot : undefined
    if (layer < this.pieceHeight || this.#upper.length === 0) return undefined
    for (let at = this.#upper.length; at <= layer - this.pieceHeight; at++) {
      this.#upper.push(layerAbove(this.#upper[at - 1] as Uint8Array, this.pieceHeight + at - 1))
    }
    const hashes = this.#upper[layer - this.pieceHeight] as Uint8Array
    return (index + 1) * HASH_LENGTH <= hashes.length ? hashAt(hashes, index) : zeroRoot(layer)
  }
}

function layersOf(hashes: Uint8Array, from: number, to: number): readonly Uint8Array[] {
  const layers = [hashes]
  for (let at = from; at < to; at++) layers.push(layerAbove(layers.at(-1) as Uint8Array, at))
  return layers
}

function hashAt(layer: Uint8Array, index: number): Uint8Array {
  return layer.subarray(index * HASH_LENGTH, (index + 1) * HASH_LENGTH)
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
