import { describe, expect, test } from 'vitest'
import { InvariantError } from '../src/invariant.ts'
import { Prng, shuffle } from '../src/prng.ts'

const SEED = Number(process.env['SEED'] ?? 1)
const draw = (random: Prng, count = 8) => Array.from({ length: count }, () => random.uint32())

test('from state 1, 2, 3, 4 come the numbers of the authors’ xoshiro128starstar.c 1.1', () => {
  expect(draw(new Prng([1, 2, 3, 4]), 10)).toEqual([
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597,
    4258142804,
  ])
})

test('a state of zeros is refused: nothing else would ever come of it', () => {
  expect(() => new Prng([0, 0, 0, 0])).toThrow(InvariantError)
})

test('the same seed gives the same numbers, another seed others', () => {
  expect(draw(new Prng(7))).toEqual(draw(new Prng(7)))
  expect(draw(new Prng(7))).not.toEqual(draw(new Prng(8)))
  expect(draw(new Prng('a'))).not.toEqual(draw(new Prng('b')))
})

test('the numbers of a seed stay what they are, so that recorded seeds stay worth something', () => {
  expect(draw(new Prng(1), 3)).toEqual([464075726, 2858606598, 830005694])
})

test('neighbouring seeds have nothing in common', () => {
  const firsts = new Set(Array.from({ length: 1_000 }, (_, seed) => new Prng(seed).uint32()))
  expect(firsts.size).toBe(1_000)
})

describe('below', () => {
  test.each([1, 2, 3, 7, 100, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 48])(
    '%d is never reached',
    (bound) => {
      const random = new Prng(SEED)
      for (let turn = 0; turn < 1_000; turn++) {
        const drawn = random.below(bound)
        expect(Number.isInteger(drawn) && drawn >= 0 && drawn < bound, `seed ${SEED}`).toBe(true)
      }
    },
  )

  test('draws every number about equally often', () => {
    const random = new Prng(SEED)
    const counts = Array.from({ length: 10 }, () => 0)
    for (let turn = 0; turn < 100_000; turn++) {
      const drawn = random.below(10)
      counts[drawn] = (counts[drawn] as number) + 1
    }
    // 10,000 each, standard deviation 95: five of them are one in a million
    for (const count of counts) expect(Math.abs(count - 10_000), `seed ${SEED}`).toBeLessThan(475)
  })

  test('above 2^32 draws from the whole range', () => {
    const random = new Prng(SEED)
    const drawn = Array.from({ length: 1_000 }, () => random.below(2 ** 48))
    expect(Math.max(...drawn)).toBeGreaterThan(0.99 * 2 ** 48)
    expect(Math.min(...drawn)).toBeLessThan(0.01 * 2 ** 48)
    expect(new Set(drawn.map((value) => value % 2)).size).toBe(2)
  })

  test.each([0, -1, 1.5, Number.NaN, 2 ** 48 + 1])('%d is no bound', (bound) => {
    expect(() => new Prng(1).below(bound)).toThrow(InvariantError)
  })
})

test('fill overwrites every byte, and any byte can come', () => {
  const bytes = new Uint8Array(10_000)
  new Prng(SEED).fill(bytes)
  expect(new Set(bytes).size).toBe(256)
})

describe('shuffle', () => {
  test('keeps the items and works in place', () => {
    const items = Array.from({ length: 100 }, (_, at) => at)
    const shuffled = new Prng(SEED).shuffle(items)
    expect(shuffled).toBe(items)
    expect(shuffled).not.toEqual(items.toSorted((one, other) => one - other))
    expect(items.toSorted((one, other) => one - other)).toEqual([...items.keys()])
  })

  test('answers every order of three about equally often', () => {
    const random = new Prng(SEED)
    const counts = new Map<string, number>()
    for (let turn = 0; turn < 6_000; turn++) {
      const order = shuffle(['a', 'b', 'c'], random).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(6)
    for (const count of counts.values())
      expect(Math.abs(count - 1_000), `seed ${SEED}`).toBeLessThan(150)
  })
})

test('a fork draws from its own stream, whatever the others draw', () => {
  const stream = (disturbance: number) => {
    const root = new Prng(SEED)
    const one = root.fork('one')
    const two = root.fork('two')
    draw(one, disturbance)
    return draw(two)
  }
  expect(stream(0)).toEqual(stream(50))
  const root = new Prng(SEED)
  expect(draw(root.fork('x'))).not.toEqual(draw(root.fork('x')))
})
