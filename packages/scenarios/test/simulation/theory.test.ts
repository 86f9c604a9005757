// Plain BitTorrent obeys theory: with random neighbours and equal latencies each copy comes from any other peer alike, so a
// site of n among N imports n(N−n)/(N−1) copies; and nobody is faster than the fluid bound.
import { describe, expect, test } from 'vitest'
import {
  applySettings,
  catalogued,
  parseScenario,
  runScenario,
  schemeNamed,
} from '../../src/index.ts'

const SMALL = ['sites.0.count=5', 'sites.0.hosts=12', 'pieces=160', 'endgame=0']

describe('plain BitTorrent against theory, five sites of twelve', () => {
  const results = [1, 2, 3, 4].map((seed) => {
    const { scenario, settings } = applySettings(
      catalogued('medium'),
      schemeNamed('bittorrent'),
      SMALL,
    )
    return runScenario({
      scenario: parseScenario(scenario, 'medium'),
      scheme: 'bittorrent',
      settings,
      seed,
      profile: 'fast',
      checks: 'cheap',
    })
  })

  // A run of this size is off by 2 percent (one standard deviation), and all of them by 2 percent to the same side.
  test('R is that of random sources, within 4 percent at this size, over four seeds', () => {
    let sum = 0
    for (const { redundancy, bounds } of results) {
      expect(bounds.randomRedundancy).toBeCloseTo((12 * 47) / 58, 6)
      sum += redundancy / bounds.randomRedundancy
    }
    expect(Math.abs(sum / results.length - 1)).toBeLessThan(0.04)
  })

  test('no byte travels faster than links allow, and the last peer is not far behind the fluid bound', () => {
    for (const { completionSeconds, boundSeconds, timeline, pieces } of results) {
      const last = completionSeconds.at(-1) as number
      expect(last).toBeGreaterThan(boundSeconds)
      // 160 pieces last 16 rounds of the choker, and it needs some to find its feet: at 1000 pieces it is far nearer
      expect(last / boundSeconds).toBeLessThan(4)
      // by T seconds at most T times the upload of all has moved
      const size = pieces * 245_000
      for (const [at, seconds] of timeline.seconds.entries()) {
        const moved = (timeline.share[at] as number) * 59 * size
        expect(moved).toBeLessThanOrEqual(seconds * 60 * 250_000)
      }
    }
  })
})
