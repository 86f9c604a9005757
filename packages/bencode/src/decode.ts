// Bytes → value: canonical bencode only (BEP 3), bounded, with byte strings as views of the input.
//
// Two steps: scan.ts checks everything and notes where tokens lie, then the values are made without a check.

import { build } from './build.ts'
import { BencodeError } from './errors.ts'
import type { DecodeLimits } from './limits.ts'
import type { Relaxation } from './relaxation.ts'
import { release, scan } from './scan.ts'
import type { BencodeValue } from './value.ts'

/**
 * Decodes a document that is one canonical value and nothing else.
 *
 * Byte strings are views of `bytes`, equal short ones possibly the same view: keep it unchanged as long as they are in
 * use. Keys are in the order of their bytes.
 * @throws {BencodeError} with the offset of what is wrong
 */
export function decode(bytes: Uint8Array, limits?: DecodeLimits): BencodeValue {
  const plain = plainBytes(bytes)
  const tokens = scan(plain, limits, undefined)
  if (tokens.end !== plain.length) throw trailing(plain.length - tokens.end, tokens.end)
  const value = build(plain, tokens.table, 0, false)
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
  const value = build(plain, tokens.table, 0, false)
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
  const value = build(plain, tokens.table, 0, true)
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
