// The exact bytes of one value: an infohash is of the bytes in the file, never of a re-encoding (BEP 3, 52).

import { checkStrict } from './check.ts'
import type { DecodeLimits } from './limits.ts'
import { DICT, release, ROW, textStart } from './scan.ts'

/**
 * The exact bytes of the value at a path of keys, as a view; undefined when there is none. The whole document is checked.
 *
 * `rawValue(torrent, ['info'])` is what the infohash is of.
 * @throws {BencodeError} when the document is not canonical bencode
 */
export function rawValue(
  bytes: Uint8Array,
  path: readonly string[],
  limits?: DecodeLimits,
): Uint8Array | undefined {
  const tokens = checkStrict(bytes, limits)
  const row = findPath(tokens.bytes, tokens.table, path)
  const start = row === undefined ? 0 : (tokens.table[row] as number)
  const end = row === undefined ? 0 : (tokens.table[row + 1] as number)
  release(tokens)
  if (row === undefined) return undefined
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start)
}

function findPath(
  bytes: Uint8Array,
  table: Int32Array,
  path: readonly string[],
): number | undefined {
  let row = 0
  for (const key of path) {
    const found = findKey(bytes, table, row, key)
    if (found === undefined) return undefined
    row = found
  }
  return row
}

/** The row of the value of `key` in the dictionary at `row`; undefined when it is no dictionary or has no such key. */
export function findKey(
  bytes: Uint8Array,
  table: Int32Array,
  row: number,
  key: string,
): number | undefined {
  if (bytes[table[row] as number] !== DICT) return undefined
  const until = table[row + 2] as number
  for (let at = row + ROW; at < until; at = table[at + ROW + 2] as number) {
    const end = table[at + 1] as number
    let from = textStart(bytes, table[at] as number)
    if (end - from !== key.length) continue
    let same = 0
    while (from < end && bytes[from] === key.charCodeAt(same)) {
      from++
      same++
    }
    if (from === end) return at + ROW
  }
  return undefined
}
