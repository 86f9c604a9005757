import type { SwarmPolicy } from '@bt/swarm'
import { expect, test } from 'vitest'
import { standIn } from '../src/stand-in.ts'

class Answering implements SwarmPolicy {
  readonly #score: number
  prefer: SwarmPolicy['prefer']
  serves = false

  constructor(score: number) {
    this.#score = score
  }

  dial(): number {
    return this.#score
  }

  get serve(): SwarmPolicy['serve'] {
    return this.serves ? () => 'later' : undefined
  }
}

test('what the other one answers is answered, live; what it does not answer stays unanswered', () => {
  const inner = new Answering(7)
  const observed: string[] = []
  const front = standIn(inner, { observe: ({ type }) => void observed.push(type) })
  expect(front.dial?.({ host: '192.0.2.1', port: 1 }, 'tracker')).toBe(7)
  expect(front.serve).toBeUndefined()
  inner.serves = true
  expect(front.serve?.([], 0)).toBe('later')
  expect(front.prefer).toBeUndefined()
  inner.prefer = { within: 'same-rarity', rank: (piece) => piece }
  expect(front.prefer?.rank(3)).toBe(3)
  expect('link' in front).toBe(false)
  front.observe?.({ type: 'verified', piece: 1, from: [] })
  expect(observed).toEqual(['verified'])
})

test('two of them do not share what they stand for', () => {
  const [one, other] = [new Answering(1), new Answering(2)]
  const fronts = [standIn(one, {}), standIn(other, {})]
  one.serves = true
  expect(fronts.map((front) => front.dial?.({ host: '192.0.2.1', port: 1 }, 'pex'))).toEqual([1, 2])
  expect(fronts.map((front) => front.serve !== undefined)).toEqual([true, false])
})
