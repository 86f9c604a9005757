// What a scenario's swarm shares: content and its torrents. The wire profile has real bytes and real hashes.

import { createMetainfo, type Metainfo, parseMetainfo } from '@bt/metainfo'
import { type InfoHash, Prng } from '@bt/primitives'
import type { Scenario } from './scenario.ts'

/** One torrent: all of the content, or a contiguous range of its pieces. */
export interface ContentPart {
  readonly metainfo: Metainfo
  readonly infoHash: InfoHash
  /** Where it begins, in pieces of the whole content. */
  readonly firstPiece: number
  /** Name of the file. */
  readonly path: string
  readonly bytes: Uint8Array
}

/** The same for every seed of a scenario: only its shape matters. */
export function makeContent(scenario: Scenario, parts: number): readonly ContentPart[] {
  const random = new Prng('content')
  const made: ContentPart[] = []
  for (let part = 0; part < parts; part++) {
    const firstPiece = Math.floor((part * scenario.pieces) / parts)
    const pieces = Math.floor(((part + 1) * scenario.pieces) / parts) - firstPiece
    const bytes = new Uint8Array(pieces * scenario.pieceLength)
    random.fill(bytes)
    const path = `content-${part}`
    const metainfo = parseMetainfo(
      createMetainfo({
        name: path,
        layout: 'file',
        version: '1',
        pieceLength: scenario.pieceLength,
        files: [{ path: [path], data: bytes }],
      }),
    )
    made.push({ metainfo, infoHash: metainfo.infoHashV1 as InfoHash, firstPiece, path, bytes })
  }
  return made
}
