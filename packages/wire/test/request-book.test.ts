import { Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { RequestBook } from '../src/request-book.ts'
import { REQUEST_SKIPPED_MS, REQUESTS_GIVEN_UP_MAX } from '../src/wire-limits.ts'

const BLOCK = 16_384

function book(): RequestBook {
  return new RequestBook(4 * BLOCK)
}

function asked(piece: number, begin = 0, more: { soft?: boolean; deadline?: number } = {}) {
  const { soft = false, deadline = Number.POSITIVE_INFINITY } = more
  return { piece, begin, length: BLOCK, soft, deadline, stretch: undefined }
}

test('counts and bytes follow what is open', () => {
  const requests = book()
  requests.add(asked(0))
  requests.add(asked(0, BLOCK, { soft: true }))
  expect([requests.count, requests.bytes, requests.softCount]).toEqual([2, 2 * BLOCK, 1])
  requests.answered(0, BLOCK, BLOCK, 0)
  expect([requests.count, requests.bytes, requests.softCount]).toEqual([1, BLOCK, 0])
})

test('a position is open once', () => {
  const requests = book()
  expect(requests.add(asked(3))).toBe(true)
  expect(requests.add(asked(3))).toBe(false)
})

test('a block is ticked off once', () => {
  const requests = book()
  requests.add(asked(1, BLOCK))
  expect(requests.answered(1, BLOCK, BLOCK, 0)).toBe('open')
  expect(requests.answered(1, BLOCK, BLOCK, 0)).toBe('never')
})

test('a block of another length, or one whose numbers only add up to the same place, was never asked for', () => {
  const requests = book()
  requests.add(asked(1))
  expect(requests.answered(1, 0, BLOCK + 1, 0)).toBe('never')
  expect(requests.answered(0, 4 * BLOCK, BLOCK, 0)).toBe('never')
  expect(requests.rejected(0, 4 * BLOCK, BLOCK)).toBe('never')
  expect(requests.giveUp(0, 4 * BLOCK, BLOCK)).toBeUndefined()
  expect(requests.count).toBe(1)
})

test('a late block of a request that was given up is known as ours, once', () => {
  const requests = book()
  requests.add(asked(1))
  expect(requests.giveUp(1, 0, BLOCK)).toMatchObject({ piece: 1, begin: 0 })
  expect(requests.giveUp(1, 0, BLOCK)).toBeUndefined()
  expect(requests.count).toBe(0)
  expect(requests.answered(1, 0, BLOCK, 0)).toBe('cancelled')
  expect(requests.answered(1, 0, BLOCK, 0)).toBe('never')
})

test('of two answers to a request cancelled and made again, the first reject is for the cancelled one', () => {
  const requests = book()
  requests.add(asked(1))
  requests.giveUp(1, 0, BLOCK)
  requests.add(asked(1))
  expect(requests.rejected(1, 0, BLOCK)).toBe('cancelled')
  expect(requests.count).toBe(1)
  expect(requests.rejected(1, 0, BLOCK)).toBe('open')
  expect(requests.rejected(1, 0, BLOCK)).toBe('never')
})

test('what was given up is forgotten, oldest first, past its limit', () => {
  const requests = book()
  for (let piece = 0; piece <= REQUESTS_GIVEN_UP_MAX; piece++) {
    requests.add(asked(piece))
    requests.giveUp(piece, 0, BLOCK)
  }
  expect(requests.answered(0, 0, BLOCK, 0)).toBe('never')
  expect(requests.answered(1, 0, BLOCK, 0)).toBe('cancelled')
})

describe('deadlines', () => {
  test('expire oldest request first, at their time and not before', () => {
    const requests = book()
    requests.add(asked(1, 0, { deadline: 200 }))
    requests.add(asked(2, 0, { deadline: 100 }))
    requests.add(asked(3, 0, { deadline: 200 }))
    expect(requests.deadline).toBe(100)
    expect(requests.expire(99)).toEqual([])
    expect(requests.expire(100).map(({ piece }) => piece)).toEqual([2])
    expect(requests.deadline).toBe(200)
    expect(requests.expire(250).map(({ piece }) => piece)).toEqual([1, 3])
    expect(requests.deadline).toBe(Number.POSITIVE_INFINITY)
  })

  test('never name a time later than the earliest that is open', () => {
    const random = new Prng('deadlines')
    const requests = book()
    const open = new Map<number, number>()
    for (let step = 0; step < 3000; step++) {
      const piece = random.below(50)
      if (random.below(2) === 0) {
        const deadline = step + random.below(100)
        if (requests.add(asked(piece, 0, { deadline }))) open.set(piece, deadline)
      } else if (requests.answered(piece, 0, BLOCK, 0) === 'open') open.delete(piece)
      expect(requests.deadline).toBeLessThanOrEqual(Math.min(...open.values()))
      for (const expired of requests.expire(step)) {
        expect(open.get(expired.piece)).toBeLessThanOrEqual(step)
        open.delete(expired.piece)
      }
      expect(Math.min(...open.values())).toBeGreaterThan(step)
    }
  })
})

test('an open request is found among thousands, whatever the order of answers', () => {
  const random = new Prng('thousands')
  const requests = new RequestBook(1024 * BLOCK)
  const blocks = Array.from({ length: 8000 }, (_, at) => asked(at % 7, at * BLOCK))
  for (const one of blocks) requests.add(one)
  expect(requests.count).toBe(8000)
  for (const { piece, begin, length } of random.shuffle(blocks)) {
    expect(requests.answered(piece, begin, length, 0)).toBe('open')
  }
  expect([requests.count, requests.bytes]).toEqual([0, 0])
})

describe('a request that was skipped', () => {
  test('is waited for five seconds more, however far its own deadline was', () => {
    const requests = book()
    requests.add(asked(0, 0, { deadline: 60_000 }))
    requests.add(asked(1, 0, { deadline: 60_000 }))
    requests.add(asked(2, 0, { deadline: 60_000 }))
    expect(requests.answered(1, 0, BLOCK, 1000)).toBe('open')
    expect(requests.deadline).toBe(1000 + REQUEST_SKIPPED_MS)
    expect(requests.expire(999 + REQUEST_SKIPPED_MS)).toEqual([])
    expect(requests.expire(1000 + REQUEST_SKIPPED_MS).map(({ piece }) => piece)).toEqual([0])
    expect(requests.deadline).toBe(60_000)
  })

  test('is not one that was asked later, and not a soft one', () => {
    const requests = book()
    requests.add(asked(0, 0, { soft: true, deadline: 60_000 }))
    requests.add(asked(1, 0, { deadline: 60_000 }))
    requests.add(asked(2, 0, { deadline: 60_000 }))
    requests.answered(1, 0, BLOCK, 1000)
    expect(requests.expire(1000 + REQUEST_SKIPPED_MS)).toEqual([])
  })
})
