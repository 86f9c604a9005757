// Every scheme in a small swarm: it completes within the rules, and what crosses is what its idea says.
import { describe, expect, test } from 'vitest'
import { SCHEMES } from '../../src/index.ts'
import { runSmall } from './small.ts'

describe('schemes in three offices', () => {
  test.each(SCHEMES.map(({ name }) => name))('%s completes, and no rule is broken', (scheme) => {
    const result = runSmall('office', scheme, { set: ['pieces=32'] })
    expect(result.brokenInvariants).toEqual([])
    expect(result.completed).toBe(17)
    expect(result.lastSeconds).toBeGreaterThan(result.boundSeconds)
    expect(result.completionSeconds).toHaveLength(17)
  })

  test('the same seed gives the same trace, another seed another', () => {
    const hash = (seed: number): string =>
      runSmall('office', 'owned', { seed, set: ['pieces=8'] }).traceHash
    expect(hash(3)).toBe(hash(3))
    expect(hash(4)).not.toBe(hash(3))
  })

  test('owned imports about once, biased more, plain most', () => {
    const set = ['pieces=32']
    const plain = runSmall('office', 'bittorrent', { set })
    const biased = runSmall('office', 'biased', { set: [...set, 'external=1'] })
    const owned = runSmall('office', 'owned', { set })
    expect(owned.redundancy).toBeLessThan(1.2)
    expect(biased.redundancy).toBeGreaterThan(owned.redundancy)
    expect(plain.redundancy).toBeGreaterThan(biased.redundancy)
  })
})
