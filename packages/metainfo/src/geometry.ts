// All arithmetic of pieces, blocks and files; the only maker of PieceIndex and BlockRef.
//
// One model for v1, v2 and hybrid: files lie one after the other in a space that is cut into pieces. In v1 and
// hybrid they touch (pad files do the aligning, BEP 47); in pure v2 every file starts at a piece boundary and the
// gap before it belongs to nobody, so the last piece of any file may be short (BEP 52). Costs 25 bytes a file and
// nothing a piece, whatever lengths a torrent declares; a lookup is a binary search over the files.

import { type Brand, invariant } from '@bt/primitives'
import { BLOCK_LENGTH } from './metainfo-limits.ts'

/** Only a PieceGeometry makes these, so holding one means it is in range. */
export type PieceIndex = Brand<number, 'PieceIndex'>

/** A range inside one piece: what a request asks for. `begin` and `length` in bytes. */
export interface BlockRef {
  readonly piece: PieceIndex
  readonly begin: number
  readonly length: number
}

/** A run of bytes of one file inside one piece. */
export interface FileSpan {
  /** Index into the files the geometry was made of (`Metainfo.files`). */
  readonly file: number
  /** Where the run starts in the file, in bytes. */
  readonly offset: number
  readonly length: number
  /** Where the run starts in the piece, in bytes. */
  readonly begin: number
  /** Zeros of a pad file: neither written nor read (BEP 47). */
  readonly pad: boolean
}

/** What geometry needs to know of a file. */
export interface GeometryFile {
  readonly length: number
  readonly pad?: boolean
}

export interface GeometryParts {
  /** In bytes; for `aligned` a power of two of at least 16 KiB (checked by the parser, not here). */
  readonly pieceLength: number
  readonly files: readonly GeometryFile[]
  /** Pure v2: every file starts at a piece boundary. Default: files touch. */
  readonly aligned?: boolean
  /** How long a block of ours is, in bytes; default 16 KiB, a whole piece in the simulator's fast profile. */
  readonly blockLength?: number
}

/** The pieces of a file: from `first` to `end` − 1; equal for an empty file. */
export interface PieceRange {
  readonly first: number
  readonly end: number
}

export class PieceGeometry {
  readonly pieceLength: number
  readonly blockLength: number
  readonly pieceCount: number
  readonly fileCount: number
  /** Sum of the lengths of all pieces: pad files count, gaps between v2 files do not. */
  readonly totalLength: number
  /** The same without pad files: what a user calls the size. */
  readonly contentLength: number
  /** Pure v2: every file starts at a piece boundary. */
  readonly aligned: boolean
  /** Start and end of each file in the piece space, and whether it is a pad. */
  readonly #starts: Float64Array
  readonly #ends: Float64Array
  readonly #pads: Uint8Array
  /** Where the data ends that lies at or before each file's end. */
  readonly #dataEnds: Float64Array
  readonly #spaceEnd: number

  /** An invariant, not an error of the torrent's, guards lengths: the parser has refused bad ones before. */
  constructor(parts: GeometryParts) {
    const { pieceLength, files } = parts
    invariant(Number.isSafeInteger(pieceLength) && pieceLength > 0, 'a piece length is positive')
    this.pieceLength = pieceLength
    this.blockLength = parts.blockLength ?? BLOCK_LENGTH
    invariant(this.blockLength > 0, 'a block length is positive')
    this.aligned = parts.aligned ?? false
    this.fileCount = files.length
    this.#starts = new Float64Array(files.length)
    this.#ends = new Float64Array(files.length)
    this.#pads = new Uint8Array(files.length)
    this.#dataEnds = new Float64Array(files.length)
    let end = 0
    let total = 0
    let content = 0
    let dataEnd = 0
    for (let file = 0; file < files.length; file++) {
      const { length, pad = false } = files[file] as GeometryFile
      invariant(Number.isSafeInteger(length) && length >= 0, 'a file length is whole, not negative')
      if (this.aligned && length > 0) end = Math.ceil(end / pieceLength) * pieceLength
      this.#starts[file] = end
      end += length
      this.#ends[file] = end
      this.#pads[file] = pad ? 1 : 0
      total += length
      if (!pad) content += length
      if (!pad && length > 0) dataEnd = end
      this.#dataEnds[file] = dataEnd
    }
    invariant(Number.isSafeInteger(end), 'a torrent is shorter than 2^53 bytes')
    this.#spaceEnd = end
    this.totalLength = total
    this.contentLength = content
    this.pieceCount = Math.ceil(end / pieceLength)
  }

  /** True when there is such a piece: the question to ask of a number that a peer sent. */
  hasPiece(index: number): boolean {
    return Number.isSafeInteger(index) && index >= 0 && index < this.pieceCount
  }

