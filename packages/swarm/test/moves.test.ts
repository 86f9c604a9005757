import { describe, expect, test } from 'vitest'
import type { Pick } from '../src/picking/piece-choice.ts'
import { ServiceRate } from '../src/picking/service-rate.ts'
import type { PieceScope } from '../src/policy.ts'
import { UNKNOWN_BYTES_PER_SECOND } from '../src/picking/asker.ts'
import { BLOCK, geometryOf, World } from './picker-world.ts'

const MOVES: PieceScope = { had: 'all', reason: 'local', duplicates: false, moves: true }
const PIECES = 4
const NOW = 100_000

/** Two seeds that served us so fast, in bytes per millisecond (undefined: it was never asked); the first was asked for everything. */
function world(first: number, second: number | undefined, scope = MOVES, isSuspect = false): World {
  const made = new World(geometryOf(PIECES, 1), 1)
  for (const [name, rate] of [
    ['first', first],
    ['second', second],
  ] as const) {
    const asker = made.picker.joined(name)
    asker.service = new ServiceRate()
    if (rate !== undefined) {
      asker.service.asked(true, 0)
      if (rate > 0) asker.service.came(rate * NOW, NOW)
    }
    made.picker.setScope(name, scope)
    made.peers.set(name, {
      name,
      has: new Set(),
      asks: new Map(),
      refused: new Map(),
      scope,
      rate: 0,
      parole: false,
      doubted: false,
    })
    made.says(name, made.every())
  }
  made.now = NOW
  made.picker.setParole('first', isSuspect)
  expect(made.pick('first', PIECES)).toHaveLength(PIECES)
  return made
}

describe('a block that waits at a slow peer', () => {
  test('is asked of a fast one instead, from the end of the queue, until both queues are as long', () => {
    const made = world(1, 100)
    const [move] = made.pick('second', 1) as readonly Pick<string>[]
    const last = [...made.peer('first').asks.keys()].at(-1)
    expect(`${move?.piece}:${move?.begin}`).toBe(last)
    expect(move?.instead).toBe('first')
    const more = made.pick('second', PIECES) as readonly Pick<string>[]
    expect(more.map(({ instead }) => instead)).toEqual(['first', 'first', 'first'])
    expect(made.pick('first', PIECES)).toEqual([])
  })

  test('stays where the other is not twice as fast', () => {
    expect(world(1, 0.5).pick('second', PIECES)).toEqual([])
  })

  test('is tried at one that has sent nothing yet, and taken from one that sends nothing', () => {
    expect(world(1, undefined).pick('second', 1)).toHaveLength(1)
    expect(world(0, 100).pick('second', 1)).toHaveLength(1)
    // as fast as is expected of anybody
    expect(world(4 * (UNKNOWN_BYTES_PER_SECOND / 1000), undefined).pick('second', 1)).toEqual([])
  })

  test('stays where it is soon here, and the first of a queue where half of its time is no longer than the other needs', () => {
    expect(world((PIECES * BLOCK) / 400, 1000).pick('second', PIECES)).toEqual([])
    // alone in its queue it takes 3000 ms, half of which may be over; the other takes 600 ms and 500 ms more
    const made = world(BLOCK / 3000, BLOCK / 600)
    expect(made.pick('second', PIECES).length).toBeLessThan(PIECES)
  })

  test('stays with a suspect, and does not come to one: who is guilty must be seen', () => {
    const made = world(1, 100)
    made.picker.setParole('second', true)
    expect(made.pick('second', PIECES)).toEqual([])
    expect(world(1, 100, MOVES, true).pick('second', PIECES)).toEqual([])
  })

  test('stays where no policy asks for it', () => {
    const made = world(1, 100, { had: 'all', reason: 'local', duplicates: false })
    expect(made.pick('second', PIECES)).toEqual([])
  })
})

describe('how fast a peer serves', () => {
  test('time in which nothing is asked does not count, and what is long ago counts little', () => {
    const rate = new ServiceRate()
    expect(rate.perMs(0)).toBe(0)
    rate.asked(true, 0)
    rate.came(10_000, 1000)
    rate.asked(false, 1000)
    const before = rate.perMs(1000)
    expect(before).toBeCloseTo(10, 0)
    expect(rate.perMs(1_000_000)).toBe(before)
    rate.asked(true, 1_000_000)
    expect(rate.perMs(1_200_000)).toBeLessThan(1)
  })
})
