import { expect, test } from 'vitest'
import { idBytes } from '@bt/primitives'
import { type Metainfo, type MetainfoError, parseInfo, parseMetainfo } from '@bt/metainfo'
import { describeVectors, type ManifestEntry } from '../../../tests/support/vectors.ts'
import { errorClass } from './error-classes.ts'
import { expectSafe } from './safe-paths.ts'

interface Summary {
  readonly infohash_v1: string | null
  readonly infohash_v2: string | null
  readonly name?: string
  readonly num_files_listed?: number
  readonly total_size_listed?: number
  readonly piece_length?: number
  readonly num_pieces?: number
  readonly private?: boolean
}

type Outcome = { readonly torrent: Metainfo } | { readonly refused: string }

/**
 * Its manifest has it parsed with its facts, and refused when it is added: the layer leads to another root than the
 * file's. Two others with the same fault are refused at once. So it is read in both ways.
 */
const REFUSED_WHEN_ADDED = new Map([
  ['libtorrent-test-torrents/v2_invalid_root_hash.torrent', 'INVALID_PIECE_LAYER'],
])

function outcomeOf(bytes: Uint8Array): Outcome {
  try {
    return { torrent: parseMetainfo(bytes) }
  } catch (error) {
    return { refused: errorClass(error) }
  }
}

function expectFacts(torrent: Metainfo, entry: ManifestEntry): void {
  const summary = entry['summary'] as Summary
  const { version, geometry } = torrent
  expect(torrent.infoHashV1 ?? null).toBe(summary.infohash_v1)
  expect(torrent.infoHashV2 ?? null).toBe(summary.infohash_v2)
  expect(version).toBe(
    summary.infohash_v2 === null ? '1' : summary.infohash_v1 === null ? '2' : 'hybrid',
  )
  expect(torrent.files.length).toBe(summary.num_files_listed)
  expect(geometry.totalLength).toBe(summary.total_size_listed)
  expect(geometry.pieceLength).toBe(summary.piece_length)
  if (summary.num_pieces !== undefined) expect(geometry.pieceCount).toBe(summary.num_pieces)
  expect(torrent.isPrivate).toBe(summary.private)
  expectName(torrent, summary.name as string)
  const info = parseInfo(torrent.infoBytes, torrent.infoHashV2 ?? (torrent.infoHashV1 as never))
  expect(info.files).toEqual(torrent.files)
  expect(torrent.wireHashes.map((hash) => idBytes(hash).length)).toEqual(
    torrent.wireHashes.map(() => 20),
  )
}

/** The manifest's names are raw; ours may be made safe, which only names with something to change are. */
function expectName(torrent: Metainfo, raw: string): void {
  if (/^[\w .()[\]@&+,'~$!=-]+$/.test(raw) && !/[. ]$/.test(raw)) {
    expect(torrent.name).toBe(raw)
  }
}

describeVectors('[B24] torrents of others', (vectors) => {
  for (const entry of vectors.manifest()) {
    if (entry.kind !== 'torrent') continue
    const { outcome, error_class: wanted } = entry.expected
    const name = entry.file.replace(/^torrents\//, '')
    const later = REFUSED_WHEN_ADDED.get(name)
    if (later !== undefined) {
      test(`${name} can be looked at with its facts, and is refused as ${later} where it is to be used`, () => {
        const wrong: MetainfoError[] = []
        const bytes = vectors.bytes(entry.file)
        const torrent = parseMetainfo(bytes, { onWrongLayer: (error) => wrong.push(error) })
        expectFacts(torrent, entry)
        expectSafe(torrent)
        expect(wrong.map(errorClass)).toEqual([later])
        expect(torrent.missingLayers()).toEqual([0])
        expect(outcomeOf(bytes)).toEqual({ refused: later })
      })
    } else if (outcome === 'accept') {
      test(`${name} is accepted with its facts`, () => {
        const torrent = parseMetainfo(vectors.bytes(entry.file))
        expectFacts(torrent, entry)
        expectSafe(torrent)
      })
    } else if (outcome === 'reject') {
      test(`${name} is refused as ${wanted}`, () => {
        expect(outcomeOf(vectors.bytes(entry.file))).toEqual({ refused: wanted })
      })
    } else {
      test(`${name} is refused by a typed error or made safe`, () => {
        const result = outcomeOf(vectors.bytes(entry.file))
        if ('torrent' in result) expectSafe(result.torrent)
      })
    }
  }
})
