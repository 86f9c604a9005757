import { expect, test } from 'vitest'
import { Heap } from '../src/heap.ts'
import { Prng } from '../src/prng.ts'

test('what is put in comes out in order, and equals in the order of insertion', () => {
  const seed = Number(process.env['SEED'] ?? 1)
  const random = new Prng(seed)
  const heap = new Heap<{ key: number; turn: number }>((one, other) => one.key - other.key)
  const waiting: { key: number; turn: number }[] = []
  for (let turn = 0; turn < 5000; turn++) {
    if (random.below(3) > 0) {
      const item = { key: random.below(40), turn }
      heap.push(item)
      waiting.push(item)
    } else {
      // the oracle: a stable sort of all that waits
      const first = waiting.toSorted((one, other) => one.key - other.key)[0]
      expect(heap.peek(), `seed ${seed}`).toBe(first)
      expect(heap.pop(), `seed ${seed}`).toBe(first)
      if (first !== undefined) waiting.splice(waiting.indexOf(first), 1)
    }
    expect(heap.length).toBe(waiting.length)
  }
})

test('an empty heap answers undefined and can be filled again', () => {
  const heap = new Heap<number>((one, other) => one - other)
  expect(heap.pop()).toBeUndefined()
  expect(heap.peek()).toBeUndefined()
  heap.push(2)
  heap.push(1)
  expect([heap.pop(), heap.pop(), heap.pop()]).toEqual([1, 2, undefined])
  heap.push(3)
  expect(heap.pop()).toBe(3)
})
