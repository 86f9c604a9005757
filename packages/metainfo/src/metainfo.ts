// The parsed torrent as a type: v1, v2 and hybrid are one model (BEP 3, 47, 52).

import type { Endpoint, InfoHash, InfoHashV2 } from '@bt/primitives'
import type { PieceGeometry, PieceIndex } from './geometry.ts'

/** One file of a torrent. */
export interface FileEntry {
  /** Safe on every platform: folder names, then the file's own (see the sanitiser). For a single file: its name alone. */
  readonly path: readonly string[]
  /** In bytes; 0 for a symbolic link. */
  readonly length: number
  /** 'p' pad, 'x' executable, 'h' hidden, 'l' symbolic link (BEP 47). */
  readonly attributes?: string
  /** Merkle root over 16 KiB leaves, 32 bytes: a file of v2 or hybrid that is not empty (BEP 52). */
  readonly piecesRoot?: Uint8Array
  /** Where a symbolic link points: safe names from the torrent's root (BEP 47). */
  readonly symlink?: readonly string[]
}

/** What a correct piece hashes to: SHA-1 of the piece (v1), merkle root of its leaves (v2), both (hybrid). */
export interface PieceHashes {
  /** 20 bytes over the whole piece, pad bytes included. */
  readonly sha1?: Uint8Array
  /** 32 bytes; missing while the piece layer of its file is not known (a v2 magnet link). */
  readonly merkleRoot?: Uint8Array
  /** Leaves the tree under `merkleRoot` is padded to, a power of two: second argument of `merkleRoot()`. */
  readonly merkleWidth?: number
}

/**
 * v1, v2 and hybrid are one type: `version` says which hashes exist, geometry aligns pieces to files where v2 does.
 * Bytes in it are the metainfo's own and not to be changed.
 */
export interface Metainfo {
  readonly version: '1' | '2' | 'hybrid'
  readonly infoHashV1?: InfoHash
  readonly infoHashV2?: InfoHashV2
  /** What is announced and shaken hands with: v1, then truncated v2. */
  readonly wireHashes: readonly InfoHash[]
  /** The exact bytes of `info`: what the infohash covers and BEP 9 sends. */
  readonly infoBytes: Uint8Array
  /** Safe as a file name; the folder of a torrent of several files. */
  readonly name: string
  /** A file whose name is `name`, or a folder of that name (even with one file in it). */
  readonly layout: 'file' | 'folder'
  /** BEP 27: only its own trackers may give peers. */
  readonly isPrivate: boolean
  /** In geometry's order; pad files included ('p' in `attributes`). */
  readonly files: readonly FileEntry[]
  readonly geometry: PieceGeometry
  /** Tiers in the torrent's order, not shuffled (BEP 12); empty for none. */
  readonly announceTiers: readonly (readonly string[])[]
  /** `url-list` (BEP 19), as written. */
  readonly webSeeds: readonly string[]
  /** `nodes` (BEP 5): where to enter the DHT. */
  readonly dhtNodes: readonly Endpoint[]
  readonly comment?: string
  readonly createdBy?: string
  /** Seconds since 1970. */
  readonly creationDate?: number
  pieceHashes(piece: PieceIndex): PieceHashes
  /**
   * The hashes of one v2 file's pieces, 32 bytes each, as `piece layers` has them; undefined for files of one
   * piece or less, and while they are not known.
   */
  pieceLayer(file: number): Uint8Array | undefined
  /** Files whose piece layer is needed and not known: none, unless the info came from a peer (BEP 9). */
  missingLayers(): readonly number[]
  /** Takes a piece layer from a peer; false, and nothing changed, when it does not hash to the file's root. */
  addPieceLayer(file: number, layer: Uint8Array): boolean
}
