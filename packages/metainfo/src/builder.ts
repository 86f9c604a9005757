// Making a torrent piece by piece: says what to hash, takes digests in any order, writes the file.
//
// Knows no disk and no threads: the caller reads the spans of `geometry`, zeros for pads, and asks its Hasher. Memory is
// 20 bytes a piece (v1) and 32 (v2), whatever the content.

import { invariant, sha1 } from '@bt/primitives'
import {
  buildMetainfo,
  checkPieceLength,
  choosePieceLength,
  type Extras,
  layoutOf,
} from './build.ts'
import { MetainfoError } from './errors.ts'
import { FileHasher } from './file-hasher.ts'
import type { PieceGeometry, PieceIndex } from './geometry.ts'
import { isPad, layOut, type SourceFile } from './lay-out.ts'
import { merkleLeaves } from './merkle.ts'
import type { FileEntry } from './metainfo.ts'
import { PIECES_MAX } from './metainfo-limits.ts'
import { SHA1_LENGTH, tooManyPieces } from './v1-files.ts'

export interface BuilderParts extends Extras {
  readonly name: string
  readonly files: readonly SourceFile[]
  /** Default '1'. */
  readonly version?: '1' | '2' | 'hybrid'
  /** Default: `choosePieceLength` of the content. */
  readonly pieceLength?: number
  /** Default: 'file' for a single file whose path is its name, else 'folder'. */
  readonly layout?: 'file' | 'folder'
}

/** What a piece hashes to: `sha1` of all of it (v1, hybrid), `leaves` of its data without pads (v2, hybrid). */
export interface PieceDigests {
  readonly sha1?: Uint8Array
  /** SHA-256 of every 16 KiB, concatenated: `Hasher.leaves`. */
  readonly leaves?: Uint8Array
}

export class MetainfoBuilder {
  /** In the torrent's order, pad files included; `geometry.fileSpans` counts in it. */
  readonly files: readonly FileEntry[]
  readonly geometry: PieceGeometry
  readonly version: '1' | '2' | 'hybrid'
  readonly layout: 'file' | 'folder'
  readonly #parts: BuilderParts
  readonly #pieceHashes: Uint8Array
  readonly #hashers: readonly (FileHasher | undefined)[]
  readonly #seen: Uint8Array
  #missing: number

  /** @throws {MetainfoError} for names, lengths or a piece length that cannot stand in a torrent */
  constructor(parts: BuilderParts) {
    const { name, version = '1' } = parts
    const total = parts.files.reduce((sum, file) => sum + file.length, 0)
    const pieceLength = parts.pieceLength ?? choosePieceLength(total)
    checkPieceLength(pieceLength, version)
    this.version = version
    this.layout = parts.layout ?? layoutOf(name, parts.files)
    const laid = layOut({ version, pieceLength, files: parts.files, layout: this.layout })
    checkName(name, this.layout, laid.files)
    this.files = laid.files
    this.geometry = laid.geometry
    if (this.geometry.pieceCount > PIECES_MAX) throw tooManyPieces(this.geometry.pieceCount)
    this.#parts = parts
    this.#missing = this.geometry.pieceCount
    this.#seen = new Uint8Array(this.geometry.pieceCount)
    this.#pieceHashes = new Uint8Array(version === '2' ? 0 : this.#missing * SHA1_LENGTH)
    this.#hashers =
      version === '1'
        ? []
        : this.files.map((file) =>
            isPad(file) || file.length === 0 ? undefined : new FileHasher(file.length, pieceLength),
          )
  }

  /** Pieces whose digests are still to come. */
  get missingCount(): number {
    return this.#missing
  }

  /** Takes the digests of one piece; copies them. Each piece once, in any order. */
  addPiece(piece: PieceIndex, digests: PieceDigests): void {
    invariant(this.#seen[piece] === 0, 'the digests of a piece are added once')
    if (this.version !== '2') {
      invariant(digests.sha1?.length === SHA1_LENGTH, 'a v1 piece has a SHA-1')
      this.#pieceHashes.set(digests.sha1, piece * SHA1_LENGTH)
    }
    if (this.version !== '1') {
      invariant(digests.leaves !== undefined, 'a v2 piece has leaf hashes')
      const file = this.geometry.fileOf(piece)
      const hasher = this.#hashers[file]
      invariant(hasher !== undefined, 'a v2 piece begins with a file')
      hasher.add(piece - this.geometry.piecesOf(file).first, digests.leaves)
    }
    this.#seen[piece] = 1
    this.#missing--
  }

  /** Takes a whole piece of content, pads included as zeros, and hashes it here and now: for small things. */
  hashPiece(piece: PieceIndex, bytes: Uint8Array): void {
    invariant(bytes.length === this.geometry.lengthOf(piece), 'a piece is given whole')
    this.addPiece(piece, {
      ...(this.version !== '2' && { sha1: sha1(bytes) }),
      ...(this.version !== '1' && {
        leaves: merkleLeaves(bytes.subarray(0, this.geometry.dataLengthOf(piece))),
      }),
    })
  }

  /** The torrent file, once every piece was added. */
  build(): Uint8Array {
    invariant(this.#missing === 0, 'every piece is hashed before the torrent is written')
    const hashes = this.#hashers.map((hasher) => hasher?.finish())
    const files = this.files.map((file, at): FileEntry => {
      const piecesRoot = hashes[at]?.piecesRoot
      return piecesRoot === undefined ? file : { ...file, piecesRoot }
    })
    return buildMetainfo({
      ...this.#parts,
      version: this.version,
      layout: this.layout,
      pieceLength: this.geometry.pieceLength,
      files,
      pieceHashes: this.#pieceHashes,
      pieceLayers: hashes.map((file) => file?.pieceLayer),
    })
  }
}

function checkName(name: string, layout: 'file' | 'folder', files: readonly FileEntry[]): void {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
    const what = `is ${JSON.stringify(name)}, which cannot be the name of a file or folder`
    throw new MetainfoError(name === '' ? 'MISSING_NAME' : 'BAD_PATH', 'name', what)
  }
  if (layout === 'folder' || layoutOf(name, files) === 'file') return
  const what = `is ${JSON.stringify(name)}, but a torrent of one file has that file's name`
  throw new MetainfoError('BAD_PATH', 'name', what)
}
