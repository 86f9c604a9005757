// What lenient decoding lets through, and how it says so.

/**
 * One departure from canonical form that was let through, and where.
 *
 * - `INTEGER_FORM`: leading zeros, minus zero
 * - `LENGTH_FORM`: leading zeros of a string's length
 * - `KEY_ORDER`: keys out of order
 * - `DUPLICATE_KEY`: a key again in the same dictionary; the first one counts
 * - `TRAILING_BYTES`: bytes after the value, which are not looked at
 */
export interface Relaxation {
  readonly code: 'INTEGER_FORM' | 'LENGTH_FORM' | 'KEY_ORDER' | 'DUPLICATE_KEY' | 'TRAILING_BYTES'
  /** Bytes from the start of the input. */
  readonly offset: number
}
