// Typed reading of a decoded dictionary, with the path in the error: "info.files[3].length is missing".

import { BencodeError } from './errors.ts'
import { textOfBytes } from './key.ts'
import type { BencodeDict, BencodeValue } from './value.ts'

/** Reads one dictionary. Every method but `has` and `value` throws a `BencodeError` when the key is not as asked. */
export class DictReader {
  /** The dictionary itself. */
  readonly dictionary: BencodeDict
  /** Its name in errors. */
  readonly where: string

  /**
   * `where` names the dictionary in errors, as in "extension handshake".
   * @throws {BencodeError} `WRONG_TYPE` when the value is no dictionary
   */
  constructor(value: BencodeValue, where: string) {
    if (!(value instanceof Map)) throw wrongType(where, 'a dictionary', value)
    this.dictionary = value as BencodeDict
    this.where = where
  }

  has(key: string): boolean {
    return this.dictionary.has(key)
  }

  /** Whatever is there; undefined when the key is not. */
  value(key: string): BencodeValue | undefined {
    return this.dictionary.get(key)
  }

  /** @throws {BencodeError} `OUT_OF_RANGE` beyond ±(2^53 − 1) */
  int(key: string): number {
    const value = this.#present(key)
    if (typeof value === 'number') return value
    if (typeof value !== 'bigint') throw wrongType(this.#path(key), 'an integer', value)
    throw new BencodeError('OUT_OF_RANGE', `${this.#path(key)} is ${value}, beyond 2^53`)
  }

  /** UTF-8 text. @throws {BencodeError} `NOT_TEXT` when the bytes are not UTF-8 */
  text(key: string): string {
    const text = textOfBytes(this.bytes(key))
    if (text !== undefined) return text
    throw new BencodeError('NOT_TEXT', `${this.#path(key)} is not UTF-8 text`)
  }

  /** A view of the decoded bytes; exactly `length` bytes when that is given. */
  bytes(key: string, length?: number): Uint8Array {
    const value = this.#present(key)
    if (!(value instanceof Uint8Array)) throw wrongType(this.#path(key), 'a string', value)
    if (length === undefined || value.length === length) return value
    throw new BencodeError(
      'WRONG_TYPE',
      `${this.#path(key)} is a string of ${value.length} bytes, not of ${length}`,
    )
  }

  list(key: string): readonly BencodeValue[] {
    const value = this.#present(key)
    if (!Array.isArray(value)) throw wrongType(this.#path(key), 'a list', value)
    return value as readonly BencodeValue[]
  }

  dict(key: string): DictReader {
    return new DictReader(this.#present(key), this.#path(key))
  }

  #present(key: string): BencodeValue {
    const value = this.dictionary.get(key)
    if (value === undefined) throw new BencodeError('MISSING_KEY', `${this.#path(key)} is missing`)
    return value
  }

  #path(key: string): string {
    return this.where === '' ? key : `${this.where}.${key}`
  }
}

function wrongType(where: string, wanted: string, value: BencodeValue): BencodeError {
  return new BencodeError('WRONG_TYPE', `${where} is ${nameOf(value)}, not ${wanted}`)
}

function nameOf(value: BencodeValue): string {
  if (typeof value === 'number' || typeof value === 'bigint') return 'an integer'
  if (value instanceof Uint8Array) return 'a string'
  return Array.isArray(value) ? 'a list' : 'a dictionary'
}
