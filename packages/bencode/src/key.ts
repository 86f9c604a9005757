// Dictionary keys: bytes as latin-1 text, and the ways there and back.
//
// Decoding sees the same few keys over and over ("length", "path"), so short ones are looked up in a small table
// before a string is made. TextDecoder('latin1') would not do: it decodes windows-1252.

import { BencodeError } from './errors.ts'

/** The key whose bytes are the UTF-8 of `text`, as file names in a v2 file tree are (BEP 52). ASCII is its own key. */
export function keyOfText(text: string): string {
  return keyOfBytes(new TextEncoder().encode(text))
}

/** The key of these bytes, such as an infohash in a scrape (BEP 48). */
export function keyOfBytes(bytes: Uint8Array): string {
  return latin1(bytes, 0, bytes.length)
}

/** The bytes of a key; a fresh array. */
export function bytesOfKey(key: string): Uint8Array {
  const bytes = new Uint8Array(key.length)
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at)
    if (code > 255) throw notAKey(key, at)
    bytes[at] = code
  }
  return bytes
}

/** The text of a key whose bytes are UTF-8; undefined when they are not. */
export function textOfKey(key: string): string | undefined {
  return textOfBytes(bytesOfKey(key))
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of UTF-8 bytes; undefined when they are not valid UTF-8. */
export function textOfBytes(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** The text of a range of UTF-8 bytes; undefined when they are not valid UTF-8. */
export function textAt(bytes: Uint8Array, start: number, end: number): string | undefined {
  let at = start
  while (at < end && (bytes[at] as number) < 128) at++
  if (at === end) return latin1(bytes, start, end)
  return textOfBytes(bytes.subarray(start, end))
}

/** The error for a key that is not bytes as latin-1 text. */
export function notAKey(key: string, at: number): BencodeError {
  const code = key.charCodeAt(at).toString(16).padStart(4, '0')
  return new BencodeError(
    'NOT_ENCODABLE',
    `the key ${JSON.stringify(key)} has U+${code}, but a key is bytes as latin-1 text; use keyOfText(key)`,
  )
}

/** Latin-1 text of a range. */
function latin1(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= CHUNK) {
    return String.fromCharCode.apply(null, bytes.subarray(start, end) as unknown as number[])
  }
  let text = ''
  for (let at = start; at < end; at += CHUNK) text += latin1(bytes, at, Math.min(at + CHUNK, end))
  return text
}

/** Characters made in one call: below every engine's limit of arguments. */
const CHUNK = 4096

/** Keys this long or shorter are kept; the longest of the BEPs' own keys has 19 bytes. */
const KEPT_LENGTH_MAX = 24
const KEPT: string[] = new Array<string>(256).fill('')

/** The key in a range, from the table when it was seen of late. */
export function keyAt(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start
  if (length === 0) return ''
  if (length > KEPT_LENGTH_MAX) return latin1(bytes, start, end)
  const first = bytes[start] as number
  const last = bytes[end - 1] as number
  const middle = bytes[start + (length >> 1)] as number
  const slot = (length * 37 + first * 11 + middle * 5 + last) & 255
  const kept = KEPT[slot] as string
  if (kept.length === length) {
    let at = 0
    while (at < length && kept.charCodeAt(at) === bytes[start + at]) at++
    if (at === length) return kept
  }
  const made = latin1(bytes, start, end)
  KEPT[slot] = made
  return made
}
