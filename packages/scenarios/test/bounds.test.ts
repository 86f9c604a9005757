// Against the figures that the published tables and the protocol's §4 give.
import { Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import {
  type Bounds,
  boundsOf,
  catalogued,
  frontierRedundancy,
  kthBound,
  layOut,
  parseScenario,
  timesOf,
} from '../src/index.ts'

function factsOf(name: string) {
  const scenario = parseScenario(catalogued(name), name)
  return { ...scenario, layout: layOut(scenario, new Prng(1)) }
}
const bounds = (name: string): Bounds => boundsOf(factsOf(name))

describe('bounds', () => {
  test.each([
    ['medium', 980.0],
    ['bigseed', 974.4],
    ['asym', 326.7],
  ])('T* of %s is %d s', (name, seconds) => {
    expect(bounds(name).lastSeconds).toBeCloseTo(seconds, 1)
  })

  test('R of random neighbours is 46.5 in the published swarm', () => {
    expect(bounds('medium').randomRedundancy).toBeCloseTo(46.49, 2)
  })

  test('whole pieces cost nine doublings of one piece among 699 peers', () => {
    expect(bounds('medium').lastSecondsWhole).toBeCloseTo(980 * 1.009, 3)
    expect(bounds('asym').lastSecondsWhole).toBeUndefined()
  })

  test('a site at half the uplink needs twice as long to spread one copy', () => {
    const { sites, lastSecondsOnce } = bounds('half-uplink')
    expect(sites[13]?.lastSeconds).toBeCloseTo(2 * (sites[12]?.lastSeconds as number), 3)
    expect(lastSecondsOnce).toBe(sites[13]?.lastSeconds)
    const size = 245_000_000
    const copies = frontierRedundancy(sites[13] as never, size, 980)
    expect(copies).toBeCloseTo(25, 0)
    expect(frontierRedundancy(sites[12] as never, size, 980)).toBe(1)
  })

  test('the k-th finisher has the seed against it first, then the upload of all', () => {
    const facts = factsOf('bigseed')
    const downloads = Array.from({ length: 699 }, () => 750_000)
    expect(kthBound(facts, 1, downloads)).toBeCloseTo(245_000_000 / 750_000, 3)
    expect(kthBound(facts, 699, downloads)).toBeCloseTo(974.4, 1)
  })
})

test('percentiles are values that occur', () => {
  const times = timesOf([5, 1, 4, 2, 3])
  expect(times).toEqual({ count: 5, mean: 3, p50: 3, p90: 5, p95: 5, last: 5 })
  expect(timesOf([]).last).toBe(0)
})
