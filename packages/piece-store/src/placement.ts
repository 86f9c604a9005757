// Where the bytes of a piece live: in their file, in the part file, or nowhere (pads are zeros).
//
// The part file takes bytes of unwanted files. Its layout follows from the geometry alone, so that no map can be
// lost: pieces that several files share have one slot each, in order; any other piece has its slot behind them
// (only a piece that was under way when its last file was unselected ever uses one, so the tail stays a hole).

import type { FileSpan, Metainfo, PieceGeometry, PieceIndex } from '@bt/metainfo'

/** One run of bytes and where it lies; `file` counts in the torrent, for `part` it is whose bytes they are. */
export interface Place {
  readonly where: 'file' | 'part' | 'pad'
  readonly file: number
  /** In the file, or in the part file. */
  readonly offset: number
  readonly length: number
  /** In the piece. */
  readonly begin: number
}

export class Placement {
  readonly #geometry: PieceGeometry
  readonly #inPart: Uint8Array
  readonly #sharedPieces: readonly number[]

  constructor(metainfo: Metainfo) {
    this.#geometry = metainfo.geometry
    this.#inPart = new Uint8Array(metainfo.files.length)
    this.#sharedPieces = sharedPieces(metainfo)
  }

  /** True: bytes of this file, if there are any, lie in the part file. */
  isInPart(file: number): boolean {
    return this.#inPart[file] === 1
  }

  put(file: number, where: 'file' | 'part'): void {
    this.#inPart[file] = where === 'part' ? 1 : 0
  }

  /** In order of the bytes. */
  places(piece: PieceIndex, begin = 0, length?: number): readonly Place[] {
    return this.#geometry.fileSpans(piece, begin, length).map((span) => this.#place(piece, span))
  }

  /** Where bytes of an unwanted file's span lie in the part file. */
  partOffset(piece: number, begin: number): number {
    return this.#slot(piece) * this.#geometry.pieceLength + begin
  }

  /** Bytes of the part file when every shared piece is in it. */
  get partFileLength(): number {
    return this.#sharedPieces.length * this.#geometry.pieceLength
  }

  #place(piece: PieceIndex, span: FileSpan): Place {
    const { file, length, begin } = span
    if (span.pad) return { where: 'pad', file, offset: 0, length, begin }
    if (this.#inPart[file] === 0) return { where: 'file', file, offset: span.offset, length, begin }
    return { where: 'part', file, offset: this.partOffset(piece, begin), length, begin }
  }

  #slot(piece: number): number {
    let low = 0
    let high = this.#sharedPieces.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#sharedPieces[middle] as number) < piece) low = middle + 1
      else high = middle
    }
    return this.#sharedPieces[low] === piece ? low : this.#sharedPieces.length + piece
  }
}

/** What to tell a storage provider about the part file: its usual greatest length in bytes. */
export function partFileLength(metainfo: Metainfo): number {
  return new Placement(metainfo).partFileLength
}

/** True for a file that has bytes of its own on disk: neither a pad, nor a symbolic link, nor empty. */
export function hasBytes(metainfo: Metainfo, file: number): boolean {
  const entry = metainfo.files[file]
  return entry !== undefined && entry.length > 0 && !isPad(metainfo, file)
}

/** True for a file to be made although it has no bytes: neither a pad nor a symbolic link. */
export function isEmptyFile(metainfo: Metainfo, file: number): boolean {
  const entry = metainfo.files[file]
  return entry?.length === 0 && !/[pl]/.test(entry.attributes ?? '')
}

function isPad(metainfo: Metainfo, file: number): boolean {
  return metainfo.files[file]?.attributes?.includes('p') === true
}

/** Pieces with bytes of at least two files that are not pads, in order. */
function sharedPieces(metainfo: Metainfo): readonly number[] {
  const shared: number[] = []
  let before = -1
  for (let file = 0; file < metainfo.files.length; file++) {
    if (!hasBytes(metainfo, file)) continue
    const { first, end } = metainfo.geometry.piecesOf(file)
    if (first === before && shared[shared.length - 1] !== first) shared.push(first)
    before = end - 1
  }
  return shared
}
