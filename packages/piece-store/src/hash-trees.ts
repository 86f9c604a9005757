// Hashes of v2 files beyond what the torrent carries: learned from peers with a proof, and given to peers (BEP 52).
//
// Learned piece hashes go to the metainfo once a file's layer is whole; learned leaves stay here and tell wrong
// blocks apart the moment they arrive. Memory: 32 bytes for each hash learned, of this torrent's own tree only.

import { BLOCK_LENGTH, HASH_LENGTH, HashTree, type Metainfo, type PieceIndex } from '@bt/metainfo'
import { bytesEqual, sha256, toHex } from '@bt/primitives'
import type { HashRange } from './piece-store.ts'

interface FileTree {
  readonly file: number
  readonly tree: HashTree
  readonly firstPiece: number
  readonly pieceCount: number
  readonly leafCount: number
  /** Piece hashes learned so far, until the layer is whole. */
  layer: { readonly hashes: Uint8Array; readonly here: Uint8Array; missing: number } | undefined
}

export class HashTrees {
  readonly #metainfo: Metainfo
  readonly #trees = new Map<string, FileTree>()
  /** Learned leaf hashes by piece, concatenated. */
  readonly #leaves = new Map<number, Uint8Array>()

  constructor(metainfo: Metainfo) {
    this.#metainfo = metainfo
    const { geometry } = metainfo
    for (const [file, { length, piecesRoot }] of metainfo.files.entries()) {
      if (piecesRoot === undefined || length === 0) continue
      const { first, end } = geometry.piecesOf(file)
      const { pieceLength } = geometry
      this.#trees.set(toHex(piecesRoot), {
        file,
        tree: new HashTree({ length, piecesRoot, pieceLength }, metainfo.pieceLayer(file)),
        firstPiece: first,
        pieceCount: end - first,
        leafCount: Math.ceil(length / BLOCK_LENGTH),
        layer: undefined,
      })
    }
  }

  /** False while `mayBeRight` has nothing to say: keeps it off the block path. */
  get knowsLeaves(): boolean {
    return this.#leaves.size > 0
  }

  /** False when a leaf hash of this block is known and differs. Looks at whole leaves only. */
  mayBeRight(piece: PieceIndex, begin: number, data: Uint8Array): boolean {
    const leaves = this.#leaves.get(piece)
    if (leaves === undefined || begin % BLOCK_LENGTH !== 0) return true
    const dataLength = this.#metainfo.geometry.dataLengthOf(piece)
    const length = Math.min(data.length, dataLength - begin)
    for (let at = 0; at < length; at += BLOCK_LENGTH) {
      const end = Math.min(at + BLOCK_LENGTH, length)
      if (end - at < BLOCK_LENGTH && begin + end < dataLength) break
      const leaf = sha256(data.subarray(at, end))
      const from = ((begin + at) / BLOCK_LENGTH) * HASH_LENGTH
      if (!bytesEqual(leaf, leaves.subarray(from, from + HASH_LENGTH))) return false
    }
    return true
  }

  /** Indexes of the blocks that differ from the known leaves; undefined where leaves are not known. */
  wrongBlocks(
    piece: PieceIndex,
    bytes: Uint8Array,
    blockLength: number,
  ): readonly number[] | undefined {
    if (!this.#leaves.has(piece) || blockLength % BLOCK_LENGTH !== 0) return undefined
    const wrong: number[] = []
    const dataLength = this.#metainfo.geometry.dataLengthOf(piece)
    for (let begin = 0; begin < dataLength; begin += blockLength) {
      const block = bytes.subarray(begin, Math.min(begin + blockLength, dataLength))
      if (!this.mayBeRight(piece, begin, block)) wrong.push(begin / blockLength)
    }
    // SHA-1 of a hybrid differs while every leaf is right: the torrent contradicts itself, no block is to blame.
    return wrong.length === 0 ? undefined : wrong
  }

  /** Base hashes, then uncles from the lowest up, as a `hashes` message has them. False: no proof, nothing learned. */
  learn(range: HashRange, hashes: Uint8Array): boolean {
    const of = this.#trees.get(toHex(range.piecesRoot))
    if (of === undefined || !of.tree.accepts(range, hashes)) return false
    const base = hashes.subarray(0, range.length * HASH_LENGTH)
    if (range.baseLayer === of.tree.pieceHeight) this.#keepPieces(of, range, base)
    if (range.baseLayer === 0) this.#keepLeaves(of, range, base)
    return true
  }

  /** Undefined: not known here, or no range of this torrent. */
  answer(range: HashRange): Uint8Array | undefined {
    const of = this.#trees.get(toHex(range.piecesRoot))
    return of?.tree.answer(range, (piece) => this.#leaves.get(of.firstPiece + piece))
  }

  /** Only whole pieces' leaves are kept: others come again with the rest of their piece. */
  #keepLeaves(of: FileTree, range: HashRange, base: Uint8Array): void {
    const perPiece = this.#metainfo.geometry.pieceLength / BLOCK_LENGTH
    const begin = Math.ceil(range.index / perPiece)
    for (let piece = begin; piece < of.pieceCount; piece++) {
      const first = piece * perPiece
      const end = Math.min(first + perPiece, of.leafCount)
      if (end > range.index + range.length) break
      const from = (first - range.index) * HASH_LENGTH
      const leaves = base.slice(from, from + (end - first) * HASH_LENGTH)
      this.#leaves.set(of.firstPiece + piece, leaves)
    }
  }

  #keepPieces(of: FileTree, range: HashRange, base: Uint8Array): void {
    if (of.pieceCount < 2 || of.tree.hasPieceLayer) return
    of.layer ??= {
      hashes: new Uint8Array(of.pieceCount * HASH_LENGTH),
      here: new Uint8Array(of.pieceCount),
      missing: of.pieceCount,
    }
    const { layer } = of
    for (let at = 0; at < range.length && range.index + at < of.pieceCount; at++) {
      const index = range.index + at
      if (layer.here[index] === 1) continue
      layer.here[index] = 1
      layer.missing--
      const hash = base.subarray(at * HASH_LENGTH, (at + 1) * HASH_LENGTH)
      layer.hashes.set(hash, index * HASH_LENGTH)
    }
    if (layer.missing > 0) return
    of.layer = undefined
    of.tree.learnPieceLayer(layer.hashes)
    this.#metainfo.addPieceLayer(of.file, layer.hashes)
  }
}
