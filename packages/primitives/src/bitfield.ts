// Fixed-length bit set in BEP 3 order (first piece = high bit of the first byte) that keeps its count.

import { invariant } from './invariant.ts'

export interface ReadonlyBitfield {
  /** How many bits there are. */
  readonly length: number
  /** How many of them are set. */
  readonly count: number
  has(index: number): boolean
  /** A copy in BEP 3 order; spare bits of the last byte are zero. */
  toBytes(): Uint8Array
}

const BITS_OF = new Uint8Array(256)
for (let byte = 1; byte < 256; byte++) BITS_OF[byte] = (BITS_OF[byte >> 1] as number) + (byte & 1)

export class Bitfield implements ReadonlyBitfield {
  readonly length: number
  #count = 0
  readonly #bytes: Uint8Array

  /** `bytes` is copied; it must be exactly long enough, and its spare bits zero (check with `Bitfield.fits`). */
  constructor(length: number, bytes?: Uint8Array) {
    invariant(Number.isSafeInteger(length) && length >= 0, 'a bitfield has a whole length')
    this.length = length
    this.#bytes = new Uint8Array(Math.ceil(length / 8))
    if (bytes === undefined) return
    invariant(Bitfield.fits(length, bytes), 'the bytes of a bitfield fit its length')
    this.#bytes.set(bytes)
    for (const byte of bytes) this.#count += BITS_OF[byte] as number
  }

  /** Every bit set. */
  static full(length: number): Bitfield {
    const all = new Bitfield(length)
    all.#bytes.fill(255)
    if (length % 8 !== 0) all.#bytes[all.#bytes.length - 1] = (0xff00 >> (length % 8)) & 255
    all.#count = length
    return all
  }

  /** Exactly the right number of bytes, with the spare bits zero (BEP 3). */
  static fits(length: number, bytes: Uint8Array): boolean {
    if (bytes.length !== Math.ceil(length / 8)) return false
    const spare = bytes.length * 8 - length
    return spare === 0 || ((bytes[bytes.length - 1] as number) & ((1 << spare) - 1)) === 0
  }

  static copyOf(other: ReadonlyBitfield): Bitfield {
    return new Bitfield(other.length, other.toBytes())
  }

  get count(): number {
    return this.#count
  }

  /** False outside the range. */
  has(index: number): boolean {
    if (!(index >= 0 && index < this.length)) return false
    return ((this.#bytes[index >> 3] as number) & (128 >> (index & 7))) !== 0
  }

  /** True when the bit was not set before. */
  set(index: number): boolean {
    invariant(index >= 0 && index < this.length, 'a bit that is set lies in the bitfield')
    const at = index >> 3
    const bit = 128 >> (index & 7)
    const byte = this.#bytes[at] as number
    if ((byte & bit) !== 0) return false
    this.#bytes[at] = byte | bit
    this.#count++
    return true
  }

  /** True when the bit was set before. */
  clear(index: number): boolean {
    if (!this.has(index)) return false
    const at = index >> 3
    this.#bytes[at] = (this.#bytes[at] as number) & ~(128 >> (index & 7))
    this.#count--
    return true
  }

  toBytes(): Uint8Array {
    return this.#bytes.slice()
  }
}
