import { describe, expect, test } from 'vitest'
import { Prng } from '@bt/primitives'
import { EventQueue } from '../src/event-queue.ts'

describe('EventQueue', () => {
  test('the lowest key comes out first, and an empty heap answers undefined and Infinity', () => {
    const heap = new EventQueue<string>()
    expect(heap.lowest).toBe(Number.POSITIVE_INFINITY)
    expect(heap.pop()).toBeUndefined()
    heap.push(3, 'c')
    heap.push(1, 'a')
    heap.push(2, 'b')
    expect(heap.size).toBe(3)
    expect(heap.lowest).toBe(1)
    expect(heap.peek()).toBe('a')
    expect([heap.pop(), heap.pop(), heap.pop(), heap.pop()]).toEqual(['a', 'b', 'c', undefined])
  })

  test('random pushes and pops come out as a stable sort of what is in it', () => {
    const random = new Prng(20)
    const heap = new EventQueue<number>()
    const model: { key: number; order: number }[] = []
    for (let order = 0; order < 2_000; order++) {
      if (random.below(3) > 0) {
        const key = random.below(50)
        heap.push(key, order)
        model.push({ key, order })
      } else {
        model.sort((one, other) => one.key - other.key || one.order - other.order)
        expect(heap.pop()).toBe(model.shift()?.order)
      }
    }
    model.sort((one, other) => one.key - other.key || one.order - other.order)
    expect(Array.from({ length: model.length }, () => heap.pop())).toEqual(
      model.map(({ order }) => order),
    )
    expect(heap.size).toBe(0)
  })

  test('retain drops items and keeps the order of the others, ties included', () => {
    const heap = new EventQueue<number>()
    for (let item = 0; item < 100; item++) heap.push(item % 4, item)
    heap.retain((item) => item % 3 !== 0)
    heap.push(0, 1_000)
    const out = Array.from({ length: heap.size }, () => heap.pop() as number)
    const expected = Array.from({ length: 100 }, (_, item) => item)
      .filter((item) => item % 3 !== 0)
      .sort((one, other) => (one % 4) - (other % 4) || one - other)
    const zeros = expected.filter((item) => item % 4 === 0)
    expect(out).toEqual([...zeros, 1_000, ...expected.filter((item) => item % 4 !== 0)])
  })

  test('a key that is not a number is refused', () => {
    expect(() => new EventQueue<string>().push(Number.NaN, 'x')).toThrow(
      'a key of an event queue is a number',
    )
  })
})
