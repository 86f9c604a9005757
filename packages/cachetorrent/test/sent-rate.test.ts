import { expect, test } from 'vitest'
import { SENT_MS } from '../src/limits.ts'
import { SentRate } from '../src/sent-rate.ts'

test('what left over ten seconds at best, pauses and slower times apart', () => {
  const rate = new SentRate()
  expect(rate.most).toBe(0)
  const send = (from: number, bytesPerSecond: number): void => {
    for (let now = from; now <= from + SENT_MS; now += 100) rate.sent(bytesPerSecond / 10, now)
  }
  send(0, 5_000)
  expect(rate.most).toBeCloseTo(5_000, -2)
  // nothing for a minute
  send(60_000 + SENT_MS, 20_000)
  rate.sent(1, 60_000 + 3 * SENT_MS)
  expect(rate.most).toBeGreaterThan(15_000)
  expect(rate.most).toBeLessThanOrEqual(20_200)
  send(200_000, 1_000)
  expect(rate.most).toBeGreaterThan(15_000)
})

test('a burst that leaves at once counts over the whole time', () => {
  const rate = new SentRate()
  rate.sent(1_000_000, 0)
  rate.sent(1, SENT_MS)
  expect(rate.most).toBe(100_000)
})
