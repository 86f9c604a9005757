// The one Metainfo there is: facts of a parsed torrent, and its hashes by piece.

import { keyOfBytes } from '@bt/bencode'
import type { Endpoint, InfoHash, InfoHashV2 } from '@bt/primitives'
import type { PieceGeometry, PieceIndex } from './geometry.ts'
import { HASH_LENGTH, layerFits, pieceWidth } from './merkle.ts'
import type { FileEntry, Metainfo, PieceHashes } from './metainfo.ts'
import { needsLayer, type PieceLayers } from './piece-layers.ts'
import { SHA1_LENGTH } from './v1-files.ts'

/** What a torrent says beside its info dictionary. */
export interface Surroundings {
  readonly announceTiers: readonly (readonly string[])[]
  readonly webSeeds: readonly string[]
  readonly dhtNodes: readonly Endpoint[]
  readonly comment?: string
  readonly createdBy?: string
  readonly creationDate?: number
}

/** What the info dictionary says. */
export interface InfoFacts {
  readonly version: '1' | '2' | 'hybrid'
  readonly infoHashV1?: InfoHash
  readonly infoHashV2?: InfoHashV2
  readonly wireHashes: readonly InfoHash[]
  readonly infoBytes: Uint8Array
  readonly name: string
  readonly layout: 'file' | 'folder'
  readonly isPrivate: boolean
  readonly files: readonly FileEntry[]
  readonly geometry: PieceGeometry
  /** SHA-1 of all pieces; empty in v2. */
  readonly pieces: Uint8Array
}

export class Torrent implements Metainfo {
  readonly version: '1' | '2' | 'hybrid'
  declare readonly infoHashV1?: InfoHash
  declare readonly infoHashV2?: InfoHashV2
  readonly wireHashes: readonly InfoHash[]
  readonly infoBytes: Uint8Array
  readonly name: string
  readonly layout: 'file' | 'folder'
  readonly isPrivate: boolean
  readonly files: readonly FileEntry[]
  readonly geometry: PieceGeometry
  readonly announceTiers: readonly (readonly string[])[]
  readonly webSeeds: readonly string[]
  readonly dhtNodes: readonly Endpoint[]
  declare readonly comment?: string
  declare readonly createdBy?: string
  declare readonly creationDate?: number
  readonly #pieces: Uint8Array
  readonly #layers: PieceLayers

  constructor(info: InfoFacts, around: Surroundings, layers: PieceLayers) {
    this.version = info.version
    if (info.infoHashV1 !== undefined) this.infoHashV1 = info.infoHashV1
    if (info.infoHashV2 !== undefined) this.infoHashV2 = info.infoHashV2
    this.wireHashes = info.wireHashes
    this.infoBytes = info.infoBytes
    this.name = info.name
    this.layout = info.layout
    this.isPrivate = info.isPrivate
    this.files = info.files
    this.geometry = info.geometry
    this.announceTiers = around.announceTiers
    this.webSeeds = around.webSeeds
    this.dhtNodes = around.dhtNodes
    if (around.comment !== undefined) this.comment = around.comment
    if (around.createdBy !== undefined) this.createdBy = around.createdBy
    if (around.creationDate !== undefined) this.creationDate = around.creationDate
    this.#pieces = info.pieces
    this.#layers = layers
  }

  pieceHashes(piece: PieceIndex): PieceHashes {
    if (this.version === '1') return { sha1: this.#sha1(piece) }
    const file = this.geometry.fileOf(piece)
    const { length, piecesRoot } = this.files[file] as FileEntry
    const { pieceLength } = this.geometry
    let merkleRoot = piecesRoot
    if (length > pieceLength) {
      const at = (piece - this.geometry.piecesOf(file).first) * HASH_LENGTH
      merkleRoot = this.pieceLayer(file)?.subarray(at, at + HASH_LENGTH)
    }
    return {
      ...(this.version === 'hybrid' && { sha1: this.#sha1(piece) }),
      ...(merkleRoot !== undefined && { merkleRoot }),
      merkleWidth: pieceWidth(length, pieceLength),
    }
  }

  pieceLayer(file: number): Uint8Array | undefined {
    const root = this.files[file]?.piecesRoot
    return root === undefined ? undefined : this.#layers.get(keyOfBytes(root))
  }

  missingLayers(): readonly number[] {
    const missing: number[] = []
    for (const [at, file] of this.files.entries()) {
      if (needsLayer(file, this.geometry.pieceLength) && this.pieceLayer(at) === undefined) {
        missing.push(at)
      }
    }
    return missing
  }

  addPieceLayer(file: number, layer: Uint8Array): boolean {
    const entry = this.files[file]
    const { pieceLength } = this.geometry
    if (entry === undefined || !needsLayer(entry, pieceLength)) return false
    if (!layerFits(layer, entry, pieceLength)) return false
    this.#layers.set(keyOfBytes(entry.piecesRoot), layer.slice())
    return true
  }

  #sha1(piece: PieceIndex): Uint8Array {
    return this.#pieces.subarray(piece * SHA1_LENGTH, (piece + 1) * SHA1_LENGTH)
  }
}
