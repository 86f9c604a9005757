import { Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { Hindrance } from '../src/hindrance.ts'
import { YIELD_AGAIN_MS, YIELD_BREAK_MS, YIELD_MS, YIELD_ROUND_MS } from '../src/limits.ts'
import { Origin } from '../src/origin.ts'
import { Rotation } from '../src/rotation.ts'
import { Yielding } from '../src/yielding.ts'
import { plainPeer } from './peers.ts'

const TICK = 500

/** A seed that sends at this rate, in bytes per second, which may depend on whether others yield. */
function run(
  rate: (yields: boolean) => number,
  seconds: number,
  isBacked = true,
): readonly boolean[] {
  const hindrance = new Hindrance(1000)
  const said: boolean[] = []
  let yields = false
  for (let now = 0; now < seconds * 1000; now += TICK) {
    hindrance.sent((rate(yields) * TICK) / 1000)
    yields = hindrance.look(isBacked, now)
    said.push(yields)
  }
  return said
}
const share = (said: readonly boolean[]): number =>
  said.filter((yields) => yields).length / said.length

describe('a seed on a link that it shares with its site', () => {
  test('asks the others to yield while it sends less than it can and that helps', () => {
    const said = run((yields) => (yields ? 600 : 100), 60)
    expect(said.at(-1)).toBe(true)
    expect(share(said)).toBeGreaterThan(0.85)
  })

  test('asks nobody while its own uplink is full, or nothing waits to leave', () => {
    expect(share(run(() => 900, 60))).toBe(0)
    expect(share(run(() => 100, 60, false))).toBe(0)
  })

  test('lets others have what it cannot fill', () => {
    const said = run((yields) => (yields ? 1000 : 300), 120)
    expect(share(said)).toBeGreaterThan(0.3)
    expect(share(said)).toBeLessThan(0.7)
  })

  test('soon gives up where it helps nothing, and tries again a minute later, then rarer', () => {
    const said = run(() => 100, 600)
    expect(share(said.slice(0, YIELD_AGAIN_MS / TICK))).toBeLessThan(0.35)
    expect(share(said)).toBeLessThan(0.12)
    expect(share(said.slice(100))).toBeGreaterThan(0)
  })
})

describe('a member that is asked to yield', () => {
  const seat = (isSeed = false) => {
    let yields = false
    const changed = (now: boolean): void => {
      yields = now
    }
    const yielding = new Yielding({ own: 0, isOrigin: () => isSeed, changed })
    return { yielding, now: () => yields }
  }

  test('does for as long as the word counts, with a break now and then', () => {
    const { yielding, now: does } = seat()
    yielding.look(YIELD_BREAK_MS)
    expect(does()).toBe(false)
    let yielded = 0
    for (let now = 0; now < 10 * YIELD_ROUND_MS; now += 1000) {
      yielding.asked(YIELD_MS, now)
      yielding.look(now)
      if (does()) yielded++
    }
    expect(yielded).toBe((10 * (YIELD_ROUND_MS - YIELD_BREAK_MS)) / 1000)
    yielding.look(10 * YIELD_ROUND_MS + YIELD_MS)
    expect(does()).toBe(false)
  })

  test('does not where it is the seed itself', () => {
    const { yielding, now: does } = seat(true)
    yielding.asked(YIELD_MS, YIELD_BREAK_MS)
    yielding.look(YIELD_BREAK_MS)
    expect(does()).toBe(false)
  })

  test('believes no word for longer than a few seconds', () => {
    const { yielding } = seat()
    yielding.asked(1e9, 0)
    expect(yielding.leftMs(0)).toBe(YIELD_MS)
  })

  test('serves its own site and nobody else', () => {
    const rotation = new Rotation(0, 1000)
    const [here, outside] = [plainPeer(1, 4), plainPeer(2, 4)]
    const unchoked = (): readonly unknown[] =>
      rotation.unchoke([here, outside], (peer) => peer === here, 0)
    expect(unchoked()).toEqual([here, outside])
    rotation.isYielding = true
    expect(unchoked()).toEqual([here])
    rotation.isYielding = false
    expect(unchoked()).toEqual([here, outside])
  })
})

test('while its own site waits, a seed shows pieces to the others only', () => {
  const random = new Prng(5)
  const origin = new Origin(8, 1 << 18, (bound) => random.below(bound))
  const [here, outside] = [plainPeer(1, 8), plainPeer(2, 8)]
  origin.met(here, 'local')
  origin.met(outside, 'other')
  const shown = origin.next(0, 'local')
  expect(shown.length).toBeGreaterThan(0)
  expect(shown.every(({ peer }) => peer === outside)).toBe(true)
  expect(origin.underWayBeside('local')).toBe(shown.length)
  expect(origin.underWayBeside('other')).toBe(0)
})
