// Files and piece hashes as BEP 3 describes them, with BEP 47's attributes.

import { textOfBytes, type LazyValue } from '@bt/bencode'
import { MetainfoError } from './errors.ts'
import { FILE_LENGTH_MAX, PIECES_MAX, PIECES_PLAUSIBLE_MAX } from './metainfo-limits.ts'
import { elementsOf, lengthOf, type RawFile, symlinkOf } from './raw-file.ts'
import { attributesOf, optional, placeOf, required, typed } from './read-field.ts'

/** Bytes of a SHA-1. */
export const SHA1_LENGTH = 20

/** How BitComet named pad files before BEP 47 gave them an attribute. */
const OLD_PAD_NAME = '_____padding_file_'

export interface V1Content {
  readonly files: readonly RawFile[]
  /** True for `files`, false for `length`. */
  readonly isFolder: boolean
  /** SHA-1 of every piece, concatenated. */
  readonly pieces: Uint8Array
}

/** True when the info dictionary describes content as BEP 3 does, or tries to. */
export function claimsV1(info: LazyValue): boolean {
  return ['pieces', 'length', 'files'].some((key) => info.get(key) !== undefined)
}

/** `name` is the raw name, the path of a single file. */
export function readV1(info: LazyValue, name: Uint8Array, pieceLength: number): V1Content {
  const list = info.get('files')
  const isFolder = list !== undefined
  if (isFolder && info.get('length') !== undefined) {
    const what = 'stands beside info.files; a torrent has one of them (BEP 3)'
    throw new MetainfoError('LENGTH_AND_FILES', placeOf(info, 'length'), what)
  }
  const files = isFolder ? filesOf(list) : [singleFile(info, name)]
  const pieces = required(info, 'pieces', 'string', 'BAD_PIECES').bytes()
  checkPieces(files, pieces, pieceLength)
  return { files, isFolder, pieces }
}

function filesOf(list: LazyValue): readonly RawFile[] {
  const files: RawFile[] = []
  for (const entry of typed(list, 'list', 'WRONG_TYPE').items()) {
    files.push(fileOf(typed(entry, 'dictionary', 'WRONG_TYPE')))
  }
  if (files.length === 0) throw new MetainfoError('NO_FILES', list.path, 'is empty')
  return files
}

function fileOf(entry: LazyValue): RawFile {
  let attributes = attributesOf(entry)
  const isLink = attributes?.includes('l') ?? false
  const length = lengthOf(entry, FILE_LENGTH_MAX, isLink)
  const plain = elementsOf(entry.get('path'))
  const path = textElements(entry.get('path.utf-8')) ?? plain
  if (plain !== undefined && isOldPad(plain) && !isLink) attributes = withPad(attributes)
  const pad = attributes?.includes('p') ?? false
  if (pad && isLink) {
    throw new MetainfoError('BAD_PAD_FILE', `${entry.path}.attr`, 'says pad file and symbolic link')
  }
  if (path === undefined && !pad) {
    const what = 'is not a list of at least one string'
    throw new MetainfoError('BAD_PATH', `${entry.path}.path`, what)
  }
  return {
    path: path ?? padPath(length),
    pathCompared: plain ?? path ?? padPath(length),
    length,
    pad,
    attributes,
    piecesRoot: undefined,
    symlink: symlinkOf(entry, attributes, length),
    source: entry,
  }
}

function singleFile(info: LazyValue, name: Uint8Array): RawFile {
  const length = lengthOf(info, FILE_LENGTH_MAX, false)
  const attributes = attributesOf(info)?.replace(/[lp]/g, '')
  const path = [name]
  return {
    path,
    pathCompared: path,
    length,
    pad: false,
    attributes: attributes === '' ? undefined : attributes,
    piecesRoot: undefined,
    symlink: undefined,
    source: info,
  }
}

/** `path.utf-8` where it is what it says: it wins over `path`, which may be in any encoding. */
function textElements(value: LazyValue | undefined): readonly Uint8Array[] | undefined {
  const elements = elementsOf(value)
  return elements?.every((element) => textOfBytes(element) !== undefined) ? elements : undefined
}

function isOldPad(path: readonly Uint8Array[]): boolean {
  const last = path.at(-1) as Uint8Array
  for (let at = 0; at < OLD_PAD_NAME.length; at++) {
    if (last[at] !== OLD_PAD_NAME.charCodeAt(at)) return false
  }
  return true
}

function withPad(attributes: string | undefined): string {
  if (attributes === undefined) return 'p'
  return attributes.includes('p') ? attributes : `${attributes}p`
}

/** A pad file needs no path (BEP 47); this is what others write there. */
function padPath(length: number | bigint): readonly Uint8Array[] {
  const encoder = new TextEncoder()
  return [encoder.encode('.pad'), encoder.encode(String(length))]
}

/** Exact in bigint: a length beyond 2^53 must not be rounded to one that fits. */
function checkPieces(files: readonly RawFile[], pieces: Uint8Array, pieceLength: number): void {
  if (pieces.length % SHA1_LENGTH !== 0) {
    const what = `is ${pieces.length} bytes, not a multiple of ${SHA1_LENGTH}`
    throw new MetainfoError('BAD_PIECES', 'info.pieces', what)
  }
  const total = totalOf(files)
  if (total === 0n)
    throw new MetainfoError('NO_CONTENT', 'info', 'has no content: every file is empty')
  const needed = (total + BigInt(pieceLength) - 1n) / BigInt(pieceLength)
  const given = BigInt(pieces.length / SHA1_LENGTH)
  if (needed > PIECES_PLAUSIBLE_MAX || (needed === given && needed > PIECES_MAX)) {
    throw tooManyPieces(needed)
  }
  if (needed === given) return
  const what = `has ${given} hashes, but ${total} bytes in pieces of ${pieceLength} need ${needed}`
  throw new MetainfoError('PIECE_COUNT_MISMATCH', 'info.pieces', what)
}

/** Added as numbers as long as they are exact. */
function totalOf(files: readonly RawFile[]): bigint {
  let exact = 0n
  let sum = 0
  for (const { length } of files) {
    if (typeof length === 'number' && sum + length <= Number.MAX_SAFE_INTEGER) sum += length
    else exact += BigInt(length)
  }
  return exact + BigInt(sum)
}

/** The error of a torrent of too many pieces. */
export function tooManyPieces(count: number | bigint): MetainfoError {
  return new MetainfoError('TOO_MANY_PIECES', 'info', `has ${count} pieces, limit ${PIECES_MAX}`)
}

/** The raw names: `shown` is `name.utf-8` where it is text, else `name`, which a v2 tree is compared with. */
export function nameOf(info: LazyValue): {
  readonly shown: Uint8Array
  readonly compared: Uint8Array
} {
  const plain = optional(info, 'name', 'string')?.bytes()
  const text = optional(info, 'name.utf-8', 'string')?.bytes()
  const isText = text !== undefined && text.length > 0 && textOfBytes(text) !== undefined
  const shown = isText ? text : plain
  if (shown !== undefined) return { shown, compared: plain ?? shown }
  const what = info.get('name') === undefined ? 'is missing' : 'is no string'
  throw new MetainfoError('MISSING_NAME', placeOf(info, 'name'), what)
}
