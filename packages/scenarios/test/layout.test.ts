import { Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { exponential, shareOut } from '../src/chance.ts'
import { applySettings, catalogued, type Layout, layOut, parseScenario } from '../src/index.ts'
import { schemeNamed } from '../src/schemes.ts'

function laidOut(name: string, seed = 1, ...pairs: string[]): Layout {
  const { scenario } = applySettings(catalogued(name), schemeNamed('bittorrent'), pairs)
  return layOut(parseScenario(scenario, name), new Prng(seed))
}

const sizes = ({ sites, peers }: Layout): number[] =>
  sites.map(({ number }) => peers.filter(({ site }) => site === number).length)

describe('a scenario spelled out', () => {
  test('the published medium swarm has 14 sites of 50, one of the first site is the seed', () => {
    const layout = laidOut('medium')
    expect(sizes(layout)).toEqual(Array.from({ length: 14 }, () => 50))
    expect(layout.peers.filter(({ isSeed }) => isSeed).map(({ site }) => site)).toEqual([0])
    expect(layout.firstCrowd).toBe(700)
  })

  test('classes come out exactly, and differ from seed to seed in who they are', () => {
    const count = (layout: Layout): number =>
      layout.peers.filter(({ className }) => className === 'fast').length
    const one = laidOut('asym', 1)
    const other = laidOut('asym', 2)
    expect(Math.abs(count(one) - 349.5)).toBeLessThan(1)
    expect(count(other)).toBe(count(one))
    const who = (layout: Layout): string => layout.peers.map(({ className }) => className).join()
    expect(who(other)).not.toBe(who(one))
    expect(who(laidOut('asym', 1))).toBe(who(one))
  })

  test('sizes that fall as 1/n add up, and no site is empty', () => {
    const zipf = sizes(laidOut('zipf-sites'))
    expect(zipf.reduce((sum, size) => sum + size)).toBe(700)
    expect(zipf).toEqual(zipf.toSorted((one, other) => other - one))
    expect(zipf.at(-1)).toBeGreaterThan(0)
    const ratio = (zipf[0] as number) / (zipf[1] as number)
    expect(ratio).toBeGreaterThan(1.8)
    expect(ratio).toBeLessThan(2.1)
  })

  test('a late site joins late, and its time counts from then', () => {
    const late = laidOut('late-site').peers.filter(({ site }) => site === 13)
    for (const { joinMs, countsFromMs } of late) {
      expect(countsFromMs).toBe(100_000)
      expect(joinMs).toBeGreaterThanOrEqual(100_000)
      expect(joinMs).toBeLessThanOrEqual(101_400)
    }
    expect(laidOut('late-site').firstCrowd).toBe(650)
  })

  test('actors are in every site where that is asked, and never seeds', () => {
    const { peers } = laidOut('lying-peer')
    for (let site = 0; site < 14; site++) {
      const here = peers.filter((peer) => peer.site === site && peer.actor !== undefined)
      expect(
        here
          .map(({ actor }) => actor?.kind)
          .sort((one, other) => (String(one) < String(other) ? -1 : 1)),
      ).toEqual(['false-capacity', 'wrong-site'])
      expect(here.some(({ isSeed }) => isSeed)).toBe(false)
    }
  })
})

describe('chance', () => {
  test('exponential draws have mean 1 and variance 1', () => {
    const random = new Prng(3)
    const drawn = Array.from({ length: 40_000 }, () => exponential(random))
    const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length
    const variance =
      drawn.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / drawn.length
    expect(mean).toBeCloseTo(1, 1)
    expect(variance).toBeGreaterThan(0.93)
    expect(variance).toBeLessThan(1.07)
  })

  test('shares add up and follow their weights', () => {
    expect(shareOut(10, [1, 1, 1], 0)).toEqual([4, 3, 3])
    expect(shareOut(7, [3, 1], 1)).toEqual([5, 2])
  })
})
