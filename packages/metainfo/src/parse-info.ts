// The info dictionary: version first (BEP 52), then pieces and files, then the paths they may have.

import type { LazyValue } from '@bt/bencode'
import {
  type InfoHash,
  type InfoHashV2,
  parseInfoHash,
  parseInfoHashV2,
  sha1,
  sha256,
  truncateInfoHash,
} from '@bt/primitives'
import { MetainfoError } from './errors.ts'
import { PieceGeometry } from './geometry.ts'
import { joinHybrid } from './hybrid.ts'
import type { FileEntry } from './metainfo.ts'
import { PIECE_LENGTH_MAX, PIECE_LENGTH_V2_MIN } from './metainfo-limits.ts'
import type { RawFile } from './raw-file.ts'
import { integerOf, placeOf, required } from './read-field.ts'
import { tellingName } from './safe-name.ts'
import { type PlacedFile, placeFiles } from './safe-path.ts'
import type { InfoFacts } from './torrent.ts'
import { claimsV1, nameOf, readV1 } from './v1-files.ts'
import { readV2 } from './v2-files.ts'

/** @throws {MetainfoError} for an info dictionary that may not be used */
export function readInfo(info: LazyValue): InfoFacts {
  const version = versionOf(info)
  const pieceLength = pieceLengthOf(info, version)
  const { shown, compared } = nameOf(info)
  const v1 = version === '2' ? undefined : readV1(info, compared, pieceLength)
  const v2 = version === '1' ? undefined : readV2(info, pieceLength)
  const raw =
    v1 === undefined
      ? (v2?.files ?? [])
      : v2 === undefined
        ? v1.files
        : joinHybrid(v1, v2, pieceLength)
  const layout = (v1 ?? v2)?.isFolder === true ? 'folder' : 'file'
  const infoBytes = info.raw()
  const hashes = infoHashes(infoBytes, version)
  const name =
    layout === 'file'
      ? singleName(info, v2 === undefined ? shown : (raw[0]?.path[0] as Uint8Array))
      : (tellingName(shown) ?? (hashes.wireHashes[0] as InfoHash))
  const files = filesOf(raw, layout === 'file' ? name : undefined)
  const geometry = new PieceGeometry({
    pieceLength,
    files: files.map((file) => ({ length: file.length, pad: isPad(file) })),
    aligned: version === '2',
  })
  return {
    version,
    ...hashes,
    infoBytes,
    name,
    layout,
    isPrivate: isPrivate(info),
    files,
    geometry,
    pieces: v1?.pieces ?? new Uint8Array(0),
  }
}

/** Before all else, so that a newer version is told as such (BEP 52). Version 1 is not assigned and means none. */
function versionOf(info: LazyValue): '1' | '2' | 'hybrid' {
  const value = info.get('meta version')
  const version = value?.type === 'integer' ? (value.value() as number | bigint) : undefined
  const where = placeOf(info, 'meta version')
  if (value !== undefined && version !== 1 && version !== 2) {
    const what = version === undefined ? 'is no integer' : `is ${version}; 1 and 2 are known`
    throw new MetainfoError('UNSUPPORTED_VERSION', where, what)
  }
  if (version === 2) return claimsV1(info) ? 'hybrid' : '2'
  if (info.get('file tree') === undefined) return '1'
  const what = 'is not 2, but there is a file tree'
  throw new MetainfoError('UNSUPPORTED_VERSION', where, what)
}

function pieceLengthOf(info: LazyValue, version: '1' | '2' | 'hybrid'): number {
  const value = required(info, 'piece length', 'integer', 'BAD_PIECE_LENGTH')
  const length = integerOf(value, 'BAD_PIECE_LENGTH')
  const min = version === '1' ? 1 : PIECE_LENGTH_V2_MIN
  if (typeof length !== 'number' || length < min || length > PIECE_LENGTH_MAX) {
    const what = `is ${length}, allowed are ${min} to ${PIECE_LENGTH_MAX}`
    throw new MetainfoError('BAD_PIECE_LENGTH', value.path, what)
  }
  if (version !== '1' && (length & (length - 1)) !== 0) {
    throw new MetainfoError('BAD_PIECE_LENGTH', value.path, `is ${length}, in v2 a power of two`)
  }
  return length
}

/** In doubt private: anything but an integer 0 keeps a torrent from DHT, PEX and LSD (BEP 27). */
function isPrivate(info: LazyValue): boolean {
  const value = info.get('private')
  return value !== undefined && !(value.type === 'integer' && value.value() === 0)
}

/** The name of a single file; a folder that has none is called by its infohash, as libtorrent does, a file is refused. */
function singleName(info: LazyValue, raw: Uint8Array): string {
  const name = tellingName(raw)
  if (name !== undefined) return name
  throw new MetainfoError('MISSING_NAME', placeOf(info, 'name'), 'names nothing')
}

/** `single`: the safe name of a single file, whose path it is. */
function filesOf(raw: readonly RawFile[], single: string | undefined): readonly FileEntry[] {
  const placed = single === undefined ? placeFiles(raw) : [{ path: [single] }]
  return raw.map((file, at) => {
    const { path, symlink }: PlacedFile = placed[at] as PlacedFile
    return {
      path,
      length: Number(file.length),
      ...(file.attributes !== undefined && { attributes: file.attributes }),
      ...(file.piecesRoot !== undefined && { piecesRoot: file.piecesRoot }),
      ...(symlink !== undefined && { symlink }),
    }
  })
}

function isPad(file: FileEntry): boolean {
  return file.attributes?.includes('p') ?? false
}

function infoHashes(
  infoBytes: Uint8Array,
  version: '1' | '2' | 'hybrid',
): Pick<InfoFacts, 'infoHashV1' | 'infoHashV2' | 'wireHashes'> {
  const infoHashV1 = parseInfoHash(sha1(infoBytes)) as InfoHash
  if (version === '1') return { infoHashV1, wireHashes: [infoHashV1] }
  const infoHashV2 = parseInfoHashV2(sha256(infoBytes)) as InfoHashV2
  const truncated = truncateInfoHash(infoHashV2)
  if (version === '2') return { infoHashV2, wireHashes: [truncated] }
  return { infoHashV1, infoHashV2, wireHashes: [infoHashV1, truncated] }
}
