import { Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { Roster } from '../src/roster.ts'

describe('a list to draw from', () => {
  test('holds what was put and not removed, under any order of both', () => {
    const random = new Prng(2)
    const roster = new Roster<number>()
    const model = new Map<string, number>()
    for (let step = 0; step < 2000; step++) {
      const key = `k${random.below(30)}`
      if (random.below(2) === 0) {
        roster.put(key, step)
        model.set(key, step)
      } else expect(roster.remove(key)).toBe(model.delete(key))
      expect(roster.get(key)).toBe(model.get(key))
      expect(new Set(roster.values())).toEqual(new Set(model.values()))
    }
  })

  test('draws different ones, all that suit where there are few, and each as often as any other', () => {
    const random = new Prng(3)
    const roster = new Roster<number>()
    for (let at = 0; at < 20; at++) roster.put(`${at}`, at)
    const times = Array.from({ length: 20 }, () => 0)
    for (let turn = 0; turn < 2000; turn++) {
      const drawn = roster.draw(5, random, () => true)
      expect(new Set(drawn).size).toBe(5)
      for (const one of drawn) times[one] = (times[one] as number) + 1
    }
    for (const count of times) expect(Math.abs(count - 500)).toBeLessThan(100)
    expect(new Set(roster.draw(30, random, (one) => one < 3))).toEqual(new Set([0, 1, 2]))
    expect(roster.values()).toHaveLength(20)
  })
})
