import { Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { Link, Share } from '../src/link.ts'
import { MaxMin } from '../src/max-min.ts'
import { waterFilling } from './water-filling.ts'

/** Hosts in sites: uplinks, downlinks, and the two ways of each site's link, some of them narrow. */
function world(random: Prng) {
  const hosts = 2 + random.below(8)
  const sites = 1 + random.below(3)
  const rate = (): number => [1, 2, 3, 10, 1_000][random.below(5)] as number
  const capacities = Array.from({ length: 2 * hosts + 2 * sites }, rate)
  const way = (): number[] => {
    const from = random.below(hosts)
    const to = (from + 1 + random.below(hosts - 1)) % hosts
    const ends = [from, hosts + to]
    const [out, into] = [from % sites, to % sites]
    return out === into ? ends : [...ends, 2 * hosts + out, 2 * hosts + sites + into]
  }
  return { capacities, way, rate }
}

describe('max-min fair rates', () => {
  test('equal a water filling of everything within 1 %, after any history', () => {
    let worst = 0
    for (let seed = 1; seed <= 150; seed++) {
      const random = new Prng(`max-min/${seed}`)
      const { capacities, way, rate } = world(random)
      const links = capacities.map((capacity) => new Link(capacity))
      const rates = new MaxMin()
      const shares: { share: Share; links: number[] }[] = []
      for (let step = 0; step < 40; step++) {
        for (let change = random.below(3); change >= 0; change--) {
          const choice = random.below(10)
          if (choice < 6) {
            const indexes = way()
            const ways = indexes.map((index) => links[index] as Link)
            const share = new Share(ways)
            rates.attach(share)
            shares.push({ share, links: indexes })
          } else if (choice < 9 && shares.length > 0) {
            const [gone] = shares.splice(random.below(shares.length), 1)
            rates.detach((gone as { share: Share }).share)
          } else {
            const index = random.below(links.length)
            capacities[index] = random.below(8) === 0 ? 0 : rate()
            const link = links[index] as Link
            link.bytesPerSecond = capacities[index] as number
            rates.changed(link)
          }
        }
        rates.settle()
        rates.forget()
        const exact = waterFilling(capacities, shares)
        for (const [at, { share }] of shares.entries()) {
          const want = exact[at] as number
          const error = want === 0 ? share.rate : Math.abs(share.rate / want - 1)
          if (error > worst) worst = error
          expect(error, `seed ${seed}, step ${step}, flow ${at}`).toBeLessThan(0.01)
        }
      }
    }
    // The tolerance is used, so the comparison has something to see.
    expect(worst).toBeGreaterThan(1e-9)
  })

  test('a change of one uplink computes that uplink only, where downlinks have room', () => {
    const rates = new MaxMin()
    const up = Array.from({ length: 100 }, () => new Link(100))
    const down = Array.from({ length: 100 }, () => new Link(1_000))
    for (let from = 0; from < 100; from++)
      for (let to = 1; to <= 5; to++) {
        const way = [up[from] as Link, down[(from + to) % 100] as Link]
        rates.attach(new Share(way))
      }
    rates.settle()
    rates.forget()
    const before = rates.computed
    rates.attach(new Share([up[0] as Link, down[50] as Link]))
    expect(rates.settle().length).toBe(6)
    expect(rates.computed - before).toBe(1)
  })

  test('who leaves gives its rate to the others, and who has no way through has none', () => {
    const rates = new MaxMin()
    const link = new Link(90)
    const shares = [0, 1, 2].map(() => new Share([link]))
    for (const share of shares) rates.attach(share)
    rates.settle()
    expect(shares.map(({ rate }) => rate)).toEqual([30, 30, 30])
    rates.detach(shares[1] as Share)
    rates.settle()
    expect(shares.map(({ rate }) => rate)).toEqual([45, 0, 45])
    link.bytesPerSecond = 0
    rates.changed(link)
    rates.settle()
    expect(shares.map(({ rate }) => rate)).toEqual([0, 0, 0])
  })
})
