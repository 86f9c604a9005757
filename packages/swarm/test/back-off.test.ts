import { expect, test } from 'vitest'
import { backOff } from '../src/peers/back-off.ts'

test('a pause doubles with every failure up to its limit, however many there are', () => {
  expect([0, 1, 2, 3, 4, 5, 1e9].map((failures) => backOff(15, failures, 100))).toEqual([
    15, 15, 30, 60, 100, 100, 100,
  ])
})
