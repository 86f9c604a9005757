// Checks a document and notes where each of its tokens lies: the one place that knows the grammar of BEP 3.
//
// A flat table instead of values: three numbers a token, no object, no recursion, and everything above (decoding,
// lazy reading, raw spans) only looks things up. While a container is open, its row holds the row of its parent and
// of its latest key, so the table is its own stack.

import { BencodeError } from './errors.ts'
import { type DecodeLimits, LENGTH_DIGITS_MAX, TORRENT_LIMITS } from './limits.ts'
import type { RelaxationCode, RelaxationList } from './relaxation.ts'

/** Numbers a row: offset of the first byte, offset after the last byte, row after this token and all it holds. */
export const ROW = 3

/** The tokens of one document in the order of its bytes; keys are tokens like any others. */
export interface Tokens {
  /** What was scanned, as a plain Uint8Array: a Buffer's views would be Buffers and slower. */
  readonly bytes: Uint8Array
  /** Rows; only the first `rows` of the numbers are in use. Offsets count from the start of the scanned bytes. */
  readonly table: Int32Array
  /** Numbers in use: `ROW` times the number of tokens. */
  readonly rows: number
  /** Offset after the value. */
  readonly end: number
}

export const DICT = 0x64
export const END = 0x65
export const INTEGER = 0x69
export const LIST = 0x6c
export const MINUS = 0x2d
export const COLON = 0x3a
export const ZERO = 0x30

/** Reused from call to call, so that a small message allocates no table; bigger ones get one of their own. */
let spare: Int32Array | undefined
const SPARE_ROWS = 131_072 * ROW

/** Hands a table back for the next scan once nothing refers to it. */
export function release(tokens: Tokens): void {
  if (tokens.table.length <= SPARE_ROWS) spare = tokens.table
}

/**
 * Checks one value at the start of `input`; whether anything may follow it is the caller's to say.
 *
 * With `relaxed` the forms listed in relaxation.ts are let through and noted there.
 * @throws {BencodeError} at the first byte that is wrong
 */
export function scan(
  input: Uint8Array,
  limits: DecodeLimits | undefined,
  relaxed: RelaxationList | undefined,
): Tokens {
  const depthMax = limits?.depthMax ?? TORRENT_LIMITS.depthMax
  const valuesMax = limits?.valuesMax ?? TORRENT_LIMITS.valuesMax
  const digitsMax = limits?.digitsMax ?? TORRENT_LIMITS.digitsMax
  const bytes =
    input.constructor === Uint8Array
      ? input
      : new Uint8Array(input.buffer, input.byteOffset, input.length)
  const { length } = bytes
  checkLength(length, limits)

  let table = spare ?? new Int32Array(256 * ROW)
  spare = undefined
  let at = 0
  let row = 0
  let open = -1
  let depth = 0
  let values = 0
  let inDict = false
  let wantsKey = false

  for (;;) {
    if (at >= length)
      throw truncated(open < 0 ? 'a value' : 'the end of a list or dictionary', length)
    const start = at
    const first = bytes[at] as number

    if (first === END && open >= 0) {
      if (inDict && !wantsKey) throw syntax('a key has no value', at)
      at++
      const parent = table[open + 2] as number
      table[open + 1] = at
      table[open + 2] = row
      open = parent
      depth--
      if (open < 0) break
      inDict = bytes[table[open] as number] === DICT
      wantsKey = inDict
      continue
    }

    if (row + ROW > table.length) table = grow(table)
    table[row] = start
    const digit = first - ZERO
    if (digit >= 0 && digit <= 9) {
      let size = digit
      let next = 0
      for (at++; ; at++) {
        if (at >= length) throw truncated('the length of a string', length)
        next = bytes[at] as number
        if (next === COLON) break
        next -= ZERO
        if (next < 0 || next > 9) throw syntax("a string's length has a byte that is no digit", at)
        size = size * 10 + next
        if (at - start >= LENGTH_DIGITS_MAX)
          throw tooManyDigits("a string's length", LENGTH_DIGITS_MAX, start)
      }
      if (digit === 0 && at - start > 1)
        relax(relaxed, 'LENGTH_FORM', "a string's length begins with 0", start)
      at++
      if (size > length - at) {
        throw new BencodeError(
          'TRUNCATED',
          `a string of ${size} bytes, but ${length - at} are left`,
          start,
        )
      }
      at += size
      table[row + 1] = at
      table[row + 2] = row + ROW
      if (wantsKey) {
        const before = table[open + 1] as number
        if (before >= 0) checkOrder(bytes, table, before, row, relaxed)
        table[open + 1] = row
        row += ROW
        wantsKey = false
        continue
      }
    } else if (wantsKey) {
      throw syntax("a dictionary's key is no string", at)
    } else if (first === INTEGER) {
      at = integerEnd(bytes, start, digitsMax, relaxed)
      table[row + 1] = at
      table[row + 2] = row + ROW
    } else if (first === DICT || first === LIST) {
      if (++depth > depthMax) {
        throw new BencodeError(
          'TOO_DEEP',
          `more than ${depthMax} lists and dictionaries inside one another`,
          at,
        )
      }
      if (++values > valuesMax) throw tooManyValues(valuesMax, at)
      at++
      table[row + 1] = -1
      table[row + 2] = open
      open = row
      row += ROW
      inDict = first === DICT
      wantsKey = inDict
      continue
    } else {
      throw syntax(`no value begins with byte 0x${first.toString(16).padStart(2, '0')}`, at)
    }

    if (++values > valuesMax) throw tooManyValues(valuesMax, start)
    row += ROW
    if (open < 0) break
    wantsKey = inDict
  }
  return { bytes, table, rows: row, end: at }
}

