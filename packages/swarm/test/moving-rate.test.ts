import { Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { MovingRate } from '../src/peers/moving-rate.ts'

describe('a moving rate', () => {
  test('of a steady stream is that stream, from the first second on', () => {
    const rate = new MovingRate(5_000)
    for (let now = 5_100; now <= 65_000; now += 100) {
      rate.add(1_000, now)
      if (now >= 6_000) {
        expect(Math.abs(rate.bytesPerSecond(now) - 10_000)).toBeLessThanOrEqual(1_100)
      }
    }
    expect(rate.totalBytes).toBe(600_000)
  })

  test('forgets what is older than the window', () => {
    const rate = new MovingRate(0)
    rate.add(20_000, 0)
    expect(rate.bytesPerSecond(10_000)).toBe(2_000)
    expect(rate.bytesPerSecond(19_999)).toBeGreaterThan(999)
    expect(rate.bytesPerSecond(20_001)).toBe(0)
    expect(rate.bytesPerSecond(500_000)).toBe(0)
    expect(rate.totalBytes).toBe(20_000)
  })

  test.each([1, 2, 3, 4])('is within one slice of an exact count (seed %i)', (seed) => {
    const random = new Prng(seed)
    const rate = new MovingRate(0)
    const added: { at: number; bytes: number }[] = []
    let now = 0
    for (let step = 0; step < 2_000; step++) {
      now += random.below(random.below(50) === 0 ? 30_000 : 400)
      const bytes = random.below(16_384)
      added.push({ at: now, bytes })
      rate.add(bytes, now)
      if (now < 20_000) continue
      const sum = (since: number): number =>
        added.reduce((total, one) => total + (one.at >= since ? one.bytes : 0), 0)
      const perSecond = rate.bytesPerSecond(now)
      // The window is 19 to 20 slices of one second.
      expect(perSecond).toBeLessThanOrEqual(sum(now - 20_000) / 19)
      expect(perSecond).toBeGreaterThanOrEqual(sum(now - 19_000) / 20)
    }
  })

  test('does not go wrong when time stands still', () => {
    const rate = new MovingRate(100)
    expect(rate.bytesPerSecond(100)).toBe(0)
    rate.add(1_000, 100)
    expect(rate.bytesPerSecond(100)).toBe(1_000)
  })
})