  /** @throws {InvariantError} out of range: ask `hasPiece` first about a number that a peer sent. */
  piece(index: number): PieceIndex {
    invariant(this.hasPiece(index), 'a piece index lies in the torrent')
    return index as PieceIndex
  }

  /** True when the range is not empty and lies inside one piece. */
  hasBlock(index: number, begin: number, length: number): boolean {
    if (!this.hasPiece(index) || !Number.isSafeInteger(begin) || !Number.isSafeInteger(length)) {
      return false
    }
    return begin >= 0 && length > 0 && begin + length <= this.lengthOf(index as PieceIndex)
  }

  /**
   * Any range inside one piece, as a peer may ask for; pad bytes included.
   * @throws {InvariantError} out of range: ask `hasBlock` first about numbers that a peer sent.
   */
  block(index: number, begin: number, length: number): BlockRef {
    invariant(this.hasBlock(index, begin, length), 'a block lies inside a piece of the torrent')
    return { piece: index as PieceIndex, begin, length }
  }

  /** Bytes of a piece, pad bytes included: what SHA-1 covers and what a peer may ask for. */
  lengthOf(piece: PieceIndex): number {
    const start = piece * this.pieceLength
    const end = Math.min(start + this.pieceLength, this.#spaceEnd)
    if (!this.aligned) return end - start
    return Math.min(this.pieceLength, (this.#ends[this.#fileAt(start)] as number) - start)
  }

  /**
   * Bytes of a piece up to the pad files that end it: what there is to ask for, as pads are zeros. A piece that is
   * all pads counts in full, so that every piece has a block.
   */
  dataLengthOf(piece: PieceIndex): number {
    const start = piece * this.pieceLength
    const length = this.lengthOf(piece)
    const data = (this.#dataEnds[this.#fileAt(start + length - 1)] as number) - start
    return data > 0 ? Math.min(length, data) : length
  }

  /** How many blocks of ours a piece has; at least 1. */
  blockCount(piece: PieceIndex): number {
    return Math.ceil(this.dataLengthOf(piece) / this.blockLength)
  }

  /** Block `number` of a piece, from 0: it begins at `number` · `blockLength`. */
  blockAt(piece: PieceIndex, number: number): BlockRef {
    const dataLength = this.dataLengthOf(piece)
    const begin = number * this.blockLength
    invariant(number >= 0 && begin < dataLength, 'a block number lies in its piece')
    return { piece, begin, length: Math.min(this.blockLength, dataLength - begin) }
  }

  /** The blocks to ask for, in order: aligned to `blockLength`, the last one cut where data ends (see `dataLengthOf`). */
  *blocks(piece: PieceIndex): Generator<BlockRef, void> {
    const dataLength = this.dataLengthOf(piece)
    for (let begin = 0; begin < dataLength; begin += this.blockLength) {
      yield { piece, begin, length: Math.min(this.blockLength, dataLength - begin) }
    }
  }

  /** Where a piece, or a range of it, lies in the files; in order, pad files included and marked, empty files left out. */
  fileSpans(piece: PieceIndex, begin = 0, length?: number): readonly FileSpan[] {
    const whole = this.lengthOf(piece)
    const end = begin + (length ?? whole - begin)
    invariant(begin >= 0 && begin <= end && end <= whole, 'a range lies inside its piece')
    const spans: FileSpan[] = []
    const start = piece * this.pieceLength
    if (end === begin) return spans
    for (let file = this.#fileAt(start + begin); file < this.fileCount; file++) {
      const from = Math.max(start + begin, this.#starts[file] as number)
      const until = Math.min(start + end, this.#ends[file] as number)
      if ((this.#starts[file] as number) >= start + end) break
      if (until <= from) continue
      spans.push({
        file,
        offset: from - (this.#starts[file] as number),
        length: until - from,
        begin: from - start,
        pad: this.#pads[file] === 1,
      })
    }
    return spans
  }

  /** The pieces that hold bytes of a file; in v1 the first and the last may hold bytes of others too. */
  piecesOf(file: number): PieceRange {
    invariant(file >= 0 && file < this.fileCount, 'a file index lies in the torrent')
    const start = this.#starts[file] as number
    const end = this.#ends[file] as number
    const first = Math.floor(start / this.pieceLength)
    return { first, end: end === start ? first : Math.ceil(end / this.pieceLength) }
  }

  /** The file that a piece begins in: in v2 and hybrid the only one it has data of. */
  fileOf(piece: PieceIndex): number {
    return this.#fileAt(piece * this.pieceLength)
  }

  /** Index of the file that holds the byte at `position`: the last one that starts there or before and is not empty. */
  #fileAt(position: number): number {
    let low = 0
    let high = this.fileCount - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ends[middle] as number) > position) high = middle
      else low = middle + 1
    }
    return low
  }
}
