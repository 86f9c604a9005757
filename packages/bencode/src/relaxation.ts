// What lenient decoding lets through, and how it says so.

/** A departure from canonical form that lenient decoding lets through. */
export type RelaxationCode =
  | 'INTEGER_FORM'
  | 'LENGTH_FORM'
  | 'KEY_ORDER'
  | 'DUPLICATE_KEY'
  | 'TRAILING_BYTES'

/**
 * One departure that was let through, and where.
 *
 * - `INTEGER_FORM`: leading zeros, minus zero
 * - `LENGTH_FORM`: leading zeros of a string's length
 * - `KEY_ORDER`: keys out of order
 * - `DUPLICATE_KEY`: a key again in the same dictionary; the first one counts
 * - `TRAILING_BYTES`: bytes after the value, which are not looked at
 */
export interface Relaxation {
  readonly code: RelaxationCode
  /** Bytes from the start of the input. */
  readonly offset: number
}

/** Entries kept of one document: enough to show what is wrong with it, too few to be a burden. */
export const RELAXATIONS_MAX = 1_000

/** What was let through: the first thousand departures, and of every kind that occurs at least one. */
export class RelaxationList {
  readonly #entries: Relaxation[] = []
  readonly #codes = new Set<RelaxationCode>()

  note(code: RelaxationCode, offset: number): void {
    if (this.#entries.length >= RELAXATIONS_MAX && this.#codes.has(code)) return
    this.#entries.push({ code, offset })
    this.#codes.add(code)
  }

  has(code: RelaxationCode): boolean {
    return this.#codes.has(code)
  }

  /** In the order of the bytes. */
  entries(): readonly Relaxation[] {
    return this.#entries.toSorted((one, other) => one.offset - other.offset)
  }
}
