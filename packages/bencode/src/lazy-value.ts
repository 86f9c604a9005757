// A place in a checked document: makes only the values that are asked for.
//
// Opening checks the whole document and keeps twelve bytes a token; `get` walks over the entries of one dictionary and
// skips whole values at a time. For torrents, whose one large string and long list are mostly not needed as values.

import { build, integerAt } from './build.ts'
import { checkLenient, checkStrict } from './check.ts'
import { BencodeError } from './errors.ts'
import { textAt } from './key.ts'
import type { DecodeLimits } from './limits.ts'
import { findKey } from './raw-value.ts'
import type { Relaxation } from './relaxation.ts'
import { DICT, INTEGER, LIST, release, ROW, textStart, type Tokens } from './scan.ts'
import { latin1At } from './short-runs.ts'
import type { BencodeValue } from './value.ts'

/**
 * Checks a document that is one canonical value and nothing else, and answers its outermost value.
 *
 * `bytes` is not copied: keep it unchanged as long as the document is in use.
 * @throws {BencodeError} with the offset of what is wrong
 */
export function openDocument(bytes: Uint8Array, limits?: DecodeLimits): LazyValue {
  return outermost(checkStrict(bytes, limits))
}

/**
 * The same for a document that may depart from canonical form in the ways that `Relaxation` lists.
 * @throws {BencodeError} for everything that is not on the list
 */
export function openLenient(
  bytes: Uint8Array,
  limits?: DecodeLimits,
): { readonly root: LazyValue; readonly relaxed: readonly Relaxation[] } {
  const { tokens, relaxed } = checkLenient(bytes, limits)
  return { root: outermost(tokens), relaxed }
}

/** One value of a document. What is not as asked throws a `BencodeError` with path and offset. */
export class LazyValue {
  readonly #bytes: Uint8Array
  readonly #table: Int32Array
  readonly #row: number

  /** Only `openDocument` and `openLenient` make the first one. */
  constructor(bytes: Uint8Array, table: Int32Array, row: number) {
    this.#bytes = bytes
    this.#table = table
    this.#row = row
  }

  get type(): 'integer' | 'string' | 'list' | 'dictionary' {
    const first = this.#bytes[this.offset]
    if (first === INTEGER) return 'integer'
    if (first === LIST) return 'list'
    return first === DICT ? 'dictionary' : 'string'
  }

  /** Where it begins in the document. */
  get offset(): number {
    return this.#table[this.#row] as number
  }

