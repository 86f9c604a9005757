// Small torrents by hand: canonical bencode of whatever is asked, right or wrong.
import { type Encodable, encode } from '@bt/bencode'
import { type Metainfo, type MetainfoError, parseMetainfo } from '@bt/metainfo'
import { Prng, sha1 } from '@bt/primitives'

type Fields = { readonly [key: string]: Encodable | undefined }

/** An info dictionary of one file of 1,000 bytes, with changes; undefined takes a key away. */
export function infoOf(changes: Fields = {}): Fields {
  return { name: 'file.bin', 'piece length': 16_384, length: 1_000, pieces: hashes(1), ...changes }
}

/** An info dictionary of a folder: paths and lengths, pieces to match. */
export function folderOf(files: readonly Fields[], changes: Fields = {}): Fields {
  const total = files.reduce((sum, file) => sum + Number(file['length'] ?? 0), 0)
  const pieces = hashes(total >= 0 && total < 2 ** 32 ? Math.ceil(total / 16_384) : 1)
  return { name: 'root', 'piece length': 16_384, files, pieces, ...changes }
}

/** An info dictionary of v2 with this tree. */
export function v2Of(tree: Encodable, changes: Fields = {}): Fields {
  return { name: 'root', 'piece length': 16_384, 'meta version': 2, 'file tree': tree, ...changes }
}

/** A v2 file of the tree, by default of 10 bytes. */
export function v2File(changes: Fields = {}): Encodable {
  return { '': { length: 10, 'pieces root': new Uint8Array(32).fill(7), ...changes } }
}

export function torrentOf(info: Encodable, around: Fields = {}): Uint8Array {
  return encode({ info, ...around })
}

export function parsed(info: Encodable, around: Fields = {}): Metainfo {
  return parseMetainfo(torrentOf(info, around))
}

/** The code and place of the error that parsing gives. */
export function refusal(info: Encodable, around: Fields = {}): string {
  return refusalOf(torrentOf(info, around))
}

export function refusalOf(torrent: Uint8Array): string {
  try {
    parseMetainfo(torrent)
  } catch (error) {
    const { code, where } = error as MetainfoError
    return where === undefined || where === '' ? code : `${code} ${where}`
  }
  throw new Error('accepted')
}

export function hashes(count: number): Uint8Array {
  const bytes = new Uint8Array(20 * count)
  for (let at = 0; at < count; at++) bytes.set(sha1(new Uint8Array([at])), 20 * at)
  return bytes
}

/** Repeatable content. */
export function content(length: number, seed: number | string = length): Uint8Array {
  const bytes = new Uint8Array(length)
  new Prng(seed).fill(bytes)
  return bytes
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
