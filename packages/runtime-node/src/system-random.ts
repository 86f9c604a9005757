// Randomness from the operating system, drawn 4 KiB at a time: one call of the generator for a thousand small draws.
// What was handed out is wiped from the store, so that a later look into memory finds no old key or token.

import { randomFillSync } from 'node:crypto'
import { invariant } from '@bt/primitives'
import type { Random } from '@bt/ports'

/** Bytes drawn at once. */
const STORE_LENGTH = 4096
/** Above this many bytes, `fill` goes to the system directly. */
const DIRECT_MIN = 1024

export class SystemRandom implements Random {
  readonly #store = new Uint8Array(STORE_LENGTH)
  #at = STORE_LENGTH

  below(bound: number): number {
    invariant(
      Number.isInteger(bound) && bound >= 1 && bound <= 2 ** 48,
      'below(bound) with 1 … 2^48',
    )
    const wide = bound > 2 ** 32
    const range = wide ? 2 ** 48 : 2 ** 32
    const fair = range - (range % bound)
    for (;;) {
      const drawn = wide ? this.#draw(6) : this.#draw(4)
      if (drawn < fair) return drawn % bound
    }
  }

  fill(bytes: Uint8Array): void {
    if (bytes.length >= DIRECT_MIN) {
      randomFillSync(bytes)
      return
    }
    const at = this.#take(bytes.length)
    bytes.set(this.#store.subarray(at, at + bytes.length))
    this.#store.fill(0, at, at + bytes.length)
  }

  #draw(length: number): number {
    const at = this.#take(length)
    let drawn = 0
    for (let index = at; index < at + length; index++) {
      drawn = drawn * 256 + (this.#store[index] as number)
      this.#store[index] = 0
    }
    return drawn
  }

  #take(length: number): number {
    if (this.#at + length > STORE_LENGTH) {
      randomFillSync(this.#store)
      this.#at = 0
    }
    const at = this.#at
    this.#at += length
    return at
  }
}
