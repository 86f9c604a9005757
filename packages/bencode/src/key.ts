// Dictionary keys: bytes as latin-1 text, and the ways there and back.

import { BencodeError } from './errors.ts'
import { latin1At } from './short-runs.ts'

/** The key whose bytes are the UTF-8 of `text`, as file names in a v2 file tree are (BEP 52). ASCII is its own key. */
export function keyOfText(text: string): string {
  return keyOfBytes(new TextEncoder().encode(text))
}

/** The key of these bytes, such as an infohash in a scrape (BEP 48). */
export function keyOfBytes(bytes: Uint8Array): string {
  return latin1At(bytes, 0, bytes.length)
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
  if (end - start <= ASCII_LENGTH_MAX) {
    let all = 0
    for (let at = start; at < end; at++) all |= bytes[at] as number
    if (all < 128) return latin1At(bytes, start, end)
  }
  return textOfBytes(bytes.subarray(start, end))
}

/** Longer text is decoded at once: past this TextDecoder's call costs less than making the text by hand. */
const ASCII_LENGTH_MAX = 24

/** The error for a key that is not bytes as latin-1 text. */
export function notAKey(key: string, at: number): BencodeError {
  const code = key.charCodeAt(at).toString(16).padStart(4, '0')
  return new BencodeError(
    'NOT_ENCODABLE',
    `the key ${JSON.stringify(key)} has U+${code}, but a key is bytes as latin-1 text; use keyOfText(key)`,
  )
}
