// The exact bytes of one value: an infohash is of the bytes in the file, never of a re-encoding (BEP 3, 52).

import { plainBytes, trailing } from './decode.ts'
import { DICT, release, ROW, scan, textStart } from './scan.ts'

/**
 * The exact bytes of the value at a path of keys, as a view; undefined when there is none. The whole document is checked.
 *
 * `rawValue(torrent, ['info'])` is what the infohash is of.
 * @throws {BencodeError} when the document is not canonical bencode
 */
export function rawValue(bytes: Uint8Array, path: readonly string[]): Uint8Array | undefined {
  const plain = plainBytes(bytes)
  const tokens = scan(plain, undefined, undefined)
  if (tokens.end !== plain.length) throw trailing(plain.length - tokens.end, tokens.end)
  const { table } = tokens
  let row = 0
  for (const key of path) {
    const found = findKey(plain, table, row, key)
    if (found === undefined) return undefined
    row = found
  }
  const start = table[row] as number
  const end = table[row + 1] as number
  release(tokens)
  return new Uint8Array(plain.buffer, plain.byteOffset + start, end - start)
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
