import { expect, test } from 'vitest'
import { ServiceRate } from '../src/picking/service-rate.ts'

const BYTES = 100_000

function served(looks: number): ServiceRate {
  const rate = new ServiceRate()
  rate.asked(true, 0)
  rate.came(BYTES, 1_000)
  for (let look = 0; look < looks; look++) rate.perMs(1_000 + (look * 9_000) / looks)
  return rate
}

test('a peer that is looked at often is as fast as one that is looked at once', () => {
  expect(served(100).perMs(10_000)).toBe(served(0).perMs(10_000))
})

test('time in which nothing was asked does not count', () => {
  const rate = served(0)
  rate.asked(false, 1_000)
  expect(rate.perMs(1_000_000)).toBe(BYTES / 1_000)
})