  /** Its path from the outermost value, as in "info.files[3].length"; empty for the outermost itself. */
  get path(): string {
    return pathOf(this.#bytes, this.#table, this.#row)
  }

  /** Its exact bytes, as a view: what an infohash is of. */
  raw(): Uint8Array {
    return this.#view(this.offset)
  }

  /** The value itself, with all that is in it; byte strings are views. */
  value(): BencodeValue {
    return build(this.#bytes, this.#table, this.#row, true)
  }

  /** @throws {BencodeError} `OUT_OF_RANGE` beyond ±(2^53 − 1) */
  int(): number {
    const { offset } = this
    if (this.#bytes[offset] !== INTEGER) throw this.#wrongType('an integer')
    const value = integerAt(this.#bytes, offset, this.#table[this.#row + 1] as number)
    if (typeof value === 'number') return value
    throw this.#error('OUT_OF_RANGE', `is ${value}, beyond 2^53`)
  }

  /** A view of a string's bytes; exactly `length` bytes when that is given. */
  bytes(length?: number): Uint8Array {
    const view = this.#view(this.#textStart())
    if (length === undefined || view.length === length) return view
    throw this.#error('WRONG_TYPE', `is a string of ${view.length} bytes, not of ${length}`)
  }

  /** UTF-8 text. @throws {BencodeError} `NOT_TEXT` when the bytes are not UTF-8 */
  text(): string {
    const text = textAt(this.#bytes, this.#textStart(), this.#table[this.#row + 1] as number)
    if (text !== undefined) return text
    throw this.#error('NOT_TEXT', 'is not UTF-8 text')
  }

  /** The value of a key; undefined when it is absent. Walks over the dictionary's entries. */
  get(key: string): LazyValue | undefined {
    if (this.#bytes[this.offset] !== DICT) throw this.#wrongType('a dictionary')
    const row = findKey(this.#bytes, this.#table, this.#row, key)
    return row === undefined ? undefined : new LazyValue(this.#bytes, this.#table, row)
  }

  /** The value of a key. @throws {BencodeError} `MISSING_KEY` when it is absent */
  need(key: string): LazyValue {
    const value = this.get(key)
    if (value !== undefined) return value
    const { path, offset } = this
    throw new BencodeError(
      'MISSING_KEY',
      `${path === '' ? key : `${path}.${key}`} is missing`,
      offset,
    )
  }

  /** The values of a list, in order. */
  items(): IterableIterator<LazyValue> {
    if (this.#bytes[this.offset] !== LIST) throw this.#wrongType('a list')
    return new Items(this.#bytes, this.#table, this.#row)
  }

  /** The entries of a dictionary, in the order of its keys. */
  *entries(): IterableIterator<readonly [string, LazyValue]> {
    if (this.#bytes[this.offset] !== DICT) throw this.#wrongType('a dictionary')
    const until = this.#table[this.#row + 2] as number
    for (let row = this.#row + ROW; row < until; row = this.#table[row + ROW + 2] as number) {
      const key = keyAtRow(this.#bytes, this.#table, row)
      yield [key, new LazyValue(this.#bytes, this.#table, row + ROW)]
    }
  }

  #view(start: number): Uint8Array {
    const { buffer, byteOffset } = this.#bytes
    const end = this.#table[this.#row + 1] as number
    return new Uint8Array(buffer, byteOffset + start, end - start)
  }

  #textStart(): number {
    const { offset, type } = this
    if (type !== 'string') throw this.#wrongType('a string')
    return textStart(this.#bytes, offset)
  }

  #wrongType(wanted: string): BencodeError {
    const { type } = this
    return this.#error('WRONG_TYPE', `is ${type === 'integer' ? 'an' : 'a'} ${type}, not ${wanted}`)
  }

  #error(code: 'WRONG_TYPE' | 'OUT_OF_RANGE' | 'NOT_TEXT', what: string): BencodeError {
    const { path, offset } = this
    return new BencodeError(code, `${path === '' ? 'the document' : path} ${what}`, offset)
  }
}

/** An iterator by hand: compilers see through it, not through a generator. */
class Items implements IterableIterator<LazyValue> {
  readonly #bytes: Uint8Array
  readonly #table: Int32Array
  readonly #until: number
  #row: number

  constructor(bytes: Uint8Array, table: Int32Array, list: number) {
    this.#bytes = bytes
    this.#table = table
    this.#until = table[list + 2] as number
    this.#row = list + ROW
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<LazyValue> {
    const row = this.#row
    if (row >= this.#until) return { done: true, value: undefined }
    this.#row = this.#table[row + 2] as number
    return { done: false, value: new LazyValue(this.#bytes, this.#table, row) }
  }
}

/** The table is kept with the document, cut to size, so that the spare one serves the next. */
function outermost(tokens: Tokens): LazyValue {
  const table = tokens.table.slice(0, tokens.rows)
  release(tokens)
  return new LazyValue(tokens.bytes, table, 0)
}

function keyAtRow(bytes: Uint8Array, table: Int32Array, row: number): string {
  return latin1At(bytes, textStart(bytes, table[row] as number), table[row + 1] as number)
}

/** Found by walking down from the outermost value; only errors ask for it. */
function pathOf(bytes: Uint8Array, table: Int32Array, target: number): string {
  let path = ''
  let row = 0
  while (row !== target) {
    const isDict = bytes[table[row] as number] === DICT
    let child = row + ROW
    let index = 0
    let key = child
    for (;;) {
      key = child
      if (isDict) child += ROW
      const next = table[child + 2] as number
      if (target < next) break
      child = next
      index++
    }
    if (isDict) path += (path === '' ? '' : '.') + keyAtRow(bytes, table, key)
    else path += `[${index}]`
    row = child
  }
  return path
}
