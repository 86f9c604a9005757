// Value → canonical bytes: keys sorted as bytes, one form for every value (BEP 3).
//
// One pass into a buffer that grows and is kept for the next call; the answer is a copy of what was written.

import { BencodeError } from './errors.ts'
import { notAKey } from './key.ts'
import { ENCODE_DEPTH_MAX } from './limits.ts'
import { DICT, END, INTEGER, LIST, ZERO, COLON, MINUS } from './scan.ts'
import type { Encodable } from './value.ts'

/**
 * Encodes a value in canonical form; the bytes are the caller's.
 *
 * @throws {BencodeError} `NOT_ENCODABLE` for whatever is not bencode: NaN, infinities, fractions, −0, numbers beyond
 * 2^53 (give a bigint), null, booleans, undefined in a list or map, text with half a surrogate pair, keys with
 * characters beyond U+00FF, a value that contains itself
 */
export function encode(value: Encodable): Uint8Array {
  const writer = idle ?? new Writer()
  idle = undefined
  writer.at = 0
  writer.value(value, 0)
  const bytes = writer.bytes.slice(0, writer.at)
  if (writer.bytes.length <= KEPT_LENGTH_MAX) idle = writer
  return bytes
}

/** Kept between calls up to this length, which holds all messages and most torrents. */
const KEPT_LENGTH_MAX = 1024 * 1024

class Writer {
  bytes = new Uint8Array(4096)
  at = 0
  /** Keys and indexes that lead to the value being written; only the first `depth` count. For errors. */
  readonly trail: (string | number)[] = []
  depth = 0

  value(value: Encodable, depth: number): void {
    this.depth = depth
    if (typeof value === 'string') this.text(value)
    else if (typeof value === 'number') this.integer(value)
    else if (value instanceof Uint8Array) this.string(value)
    else if (typeof value === 'bigint') this.digits(value.toString())
    else {
      if (depth === ENCODE_DEPTH_MAX) {
        throw new BencodeError(
          'NOT_ENCODABLE',
          `more than ${ENCODE_DEPTH_MAX} levels; does it contain itself?`,
        )
      }
      if (Array.isArray(value)) this.list(value as readonly Encodable[], depth)
      else if (value instanceof Map) this.map(value as ReadonlyMap<string, Encodable>, depth)
      else if (isPlain(value)) this.object(value, depth)
      else throw this.refused(value)
    }
  }

  list(items: readonly Encodable[], depth: number): void {
    this.byte(LIST)
    for (let at = 0; at < items.length; at++) {
      this.trail[depth] = at
      this.value(items[at] as Encodable, depth + 1)
    }
    this.byte(END)
  }

  map(entries: ReadonlyMap<string, Encodable>, depth: number): void {
    this.byte(DICT)
    let before: string | undefined
    let sorted = true
    for (const key of entries.keys()) {
      if (before !== undefined && !(before < key)) sorted = false
      before = key
    }
    if (sorted) {
      for (const [key, value] of entries) {
        this.entry(key, value, depth)
      }
    } else {
      for (const key of [...entries.keys()].sort(byCode)) {
        this.entry(key, entries.get(key) as Encodable, depth)
      }
    }
    this.byte(END)
  }

  object(object: { readonly [key: string]: Encodable | undefined }, depth: number): void {
    this.byte(DICT)
    const keys = Object.keys(object)
    for (let at = 1; at < keys.length; at++) {
      if ((keys[at - 1] as string) < (keys[at] as string)) continue
      keys.sort(byCode)
      break
    }
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at] as string
      const value = object[key]
      if (value !== undefined) this.entry(key, value, depth)
    }
    this.byte(END)
  }

  entry(key: string, value: Encodable, depth: number): void {
    this.key(key)
    this.trail[depth] = key
    this.value(value, depth + 1)
  }

  key(key: string): void {
    if (typeof key !== 'string')
      throw new BencodeError('NOT_ENCODABLE', `the key ${String(key)} is no string`)
    const { length } = key
    this.room(length + PREFIX)
    this.length(length)
    const { bytes } = this
    let to = this.at
    for (let at = 0; at < length; at++) {
      const code = key.charCodeAt(at)
      if (code > 255) throw notAKey(key, at)
      bytes[to++] = code
    }
    this.at = to
  }

  text(text: string): void {
    const { length } = text
    this.room(length + PREFIX)
    const from = this.at
    this.length(length)
    const { bytes } = this
    let to = this.at
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at)
      if (code > 127) {
        this.at = from
        if (/\p{Surrogate}/u.test(text)) throw this.refused(text)
        return this.string(encoder.encode(text))
      }
      bytes[to++] = code
    }
    this.at = to
  }

  string(string: Uint8Array): void {
    const { length } = string
    this.room(length + PREFIX)
    this.length(length)
    const { bytes, at } = this
    if (length < 64)
      for (let from = 0; from < length; from++) bytes[at + from] = string[from] as number
    else bytes.set(string, at)
    this.at = at + length
  }

  integer(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw this.refused(value)
    this.room(PREFIX + 2)
    this.bytes[this.at++] = INTEGER
    if (value < 0) this.bytes[this.at++] = MINUS
    this.decimal(Math.abs(value))
    this.bytes[this.at++] = END
  }

  digits(digits: string): void {
    this.room(digits.length + 2)
    this.bytes[this.at++] = INTEGER
    for (let at = 0; at < digits.length; at++) this.bytes[this.at++] = digits.charCodeAt(at)
    this.bytes[this.at++] = END
  }

  length(length: number): void {
    this.decimal(length)
    this.bytes[this.at++] = COLON
  }

  decimal(value: number): void {
    const { bytes } = this
    let rest = value
    let count = 1
    for (let bound = 10; value >= bound; bound *= 10) count++
    for (let to = this.at + count - 1; to >= this.at; to--) {
      const tenth = Math.floor(rest / 10)
      bytes[to] = ZERO + (rest - tenth * 10)
      rest = tenth
    }
    this.at += count
  }

  refused(value: unknown): BencodeError {
    let path = ''
    for (const step of this.trail.slice(0, this.depth)) {
      if (typeof step === 'number') path += `[${step}]`
      else path += path === '' ? step : `.${step}`
    }
    const what = `${describe(value)} cannot be bencoded`
    return new BencodeError('NOT_ENCODABLE', path === '' ? what : `${path}: ${what}`)
  }

  byte(byte: number): void {
    this.room(1)
    this.bytes[this.at++] = byte
  }

  room(count: number): void {
    if (this.at + count <= this.bytes.length) return
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.at + count))
    larger.set(this.bytes.subarray(0, this.at))
    this.bytes = larger
  }
}

/** Room for the digits of a length or a safe integer, and a sign or colon. */
const PREFIX = 20

let idle: Writer | undefined

const encoder = new TextEncoder()

/** By UTF-16 code unit, which for latin-1 text is by byte. */
function byCode(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

function isPlain(value: unknown): value is { readonly [key: string]: Encodable | undefined } {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function describe(value: unknown): string {
  if (typeof value === 'number') {
    if (Object.is(value, -0)) return 'minus zero'
    return Number.isInteger(value) ? `${value} (beyond 2^53: give a bigint)` : `${value}`
  }
  if (typeof value === 'string') return 'text with half a surrogate pair'
  if (typeof value === 'object' && value !== null)
    return `an object of class ${value.constructor.name}`
  return `${String(value)} (${typeof value})`
}
