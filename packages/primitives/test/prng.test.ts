import { expect, test } from 'vitest'
import { Prng } from '../src/prng.ts'

test('the same seed gives the same numbers, another seed others', () => {
  const draw = (seed: number) => Array.from({ length: 8 }, () => new Prng(seed).uint32())
  expect(draw(7)).toEqual(draw(7))
  expect(draw(7)).not.toEqual(draw(8))
})
