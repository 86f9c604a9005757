// The randomness of one announce and what its asker may hear of: one number of the Random port, spread by a mixer.
//
// Fifty draws of a cryptographic source cost more than the rest of an announce. Who sees all answers could guess
// which peers others are told of; nothing secret is drawn from this.

import type { IpClass } from '@bt/primitives'

/** The order of classes in a member's flags. */
export const CLASSES: readonly IpClass[] = ['loopback', 'link-local', 'private', 'global', 'never']

/** What may be told to whom: to an asker's class, members of his or of a wider one. */
const WIDTH: Readonly<Record<IpClass, number>> = {
  loopback: 0,
  'link-local': 1,
  private: 2,
  global: 3,
  // Nobody's address: as far outside as one can be, and told to nobody but its like.
  never: 3,
}

/** For each class of asker a bit for each class that he may hear of. */
export const MAY_HEAR: readonly number[] = CLASSES.map((asker) =>
  CLASSES.reduce((bits, told, at) => {
    const may = told === 'never' ? asker === 'never' : WIDTH[told] >= WIDTH[asker]
    return may ? bits | (1 << at) : bits
  }, 0),
)

const INSIDE = 0b00111
const NEVER = 1 << CLASSES.indexOf('never')

/** Whether who may hear of the classes `mayHear` may hear of all of a swarm with so many members of narrow classes. */
export function isAudible(mayHear: number, inside: number, nowhere: number): boolean {
  return (
    (inside === 0 || (mayHear & INSIDE) === INSIDE) && (nowhere === 0 || (mayHear & NEVER) !== 0)
  )
}

export class Draw {
  /** The mixer's state (splitmix32); set anew for each announce. */
  state = 0
  /** The asker's slot in the part that is drawn from; −1 where it is in another. */
  self = -1
  /** Seeds are not told of. */
  withoutSeeds = false
  /** A bit for each class of address that may be told of. */
  mayHear = 0

  /** A whole number in 0 … bound − 1, each equally likely to within 2^-32 of itself. */
  below(bound: number): number {
    this.state = (this.state + 0x9e3779b9) | 0
    if (bound <= SCALED_MAX) return scaled(mixed(this.state), bound)
    return Math.floor((mixed(this.state) >>> 0) * bound * INVERSE)
  }

  /** A random step that comes to each of `bound` places before it comes to one again. */
  stepOf(bound: number): number {
    if (bound < 2) return 1
    for (;;) {
      const step = 1 + this.below(bound - 1)
      if (gcd(bound, step) === 1) return step
    }
  }
}

function gcd(one: number, other: number): number {
  return other === 0 ? one : gcd(other, one % other)
}

/** 2^-32. */
const INVERSE = 1 / 0x100000000
/** So that all products below stay within 31 bits. */
const SCALED_MAX = 1 << 14

/** 32 random bits times `bound` (at most 2^14), divided by 2^32: in whole numbers, which are quicker than others. */
export function scaled(word: number, bound: number): number {
  return ((word >>> 16) * bound + (((word & 0xffff) * bound) >>> 16)) >>> 16
}

export function mixed(state: number): number {
  let word = state ^ (state >>> 16)
  word = Math.imul(word, 0x21f0aaad)
  word ^= word >>> 15
  word = Math.imul(word, 0x735a2d97)
  return word ^ (word >>> 15)
}
