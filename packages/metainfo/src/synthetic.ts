// A torrent of content that nobody has made: so many pieces of such a length, for simulations that move lengths only.
//
// It is a whole v1 torrent (its infohash is that of its info dictionary, which peers may hand on), but every piece hash
// is zero: a store that hashes would find all of it corrupt. Equal parts make equal torrents.

import { buildMetainfo } from './build.ts'
import { PieceGeometry } from './geometry.ts'
import type { Metainfo } from './metainfo.ts'
import { parseMetainfo } from './parse.ts'
import { Torrent } from './torrent.ts'
import { SHA1_LENGTH } from './v1-files.ts'

export interface SyntheticParts {
  /** Of its one file; another name is another infohash. */
  readonly name: string
  readonly pieceCount: number
  /** In bytes; any number from 1. */
  readonly pieceLength: number
  /** In bytes; default: one block a piece, as the simulator's fast profile moves them. */
  readonly blockLength?: number
}

/** @throws {MetainfoError} for a piece length or a number of pieces that no torrent may have */
export function syntheticMetainfo(parts: SyntheticParts): Metainfo {
  const { name, pieceCount, pieceLength, blockLength = pieceLength } = parts
  const torrent = parseMetainfo(
    buildMetainfo({
      name,
      pieceLength,
      files: [{ path: [name], length: pieceCount * pieceLength }],
      pieceHashes: new Uint8Array(pieceCount * SHA1_LENGTH),
    }),
  )
  const { version, wireHashes, infoBytes, layout, isPrivate, files } = torrent
  const geometry = new PieceGeometry({ pieceLength, blockLength, files })
  const { infoHashV1 } = torrent
  return new Torrent(
    {
      version,
      ...(infoHashV1 === undefined ? {} : { infoHashV1 }),
      wireHashes,
      infoBytes,
      name: torrent.name,
      layout,
      isPrivate,
      files,
      geometry,
      pieces: new Uint8Array(pieceCount * SHA1_LENGTH),
    },
    { announceTiers: [], webSeeds: [], dhtNodes: [] },
    new Map(),
  )
}