function checkLength(length: number, limits: DecodeLimits | undefined): void {
  const lengthMax = limits?.lengthMax ?? TORRENT_LIMITS.lengthMax
  if (length <= lengthMax && length <= OFFSET_MAX) return
  throw new BencodeError('TOO_LONG', `${length} bytes, limit ${Math.min(lengthMax, OFFSET_MAX)}`, 0)
}

/** Offsets are kept in 32 bits. */
const OFFSET_MAX = 2 ** 31 - 1

/** The offset after the `e` of an integer that begins at `start`. */
function integerEnd(
  bytes: Uint8Array,
  start: number,
  digitsMax: number,
  relaxed: RelaxationList | undefined,
): number {
  let at = start + 1
  const negative = bytes[at] === MINUS
  if (negative) at++
  const digits = at
  for (; ; at++) {
    if (at >= bytes.length) throw truncated('the end of an integer', bytes.length)
    const byte = bytes[at] as number
    if (byte === END) break
    if (byte < ZERO || byte > ZERO + 9) throw syntax('an integer has a byte that is no digit', at)
    if (at - digits >= digitsMax) throw tooManyDigits('an integer', digitsMax, start)
  }
  if (at === digits) throw syntax('an integer has no digits', at)
  if (bytes[digits] === ZERO) {
    if (negative && at === digits + 1) relax(relaxed, 'INTEGER_FORM', 'minus zero', start)
    else if (at > digits + 1) relax(relaxed, 'INTEGER_FORM', 'an integer begins with 0', start)
  }
  return at + 1
}

/** Keys rise, byte by byte; a shorter key comes before a longer one that begins with it. */
function checkOrder(
  bytes: Uint8Array,
  table: Int32Array,
  before: number,
  row: number,
  relaxed: RelaxationList | undefined,
): void {
  const start = table[row] as number
  let one = textStart(bytes, table[before] as number)
  let other = textStart(bytes, start)
  const oneEnd = table[before + 1] as number
  const otherEnd = table[row + 1] as number
  for (; one < oneEnd && other < otherEnd; one++, other++) {
    const difference = (bytes[other] as number) - (bytes[one] as number)
    if (difference > 0) return
    if (difference < 0)
      return relax(relaxed, 'KEY_ORDER', 'a key comes before the one ahead of it', start)
  }
  if (other < otherEnd) return
  if (one < oneEnd)
    return relax(relaxed, 'KEY_ORDER', 'a key comes before the one ahead of it', start)
  relax(relaxed, 'DUPLICATE_KEY', 'a key occurs twice', start)
}

/** Where the bytes of the string whose length begins at `start` begin. */
export function textStart(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (bytes[at] !== COLON) at++
  return at + 1
}

function relax(
  relaxed: RelaxationList | undefined,
  code: RelaxationCode,
  what: string,
  offset: number,
): void {
  if (relaxed === undefined) throw new BencodeError(code, what, offset)
  relaxed.note(code, offset)
}

function grow(table: Int32Array): Int32Array {
  const larger = new Int32Array(table.length * 2)
  larger.set(table)
  return larger
}

function truncated(what: string, offset: number): BencodeError {
  return new BencodeError('TRUNCATED', `the input ends before ${what}`, offset)
}

function syntax(what: string, offset: number): BencodeError {
  return new BencodeError('SYNTAX', what, offset)
}

function tooManyDigits(what: string, limit: number, offset: number): BencodeError {
  return new BencodeError('TOO_MANY_DIGITS', `${what} has more than ${limit} digits`, offset)
}

function tooManyValues(limit: number, offset: number): BencodeError {
  return new BencodeError('TOO_MANY_VALUES', `more than ${limit} values`, offset)
}
