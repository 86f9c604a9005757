// Bytes → value: canonical bencode only (BEP 3), bounded, with byte strings as views of the input.
//
// Two steps: scan.ts checks everything and notes where tokens lie, then build.ts makes the values without a check.

import { build } from './build.ts'
import { checkLenient, checkStrict } from './check.ts'
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
  const tokens = checkStrict(bytes, limits)
  const value = build(tokens.bytes, tokens.table, 0, false)
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
  const tokens = scan(bytes, limits, undefined)
  const value = build(tokens.bytes, tokens.table, 0, false)
  release(tokens)
  return { value, length: tokens.end }
}

/**
 * Decodes a document that may depart from canonical form in the ways that `Relaxation` lists, and says in which it did.
 *
 * Never re-encode such a value to hash it: hash the bytes (`LazyValue.raw`). Of a key that occurs twice the first counts.
 * @throws {BencodeError} for everything that is not on the list
 */
export function decodeLenient(
  bytes: Uint8Array,
  limits?: DecodeLimits,
): { readonly value: BencodeValue; readonly relaxed: readonly Relaxation[] } {
  const { tokens, relaxed } = checkLenient(bytes, limits)
  const value = build(tokens.bytes, tokens.table, 0, true)
  release(tokens)
  return { value, relaxed }
}
