// Draws that need more than whole numbers, without functions whose last bit differs between machines.

import type { Prng } from '@bt/primitives'

/** A number in 0 … 1, 1 excluded. */
export function uniform(random: Prng): number {
  return random.uint32() / 0x100000000
}

/** Exponential with mean 1 (von Neumann, 1951): comparisons of uniform draws only. */
export function exponential(random: Prng): number {
  for (let whole = 0; ; whole++) {
    const first = uniform(random)
    let last = first
    let length = 1
    for (;;) {
      const next = uniform(random)
      length++
      if (next >= last) break
      last = next
    }
    if (length % 2 === 0) return whole + first
  }
}

/** `total` in proportion to the weights, whole numbers, at least `least` each; the largest remainders round up. */
export function shareOut(total: number, weights: readonly number[], least: number): number[] {
  const free = total - least * weights.length
  const sum = weights.reduce((all, weight) => all + weight, 0)
  const exact = weights.map((weight) => (free * weight) / sum)
  const shares = exact.map((share) => least + Math.floor(share))
  const order = exact
    .map((share, at) => ({ at, rest: share - Math.floor(share) }))
    .sort((one, other) => other.rest - one.rest || one.at - other.at)
  let left = total - shares.reduce((all, share) => all + share, 0)
  for (const { at } of order) {
    if (left-- <= 0) break
    shares[at] = (shares[at] as number) + 1
  }
  return shares
}
