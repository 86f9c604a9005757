import { Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { Hindrance } from '../src/hindrance.ts'
import { EXPORT_SLOTS, YIELD_BREAK_MS, YIELD_MS, YIELD_ROUND_MS } from '../src/limits.ts'
import { Origin } from '../src/origin.ts'
import { Rotation } from '../src/rotation.ts'
import { Yielding } from '../src/yielding.ts'
import { plainPeer } from './peers.ts'

const TICK = 500

interface Run {
  /** What it says, every half second. */
  readonly said: readonly boolean[]
  /** Whether it has room for its own site, at the same times. */
  readonly room: readonly boolean[]
}

/** A seed that declares so many bytes per second, and sends at this rate, which may depend on whether others yield. */
function run(
  rate: (yields: boolean, second: number) => number,
  seconds: number,
  { declared = 1000, isBacked = true } = {},
): Run {
  const hindrance = new Hindrance(declared)
  const said: boolean[] = []
  const room: boolean[] = []
  let yields = false
  for (let now = 0; now < seconds * 1000; now += TICK) {
    hindrance.sent((rate(yields, now / 1000) * TICK) / 1000)
    yields = hindrance.look(isBacked, now)
    said.push(yields)
    room.push(hindrance.hasRoom)
  }
  return { said, room }
}
const share = (said: readonly boolean[]): number =>
  said.filter((yields) => yields).length / said.length

describe('a seed on a link that it shares with its site', () => {
  test('asks the others to yield while it sends less than it can', () => {
    const { said } = run((yields) => (yields ? 600 : 100), 60)
    expect(said.at(-1)).toBe(true)
    expect(share(said)).toBeGreaterThan(0.85)
  })

  test('asks nobody while its own uplink is full, or nothing waits to leave', () => {
    expect(share(run(() => 900, 60).said)).toBe(0)
    for (const declared of [0, 1000]) {
      expect(share(run(() => 100, 60, { declared, isBacked: false }).said)).toBe(0)
    }
  })

  test('goes by what it declared, not by the one look in which most pieces left together', () => {
    const heap = (_: boolean, second: number): number => (second >= 20 && second < 25 ? 1400 : 980)
    const { said, room } = run(heap, 120)
    expect(share(said)).toBe(0)
    expect(share(room)).toBe(0)
  })

  test('lets others have what it cannot fill', () => {
    const { said } = run((yields) => (yields ? 1000 : 300), 120)
    expect(share(said)).toBeGreaterThan(0.3)
    expect(share(said)).toBeLessThan(0.7)
  })

  test('asks at once where it did not say what it can send: nobody knows when it is full', () => {
    expect(share(run(() => 900, 60, { declared: 0 }).said)).toBe(1)
    expect(run(() => 900, 60).said[0]).toBe(false)
  })

  test('goes on asking while it fills what is left of its uplink for its own site', () => {
    const hindrance = new Hindrance(1000)
    let asked = 0
    for (let now = 0; now < 60_000; now += TICK) {
      hindrance.sent(100)
      if (hindrance.hasRoom) hindrance.sent(400, true)
      if (hindrance.look(true, now)) asked++
    }
    expect(asked * TICK).toBeGreaterThan(50_000)
  })

  test('has room for its own site once it was hindered for ten seconds, until its uplink is full', () => {
    const { room } = run((_, second) => (second < 40 ? 500 : 990), 60)
    expect(room.indexOf(true) * TICK).toBe(10_000)
    expect(room.lastIndexOf(true) * TICK).toBeLessThan(45_000)
    expect(room.lastIndexOf(true) * TICK).toBeGreaterThan(35_000)
  })

  test('has none while it begins, and none that it knows of where it declared nothing', () => {
    expect(share(run((_, second) => (second < 5 ? 100 : 900), 60).room)).toBe(0)
    expect(share(run(() => 100, 60, { declared: 0 }).room)).toBe(0)
  })
})

describe('a member that is asked to yield', () => {
  const seat = (isSeed = false) => {
    let most = EXPORT_SLOTS
    const changed = (now: number): void => {
      most = now
    }
    const yielding = new Yielding({ own: 0, isOrigin: () => isSeed, changed })
    return { yielding, now: () => most < EXPORT_SLOTS, most: () => most }
  }

  test('does for as long as the word counts, with a break now and then', () => {
    const { yielding, now: does, most } = seat()
    yielding.look(YIELD_BREAK_MS)
    expect(does()).toBe(false)
    let yielded = 0
    for (let now = 0; now < 10 * YIELD_ROUND_MS; now += 1000) {
      yielding.asked(YIELD_MS, now)
      yielding.look(now)
      if (most() === 0) yielded++
      else expect(most()).toBe(1)
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

  test('serves others again as soon as the seed says that it is over, whatever leaders repeat that heard less', () => {
    const { yielding, now: does } = seat()
    yielding.asked(YIELD_MS, YIELD_BREAK_MS)
    yielding.look(YIELD_BREAK_MS)
    expect(does()).toBe(true)
    const now = YIELD_BREAK_MS + 1000
    yielding.isOver(now)
    expect(does()).toBe(false)
    yielding.asked(YIELD_MS - 1000, now + 100)
    yielding.look(now + 100)
    expect(does()).toBe(false)
    // it tells those who heard nothing of it, and a new word counts later
    expect(yielding.wasAsked(now + 100)).toBe(true)
    yielding.asked(YIELD_MS, now + YIELD_MS)
    yielding.look(now + YIELD_MS)
    expect(does()).toBe(true)
  })

  test('serves its own site and nobody else', () => {
    const rotation = new Rotation(0, 1000)
    const [here, outside] = [plainPeer(1, 4), plainPeer(2, 4)]
    const unchoked = (): readonly unknown[] =>
      rotation.unchoke([here, outside], (peer) => peer === here, 0)
    expect(unchoked()).toEqual([here, outside])
    rotation.outsideMost = 0
    expect(unchoked()).toEqual([here])
    rotation.outsideMost = EXPORT_SLOTS
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
