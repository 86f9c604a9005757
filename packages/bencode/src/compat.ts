// The API of npm `bencode` 4 on this engine, for code that moves over one import at a time.
//
// Same shapes: plain objects, text keys (hex where they are not UTF-8), copies instead of views. Where npm's answer
// would be wrong bytes, a rounded number or an endless loop, this one differs; README and test list every difference.

import { decodeLenient } from './decode.ts'
import { encode as encodeCanonical } from './encode.ts'
import { BencodeError } from './errors.ts'
import { keyOfBytes, keyOfText, textOfBytes } from './key.ts'
import { ENCODE_DEPTH_MAX } from './limits.ts'
import type { BencodeValue, Encodable } from './value.ts'

/** What `decode` answers; null for empty input. */
export type CompatValue =
  | null
  | number
  | bigint
  | string
  | Uint8Array
  | CompatValue[]
  | { [key: string]: CompatValue }

/** `decode(data)`, `decode(data, encoding)`, `decode(data, start, end, encoding)`. `bytes` is the length of the last input. */
export interface CompatDecode {
  (
    data: Uint8Array | string | null | undefined,
    start?: number | string | null,
    end?: number | string | null,
    encoding?: string | null,
  ): CompatValue
  bytes: number
}

/** `encode(data)`, `encode(data, buffer, offset)`. `bytes` is the length of the last encoding. */
export interface CompatEncode {
  (data: unknown, buffer?: Uint8Array, offset?: number): Uint8Array
  bytes: number
}

/**
 * Decodes leniently, as npm does. With an encoding, whatever its name, byte strings become text (UTF-8).
 * @throws {BencodeError} for what is not bencode even leniently
 */
export const decode: CompatDecode = Object.assign(
  (
    data: Uint8Array | string | null | undefined,
    start?: number | string | null,
    end?: number | string | null,
    encoding?: string | null,
  ): CompatValue => {
    if (data === null || data === undefined || data.length === 0) return null
    let from = start
    let to = end
    let as = encoding
    if (typeof from !== 'number' && (as === null || as === undefined)) {
      as = from
      from = undefined
    }
    if (typeof to !== 'number' && (as === null || as === undefined)) {
      as = to
      to = undefined
    }
    const all = typeof data === 'string' ? new TextEncoder().encode(data) : data
    const range = typeof data === 'string' ? all : all.subarray(offset(from), offset(to))
    decode.bytes = range.length
    return plain(decodeLenient(range).value, as !== null && as !== undefined && as !== '')
  },
  { bytes: 0 },
)

/**
 * Encodes what npm encodes, in canonical form; null and undefined are left out, wherever they stand.
 * @throws {BencodeError} `NOT_ENCODABLE` where npm would write something that is not bencode or not the value
 */
export const encode: CompatEncode = Object.assign(
  (data: unknown, buffer?: Uint8Array, offset?: number): Uint8Array => {
    const value = encodable(data, 0)
    const bytes = value === undefined ? new Uint8Array(0) : encodeCanonical(value)
    encode.bytes = bytes.length
    if (buffer === undefined || buffer === null) return bytes
    buffer.set(bytes, offset)
    return buffer
  },
  { bytes: -1 },
)

/** How many bytes `encode` would write. */
export function byteLength(value: unknown): number {
  const encoded = encodable(value, 0)
  return encoded === undefined ? 0 : encodeCanonical(encoded).length
}

/** The same under its other name. */
export function encodingLength(value: unknown): number {
  return byteLength(value)
}

const bencode = { encode, decode, byteLength, encodingLength }

// The package that this stands in for has a default export and no other.
export { bencode as default }

function offset(position: number | string | null | undefined): number | undefined {
  return typeof position === 'number' ? position : undefined
}

/** Decoding stops at 100 levels, so this recursion does too. */
function plain(value: BencodeValue, asText: boolean): CompatValue {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  if (value instanceof Uint8Array) return asText ? looseUtf8.decode(value) : value.slice()
  if (Array.isArray(value)) return value.map((item) => plain(item, asText))
  const object: { [key: string]: CompatValue } = {}
  for (const [key, item] of value as ReadonlyMap<string, BencodeValue>) {
    // defineProperty, because assigning to __proto__ would change what the object inherits
    Object.defineProperty(object, nameOf(key), {
      value: plain(item, asText),
      configurable: true,
      enumerable: true,
      writable: true,
    })
  }
  return object
}

const looseUtf8 = new TextDecoder()

/** Text of a UTF-8 key; hex of any other, and of one with U+FFFD in it, as npm has it. */
function nameOf(key: string): string {
  const bytes = Uint8Array.from(key, (character) => character.charCodeAt(0))
  const text = textOfBytes(bytes)
  if (text !== undefined && !text.includes('\uFFFD')) return text
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The value in our terms; undefined for what npm leaves out. */
function encodable(value: unknown, depth: number): Encodable | undefined {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'string' || typeof value === 'bigint') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'number') return number(value)
  if (typeof value !== 'object') {
    throw new BencodeError('NOT_ENCODABLE', `a ${typeof value} cannot be bencoded`)
  }
  if (depth > ENCODE_DEPTH_MAX) {
    const levels = `more than ${ENCODE_DEPTH_MAX} levels`
    throw new BencodeError('NOT_ENCODABLE', `${levels}; does the value contain itself?`)
  }
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  }
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  if (BOXED.has(Object.prototype.toString.call(value))) return encodable(value.valueOf(), depth)
  if (Array.isArray(value) || value instanceof Set) {
    const items: Encodable[] = []
    for (const item of value) {
      const made = encodable(item, depth + 1)
      if (made !== undefined) items.push(made)
    }
    return items
  }
  const entries: Iterable<[unknown, unknown]> = value instanceof Map ? value : Object.entries(value)
  const dict = new Map<string, Encodable>()
  for (const [key, item] of entries) {
    const made = encodable(item, depth + 1)
    if (made !== undefined) dict.set(keyOf(key), made)
  }
  return dict
}

const BOXED = new Set(['[object Number]', '[object Boolean]', '[object String]'])

/** Whole numbers beyond 2^53 are written as the whole number they are. */
function number(value: number): number | bigint {
  if (!Number.isInteger(value)) return value
  return Number.isSafeInteger(value) ? value + 0 : BigInt(value)
}

function keyOf(key: unknown): string {
  if (ArrayBuffer.isView(key)) {
    return keyOfBytes(new Uint8Array(key.buffer, key.byteOffset, key.byteLength))
  }
  return keyOfText(String(key))
}
