// The one error of this package: what is wrong, where, and what to do about it.

/**
 * What went wrong.
 *
 * - syntax: `SYNTAX` (a byte that cannot stand there), `INTEGER_FORM` (`i03e`, `i-0e`), `LENGTH_FORM` (`03:abc`),
 *   `KEY_ORDER`, `DUPLICATE_KEY`, `TRAILING_BYTES`
 * - end of input: `TRUNCATED`
 * - limits: `TOO_DEEP`, `TOO_MANY_VALUES`, `TOO_MANY_DIGITS`, `TOO_LONG`
 * - reading what was decoded: `WRONG_TYPE`, `MISSING_KEY`, `NOT_TEXT` (not UTF-8), `OUT_OF_RANGE` (beyond 2^53)
 * - encoding: `NOT_ENCODABLE`
 */
export type BencodeErrorCode =
  | 'SYNTAX'
  | 'INTEGER_FORM'
  | 'LENGTH_FORM'
  | 'KEY_ORDER'
  | 'DUPLICATE_KEY'
  | 'TRAILING_BYTES'
  | 'TRUNCATED'
  | 'TOO_DEEP'
  | 'TOO_MANY_VALUES'
  | 'TOO_MANY_DIGITS'
  | 'TOO_LONG'
  | 'WRONG_TYPE'
  | 'MISSING_KEY'
  | 'NOT_TEXT'
  | 'OUT_OF_RANGE'
  | 'NOT_ENCODABLE'

/** Bytes that are not what they should be, or a value that cannot be encoded. */
export class BencodeError extends Error {
  override readonly name = 'BencodeError'
  readonly code: BencodeErrorCode
  /** Where in the input, in bytes from its start; −1 where no input is at hand (encoder, DictReader). */
  readonly offset: number

  constructor(code: BencodeErrorCode, message: string, offset = -1) {
    super(offset < 0 ? message : `${message} (at byte ${offset})`)
    this.code = code
    this.offset = offset
  }
}
