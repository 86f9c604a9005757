import { Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { RANKED_CANDIDATES_MAX, RarityOrder } from '../src/picking/rarity-order.ts'

const everything = Number.POSITIVE_INFINITY
const always = (): boolean => true

describe('the order of pieces', () => {
  test.each([1, 2, 3, 4, 5, 6])('answers as sorting all of them would (seed %i)', (seed) => {
    const random = new Prng(seed)
    const count = 80
    const order = new RarityOrder(count, random)
    const naive = new Map<number, { group: number; level: number }>()
    for (let step = 0; step < 4_000; step++) {
      const piece = random.below(count)
      const known = naive.get(piece)
      const what = random.below(8)
      if (known === undefined) {
        const entry = { group: random.below(4) * 10, level: random.below(6) }
        naive.set(piece, entry)
        order.add(piece, entry.group, entry.level)
      } else if (what === 0) {
        naive.delete(piece)
        order.remove(piece)
      } else {
        known.level = Math.max(0, known.level + (random.below(2) === 0 ? 1 : -1))
        order.move(piece, known.level)
      }
      const odd = random.below(3)
      const suits = (candidate: number): boolean => candidate % 3 === odd
      const before = random.below(5) * 10
      const keys = [...naive].filter(([candidate, { group }]) => suits(candidate) && group < before)
      const best = Math.min(...keys.map(([, { group, level }]) => group * 1_000 + level))
      const found = order.rarest(suits, before)
      const its = naive.get(found)
      if (keys.length === 0) expect(found).toBe(-1)
      else expect((its?.group as number) * 1_000 + (its?.level as number)).toBe(best)
      expect(order.size).toBe(naive.size)
      expect(order.unheld).toBe([...naive.values()].filter(({ level }) => level === 0).length)
      expect(order.firstGroup).toBe(Math.min(...[...naive.values()].map(({ group }) => group)))
      const any = order.any(suits, before)
      expect(any === -1 ? keys.length : Number(suits(any) && naive.has(any))).toBe(
        any === -1 ? 0 : 1,
      )
      const next = order.inSequence(suits, before)
      const least = Math.min(...keys.map(([, { group }]) => group))
      const inOrder = keys
        .filter(([, { group }]) => group === least)
        .map(([candidate]) => candidate)
      expect(next).toBe(keys.length === 0 ? -1 : Math.min(...inOrder))
    }
  })

  test('pieces of one level come in about equal shares', () => {
    const firsts = new Map<number, number>()
    for (let seed = 0; seed < 1_000; seed++) {
      const order = new RarityOrder(10, new Prng(seed))
      for (let piece = 0; piece < 10; piece++) order.add(piece, 0, 0)
      for (let piece = 0; piece < 10; piece++) order.move(piece, 1)
      const first = order.rarest(always, everything)
      firsts.set(first, (firsts.get(first) ?? 0) + 1)
    }
    expect(firsts.size).toBe(10)
    for (const share of firsts.values()) expect(Math.abs(share - 100)).toBeLessThan(50)
  })

  test('among equals the smallest rank, of no more pieces than the limit', () => {
    const count = 4 * RANKED_CANDIDATES_MAX
    const order = new RarityOrder(count, new Prng(1))
    for (let piece = 0; piece < count; piece++) order.add(piece, 0, 1)
    let ranked = 0
    const found = order.rarest(always, everything, (piece) => {
      ranked++
      return -piece
    })
    expect(ranked).toBe(RANKED_CANDIDATES_MAX)
    expect(found).toBeGreaterThan(count / 2)
  })
})
