import { describe, expect, test } from 'vitest'
import { PartialPieces } from '../src/picking/partial-pieces.ts'

const everybody = (): boolean => true

describe('a partial piece', () => {
  test('is free, asked and here, block by block', () => {
    const partial = new PartialPieces<string>().begin(7, 3)
    expect([partial.free, partial.here, partial.askers]).toEqual([3, 0, 0])
    expect(partial.ask(0, 'a', 'firm', false)).toBe(false)
    expect(partial.ask(0, 'b', 'firm', false)).toBe(true)
    expect([partial.free, partial.here, partial.askers]).toEqual([2, 0, 2])
    expect(partial.nextFree('c')).toBe(1)
    partial.arrived(0)
    expect([partial.free, partial.here, partial.askers]).toEqual([2, 1, 0])
    partial.spoiled(0)
    expect([partial.free, partial.here, partial.nextFree('a')]).toEqual([3, 0, 0])
  })

  test('stays free while only a promise or a doubted peer stands for a block, but not for that peer', () => {
    const partial = new PartialPieces<string>().begin(0, 1)
    partial.ask(0, 'soft', 'soft', false)
    partial.ask(0, 'doubted', 'firm', true)
    expect([partial.free, partial.askers]).toEqual([1, 2])
    expect([partial.nextFree('soft'), partial.nextFree('doubted')]).toEqual([-1, -1])
    expect(partial.nextFree('other')).toBe(0)
    expect(partial.askersOf(0)).toEqual(['doubted', 'soft'])
    expect(partial.firmAskers(0)).toBe(1)
  })

  test('is free again when the last trusted asker is gone', () => {
    const partial = new PartialPieces<string>().begin(0, 1)
    for (const peer of ['a', 'b', 'c']) partial.ask(0, peer, 'firm', false)
    expect(partial.unask(0, 'a', everybody)).toBe(true)
    expect(partial.unask(0, 'a', everybody)).toBe(false)
    expect(partial.free).toBe(0)
    partial.unask(0, 'c', (peer) => peer !== 'b')
    expect(partial.free).toBe(1)
    partial.refresh(0, everybody)
    expect(partial.free).toBe(0)
  })

  test('asked twice of one peer, or arriving twice, is our own mistake', () => {
    const partial = new PartialPieces<string>().begin(0, 2)
    partial.ask(0, 'a', 'firm', false)
    expect(() => partial.ask(0, 'a', 'soft', false)).toThrow('asked for once')
    partial.arrived(0)
    expect(() => partial.arrived(0)).toThrow('comes once')
  })
})

test('pieces with free blocks are listed by whether they have a lead, others not at all', () => {
  const partials = new PartialPieces<string>()
  const shared = partials.begin(1, 1)
  const led = partials.begin(2, 1)
  led.lead = 'a'
  partials.place(led)
  expect([[...partials.shared()], [...partials.led()]]).toEqual([[shared], [led]])
  shared.ask(0, 'b', 'firm', false)
  partials.place(shared)
  partials.end(led)
  partials.place(led)
  expect([[...partials.shared()], [...partials.led()]]).toEqual([[], []])
  expect([partials.count, partials.of(1), partials.of(2)]).toEqual([1, shared, undefined])
})
