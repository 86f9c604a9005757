// Bytes → value: canonical bencode only (BEP 3), bounded, with byte strings as views of the input.
//
// Two steps: scan.ts checks everything and notes where tokens lie, then the values are made without a check.

import { BencodeError } from './errors.ts'
import { keyAt } from './key.ts'
import type { DecodeLimits } from './limits.ts'
import type { Relaxation } from './relaxation.ts'
import { DICT, INTEGER, LIST, MINUS, release, ROW, scan, textStart, ZERO } from './scan.ts'
import type { BencodeValue } from './value.ts'

/**
 * Decodes a document that is one canonical value and nothing else.
 *
 * Byte strings are views of `bytes`: keep it unchanged as long as they are in use. Keys are in the order of the bytes.
 * @throws {BencodeError} with the offset of what is wrong
 */
export function decode(bytes: Uint8Array, limits?: DecodeLimits): BencodeValue {
  const plain = plainBytes(bytes)
  const tokens = scan(plain, limits, undefined)
  if (tokens.end !== plain.length) throw trailing(plain.length - tokens.end, tokens.end)
  const value = build(plain, tokens.table, 0)
  release(tokens)
  return value
}

/**
 * Decodes the value at the start and says how long it is: a dictionary followed by raw bytes (BEP 9).
 * @throws {BencodeError} with the offset of what is wrong
 */
export function decodePrefix(
  bytes: Uint8Array,
  limits?: DecodeLimits,
): { readonly value: BencodeValue; readonly length: number } {
  const plain = plainBytes(bytes)
  const tokens = scan(plain, limits, undefined)
  const value = build(plain, tokens.table, 0)
  const length = tokens.end
  release(tokens)
  return { value, length }
}

/**
 * Decodes a document that may depart from canonical form in the ways that `Relaxation` lists, and says in which it did.
 *
 * Never re-encode such a value to hash it: hash the bytes (`rawValue`). Of a key that occurs twice the first counts.
 * @throws {BencodeError} for everything that is not on the list
 */
export function decodeLenient(
  bytes: Uint8Array,
  limits?: DecodeLimits,
): { readonly value: BencodeValue; readonly relaxed: readonly Relaxation[] } {
  const plain = plainBytes(bytes)
  const relaxed: Relaxation[] = []
  const tokens = scan(plain, limits, relaxed)
  if (tokens.end !== plain.length) relaxed.push({ code: 'TRAILING_BYTES', offset: tokens.end })
  const value = build(plain, tokens.table, 0)
  release(tokens)
  return { value, relaxed }
}

/** The same bytes as a plain Uint8Array: a Buffer's views would be Buffers and slower. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.constructor === Uint8Array) return bytes
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** The error for bytes after a whole value. */
export function trailing(count: number, offset: number): BencodeError {
  return new BencodeError('TRAILING_BYTES', `${count} bytes after the value`, offset)
}

/** Makes the value of a checked token at row `from`, with all that is in it. */
export function build(bytes: Uint8Array, table: Int32Array, from: number): BencodeValue {
  const { buffer, byteOffset } = bytes
  const outer: Container[] = []
  let list: BencodeValue[] | undefined
  let dict: Map<string, BencodeValue> | undefined
  let key = ''
  let until = 0
  let row = from
  for (;;) {
    let value: BencodeValue
    if (row === until && outer.length > 0) {
      value = (list ?? dict) as BencodeValue
      const parent = outer.pop() as Container
      list = parent.list
      dict = parent.dict
      key = parent.key
      until = parent.until
    } else {
      let start = table[row] as number
      let end = table[row + 1] as number
      if (dict !== undefined) {
        key = keyAt(bytes, textStart(bytes, start), end)
        row += ROW
        start = table[row] as number
        end = table[row + 1] as number
      }
      const first = bytes[start]
      if (first === LIST || first === DICT) {
        outer.push({ list, dict, key, until })
        list = first === LIST ? [] : undefined
        dict = first === DICT ? new Map() : undefined
        until = table[row + 2] as number
        row += ROW
        continue
      }
      row += ROW
      if (first === INTEGER) value = integerAt(bytes, start, end)
      else {
        const text = textStart(bytes, start)
        value = new Uint8Array(buffer, byteOffset + text, end - text)
      }
    }
    if (list !== undefined) list.push(value)
    else if (dict === undefined) return value
    else if (!dict.has(key)) dict.set(key, value)
  }
}

interface Container {
  readonly list: BencodeValue[] | undefined
  readonly dict: Map<string, BencodeValue> | undefined
  readonly key: string
  readonly until: number
}

/** The value of checked digits: exact, a number where it can be one. */
export function integerAt(bytes: Uint8Array, start: number, end: number): number | bigint {
  let at = start + 1
  const negative = bytes[at] === MINUS
  if (negative) at++
  if (end - at > 16) return longInteger(bytes, at, end - 1, negative)
  let value = 0
  for (; at < end - 1; at++) value = value * 10 + ((bytes[at] as number) - ZERO)
  return negative && value !== 0 ? -value : value
}

function longInteger(
  bytes: Uint8Array,
  from: number,
  to: number,
  negative: boolean,
): number | bigint {
  let digits = ''
  for (let at = from; at < to; at++) digits += String.fromCharCode(bytes[at] as number)
  const exact = negative ? -BigInt(digits) : BigInt(digits)
  const rounded = Number(exact)
  return Number.isSafeInteger(rounded) ? rounded : exact
}
