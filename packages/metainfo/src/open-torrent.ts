// The bencoded document of a torrent: which departures from canonical form are let through, and which are not.
//
// Keys out of order and white space at the end occur in the wild and do no harm, as infohashes are of the bytes as they
// stand. A key that occurs twice means one thing to us and another to the next program, so it is refused, as are
// numbers with leading zeros.

import { BencodeError, type LazyValue, openLenient, type Relaxation } from '@bt/bencode'
import { MetainfoError } from './errors.ts'
import { DEPTH_MAX, DIGITS_MAX, VALUES_MAX } from './metainfo-limits.ts'

export interface OpenedTorrent {
  readonly root: LazyValue
  /** What follows the document and is more than white space; told last, as it says less than any other error. */
  readonly junk: BencodeError | undefined
}

/** `bytes` stays in use. @throws {BencodeError | MetainfoError} */
export function openTorrent(bytes: Uint8Array, lengthMax: number): OpenedTorrent {
  if (bytes.length > lengthMax) {
    throw new MetainfoError('TOO_LARGE', '', `${bytes.length} bytes, limit ${lengthMax}`)
  }
  const limits = { depthMax: DEPTH_MAX, digitsMax: DIGITS_MAX, valuesMax: VALUES_MAX, lengthMax }
  const { root, relaxed } = openLenient(bytes, limits)
  let unsorted = false
  let junk: BencodeError | undefined
  for (const { code, offset } of relaxed) {
    if (code === 'KEY_ORDER') unsorted = true
    else if (code !== 'TRAILING_BYTES') throw new BencodeError(code, REFUSED[code], offset)
    else if (!isBlank(bytes.subarray(offset))) {
      junk = new BencodeError(code, `${bytes.length - offset} bytes after the torrent`, offset)
    }
  }
  if (root.type !== 'dictionary') {
    throw new MetainfoError('NOT_A_DICT', '', `the torrent is a ${root.type}, not a dictionary`)
  }
  if (unsorted) refuseDuplicates(root)
  return { root, junk }
}

const REFUSED = {
  INTEGER_FORM: 'an integer has leading zeros or is minus zero',
  LENGTH_FORM: "a string's length has leading zeros",
  DUPLICATE_KEY: 'a key occurs twice, and programs differ in which they take',
} as const satisfies Partial<Record<Relaxation['code'], string>>

/** Sorted keys are compared with their neighbours while decoding; in others a twin may stand anywhere. */
function refuseDuplicates(value: LazyValue): void {
  if (value.type === 'list') {
    for (const item of value.items()) refuseDuplicates(item)
    return
  }
  if (value.type !== 'dictionary') return
  const keys = new Set<string>()
  for (const [key, inner] of value.entries()) {
    if (keys.has(key)) throw new BencodeError('DUPLICATE_KEY', REFUSED.DUPLICATE_KEY, inner.offset)
    keys.add(key)
    refuseDuplicates(inner)
  }
}

function isBlank(rest: Uint8Array): boolean {
  return rest.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d))
}
