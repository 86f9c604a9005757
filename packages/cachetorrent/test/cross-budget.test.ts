import type { SiteId } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { Capacities } from '../src/capacities.ts'
import { copiesFor, CrossBudget, delayOfOne } from '../src/cross-budget.ts'
import { PACE_LOOK_MS } from '../src/limits.ts'
import { Neighbours } from '../src/neighbours.ts'
import { plainPeer } from './peers.ts'

const SITE = '0123456789abcdef' as SiteId
const OTHER = 'fedcba9876543210' as SiteId
const peer = (capacity: number): { capacity: number; isSource: boolean } => ({
  capacity,
  isSource: false,
})

describe('copies that a site must import', () => {
  test('one where its uplinks spread it within 1.15 times the pace of the swarm', () => {
    expect(copiesFor({ downloaders: 50, upload: 100, pace: 100 })).toBe(1)
    expect(copiesFor({ downloaders: 50, upload: 86, pace: 100 })).toBe(1)
  })

  test('what it lacks by then where they do not, beginning at one', () => {
    expect(copiesFor({ downloaders: 50, upload: 50, pace: 100 })).toBeCloseTo(50 - 1.15 * 25)
    expect(copiesFor({ downloaders: 50, upload: 85, pace: 100 })).toBeCloseTo(1.125)
  })

  test('a slow seed paces everybody: nothing is gained by more copies', () => {
    const swarm = new Capacities()
    for (let at = 0; at < 10; at++) swarm.came(peer(1000))
    swarm.came({ capacity: 100, isSource: true })
    expect(swarm.pace()).toBe(100)
    expect(copiesFor({ downloaders: 5, upload: 200, pace: 100 })).toBe(1)
  })

  test('what one copy costs is the difference of two times', () => {
    const pace = { downloaders: 50, upload: 50, pace: 100 }
    expect(delayOfOne(pace, 10_000)).toBeCloseTo(196 - 100)
    expect(delayOfOne({ ...pace, upload: 200 }, 10_000)).toBe(0)
  })
})

describe('capacities', () => {
  test('of a swarm are kept up as members come and go', () => {
    const swarm = new Capacities()
    expect(swarm.pace()).toBeUndefined()
    for (const upload of [100, 100, 200, 200]) swarm.came(peer(upload))
    expect(swarm.meanUpload()).toBe(150)
    swarm.left(peer(200))
    swarm.left(peer(200))
    expect(swarm.meanUpload()).toBe(100)
    expect(swarm.downloaders).toBe(2)
  })

  test('one that declares a thousandfold moves nothing by much, wherever it is', () => {
    const swarm = new Capacities()
    for (let at = 0; at < 19; at++) swarm.came(peer(100))
    swarm.came(peer(100_000))
    expect(swarm.meanUpload()).toBeLessThan(130)
  })

  test('are not known where fewer than half say any', () => {
    const swarm = new Capacities()
    swarm.came(peer(100))
    swarm.came(peer(0))
    expect(swarm.meanUpload()).toBe(100)
    swarm.came(peer(0))
    expect(swarm.meanUpload()).toBeUndefined()
  })
})

describe('a member', () => {
  const seat = (option: number | 'auto', outside: readonly number[]): CrossBudget => {
    const neighbours = new Neighbours({
      ourSite: () => SITE,
      siteName: undefined,
      siteOf: undefined,
    })
    const add = (number: number, site: SiteId, upload: number): void => {
      const neighbour = neighbours.opened(plainPeer(number, 4), 0)
      Object.assign(neighbour, { speaks: true, site, upload })
      neighbours.look(neighbour, 0)
    }
    for (let at = 1; at <= 9; at++) add(at, SITE, 50)
    for (const [at, upload] of outside.entries()) add(at + 20, OTHER, upload)
    const budget = new CrossBudget({ option, upload: 50, neighbours })
    budget.look(0)
    return budget
  }

  test('without a tracker that tells goes by what enough neighbours declare', () => {
    expect(seat('auto', [100, 100, 100, 100]).copies).toBeCloseTo(10 - 1.15 * 5)
    expect(seat('auto', [100, 100, 100]).copies).toBe(1)
    expect(seat('auto', [100, 0, 0, 0]).copies).toBe(1)
  })

  test("takes a tracker's word before its own guess, and its user's before both", () => {
    const word = { downloaders: 10, upload: 90, pace: 100 }
    const one = seat('auto', [100, 100, 100, 100])
    one.heard(word)
    one.look(PACE_LOOK_MS)
    expect(one.copies).toBe(1)
    const fixed = seat(3, [])
    fixed.heard(word)
    expect(fixed.copies).toBe(3)
  })
})
