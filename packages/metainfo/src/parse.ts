// Torrent file → Metainfo, and info dictionary from peers → Metainfo (BEP 3, 9, 12, 19, 27, 47, 52).
//
// What would be unsafe, ambiguous or impossible is refused with its place; what is merely superfluous or unknown is
// passed over. Time and memory go with the bytes given, never with the lengths they declare.

import type { LazyValue } from '@bt/bencode'
import { type InfoHash, type InfoHashV2, sha1, sha256, toHex } from '@bt/primitives'
import { readNodes, readTiers, readWebSeeds, webSeedUrl } from './announce-urls.ts'
import { MetainfoError } from './errors.ts'
import type { Metainfo } from './metainfo.ts'
import { INFO_BYTES_MAX, TORRENT_BYTES_MAX } from './metainfo-limits.ts'
import { openTorrent } from './open-torrent.ts'
import { readInfo } from './parse-info.ts'
import { readPieceLayers } from './piece-layers.ts'
import { optional } from './read-field.ts'
import { type Surroundings, Torrent } from './torrent.ts'

/** What `parseMetainfo` lets pass. */
export interface ParseOptions {
  /**
   * Told of each piece layer that is missing or does not lead to its file's root (BEP 52), instead of the refusal that
   * is usual. The layer is left out, so that `missingLayers` names the file. For who looks at a torrent, or asks
   * peers for its layers.
   */
  readonly onWrongLayer?: (error: MetainfoError) => void
}

/**
 * Parses a torrent file. `torrent` is copied; the caller's buffer may be reused.
 * @throws {BencodeError} when it is not bencode; `offset` says where
 * @throws {MetainfoError} when it is no torrent that may be used; `where` names the field
 */
export function parseMetainfo(torrent: Uint8Array, options: ParseOptions = {}): Metainfo {
  const { root, junk } = openTorrent(torrent.slice(), TORRENT_BYTES_MAX)
  const info = root.get('info')
  if (info?.type !== 'dictionary') {
    const what = info === undefined ? 'is missing' : `is a ${info.type}, not a dictionary`
    throw new MetainfoError('MISSING_INFO', 'info', what)
  }
  const facts = readInfo(info)
  const around = {
    announceTiers: readTiers(root),
    webSeeds: readWebSeeds(root, facts.layout === 'folder'),
    dhtNodes: readNodes(root),
    ...textFields(root),
  }
  const layers =
    facts.version === '1'
      ? undefined
      : readPieceLayers(
          root.get('piece layers'),
          facts.files,
          facts.geometry.pieceLength,
          options.onWrongLayer ?? refused,
        )
  if (junk !== undefined) throw junk
  return new Torrent(facts, around, layers ?? new Map())
}

function refused(error: MetainfoError): never {
  throw error
}

/**
 * Parses an info dictionary that came from peers (BEP 9), once its hash is seen to be the expected one: a v1 infohash,
 * a v2 one, or a v2 one truncated. Trackers and web seeds are the magnet's. v2 files of more than one piece lack their
 * piece layers: see `missingLayers`.
 * @throws {MetainfoError} `WRONG_INFO_HASH` before anything is parsed; otherwise as `parseMetainfo`
 */
export function parseInfo(
  infoBytes: Uint8Array,
  expected: InfoHash | InfoHashV2,
  around: Partial<Surroundings> = {},
): Metainfo {
  if (infoBytes.length > INFO_BYTES_MAX) {
    throw new MetainfoError(
      'TOO_LARGE',
      'info',
      `${infoBytes.length} bytes, limit ${INFO_BYTES_MAX}`,
    )
  }
  const own = infoBytes.slice()
  if (toHex(sha1(own)) !== expected && !toHex(sha256(own)).startsWith(expected)) {
    const what = `has ${own.length} bytes that do not hash to ${expected}`
    throw new MetainfoError('WRONG_INFO_HASH', 'info', what)
  }
  const { root, junk } = openTorrent(own, INFO_BYTES_MAX)
  const facts = readInfo(root)
  if (junk !== undefined) throw junk
  const named = [...facts.wireHashes, facts.infoHashV2]
  if (!named.some((hash) => hash === expected)) {
    const what = `is version ${facts.version}, which ${expected} is no infohash of`
    throw new MetainfoError('WRONG_INFO_HASH', 'info', what)
  }
  const isFolder = facts.layout === 'folder'
  const webSeeds = (around.webSeeds ?? []).map((url) => webSeedUrl(url, isFolder) ?? url)
  const full = { announceTiers: [], dhtNodes: [], ...around, webSeeds }
  return new Torrent(facts, full, new Map())
}

/** The last second of the year 9999: what dates can show everywhere. */
const CREATION_DATE_MAX = 253_402_300_799

function textFields(root: LazyValue): Partial<Surroundings> {
  const comment = textOf(root, 'comment.utf-8') ?? textOf(root, 'comment')
  const createdBy = textOf(root, 'created by.utf-8') ?? textOf(root, 'created by')
  const date = optional(root, 'creation date', 'integer')?.value()
  const isDate = typeof date === 'number' && date >= 0 && date <= CREATION_DATE_MAX
  return {
    ...(comment !== undefined && { comment }),
    ...(createdBy !== undefined && { createdBy }),
    ...(isDate && { creationDate: date }),
  }
}

/** Text as it stands, with U+FFFD for what is not UTF-8: whoever shows it escapes it. */
function textOf(root: LazyValue, key: string): string | undefined {
  const bytes = optional(root, key, 'string')?.bytes()
  return bytes === undefined || bytes.length === 0 ? undefined : lossyUtf8.decode(bytes)
}

const lossyUtf8 = new TextDecoder('utf-8', { ignoreBOM: true })
