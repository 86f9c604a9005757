// Seedable generator (xoshiro128**, Blackman and Vigna 2018): the same seed gives the same numbers on any
// machine. Integers only. Not for secrets: tokens, ids and keys come from a cryptographic source.

import { invariant } from './invariant.ts'

export class Prng {
  #a: number
  #b: number
  #c: number
  #d: number

  /** A number or text of any kind; or the generator's own state, four words of 32 bits that are not all zero. */
  constructor(seed: number | string | readonly [number, number, number, number]) {
    if (typeof seed === 'object') {
      invariant(
        seed.some((word) => (word | 0) !== 0),
        'the state of a generator is not all zero',
      )
      ;[this.#a, this.#b, this.#c, this.#d] = seed
      return
    }
    let state = hashText(String(seed))
    const next = (): number => {
      // splitmix32, the seeding that the generator's authors advise
      state = (state + 0x9e3779b9) | 0
      let mixed = state ^ (state >>> 16)
      mixed = Math.imul(mixed, 0x21f0aaad)
      mixed ^= mixed >>> 15
      mixed = Math.imul(mixed, 0x735a2d97)
      return mixed ^ (mixed >>> 15)
    }
    this.#a = next()
    this.#b = next()
    this.#c = next()
    this.#d = next() | 1
  }

  /** 32 bits, unsigned. */
  uint32(): number {
    const scaled = Math.imul(this.#b, 5)
    const result = Math.imul((scaled << 7) | (scaled >>> 25), 9) >>> 0
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = (this.#d << 11) | (this.#d >>> 21)
    return result
  }

  /** A whole number in 0 … bound − 1, each equally likely; `bound` is 1 … 2^48. */
  below(bound: number): number {
    invariant(
      Number.isInteger(bound) && bound >= 1 && bound <= 2 ** 48,
      'below(bound) with 1 … 2^48',
    )
    if (bound <= 0x100000000) {
      const fair = 0x100000000 - (0x100000000 % bound)
      for (;;) {
        const drawn = this.uint32()
        if (drawn < fair) return drawn % bound
      }
    }
    const fair = 2 ** 48 - (2 ** 48 % bound)
    for (;;) {
      const drawn = this.uint32() * 0x10000 + (this.uint32() >>> 16)
      if (drawn < fair) return drawn % bound
    }
  }

  /** Overwrites all of `bytes`. */
  fill(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at++) bytes[at] = this.uint32() >>> 24
  }

  /** Shuffles in place, every order equally likely. */
  shuffle<T>(items: T[]): T[] {
    return shuffle(items, this)
  }

  /** A generator of its own for one purpose: what others draw does not change what it draws. */
  fork(purpose: string): Prng {
    return new Prng(`${this.uint32()}/${this.uint32()}/${purpose}`)
  }
}

/** Shuffles in place with any source of `below` (Fisher and Yates); every order is equally likely. */
export function shuffle<T>(items: T[], random: { below(bound: number): number }): T[] {
  for (let end = items.length; end > 1; end--) {
    const at = random.below(end)
    const moved = items[end - 1] as T
    items[end - 1] = items[at] as T
    items[at] = moved
  }
  return items
}

function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
    hash ^= hash >>> 13
  }
  return hash
}
