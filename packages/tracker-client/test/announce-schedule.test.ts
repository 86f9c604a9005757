// Goal: whom to ask, with which event, and when. Method: tables of answers on a clock that the test turns.
import { Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { AnnounceSchedule } from '../src/index.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const OK = { intervalSeconds: 1800 }

function schedule(tiers: readonly (readonly string[])[], options = {}): AnnounceSchedule {
  return new AnnounceSchedule(tiers, new Prng('schedule'), options)
}

describe('events', () => {
  test('started is first, then none until something happens', () => {
    const one = schedule([['a']])
    expect(one.next(0)).toEqual({ tracker: 'a', event: 'started', others: false })
    one.succeeded(0, OK)
    expect(one.next(30 * MINUTE)).toEqual({ tracker: 'a', others: false })
  })

  test('started is said again until it was heard', () => {
    const one = schedule([['a']])
    one.next(0)
    one.failed(0)
    expect(one.next(one.deadline())).toMatchObject({ event: 'started' })
  })

  test('completed never comes before started was heard, and comes at once then', () => {
    const one = schedule([['a']])
    one.next(0)
    one.completed(10)
    one.failed(20)
    const at = one.deadline()
    expect(one.next(at)).toMatchObject({ event: 'started' })
    one.succeeded(at, OK)
    expect(one.next(at)).toMatchObject({ event: 'completed' })
    one.succeeded(at, OK)
    expect(one.next(at + 30 * MINUTE)).toEqual({ tracker: 'a', others: false })
  })

  test('completed brings the next announce forward, whatever the interval', () => {
    const one = schedule([['a']])
    one.next(0)
    one.succeeded(0, OK)
    one.completed(1000)
    expect(one.deadline()).toBe(1000)
    expect(one.next(1000)).toMatchObject({ event: 'completed' })
  })

  test('completed that was not heard is said again', () => {
    const one = schedule([['a']])
    one.next(0)
    one.succeeded(0, OK)
    one.completed(1000)
    one.next(1000)
    one.failed(1000)
    expect(one.next(one.deadline())).toMatchObject({ event: 'completed' })
  })

  test('a tracker that we change to hears started, not completed', () => {
    const one = schedule([['a'], ['b']])
    one.next(0)
    one.succeeded(0, OK)
    one.next(30 * MINUTE)
    one.failed(30 * MINUTE)
    expect(one.next(30 * MINUTE)).toEqual({ tracker: 'b', event: 'started', others: true })
  })

  test('stopped goes to whoever heard started, and to whom is being told', () => {
    const one = schedule([['a'], ['b'], ['c']])
    one.next(0)
    one.succeeded(0, OK)
    one.next(30 * MINUTE)
    one.failed(30 * MINUTE)
    one.next(30 * MINUTE)
    expect(one.stop().map(({ tracker }) => tracker)).toEqual(['a', 'b'])
    expect(one.next(10 * HOUR)).toBeUndefined()
    expect(one.deadline()).toBe(Number.POSITIVE_INFINITY)
  })

  test('nobody hears stopped whose started was withdrawn', () => {
    const one = schedule([['a']])
    one.next(0)
    one.withdrawn()
    expect(one.stop()).toEqual([])
  })
})

describe('tiers', () => {
  test('the next tracker is asked at once when one fails, in the order of the tiers', () => {
    const one = schedule([['a'], ['b'], ['c']])
    const asked: unknown[] = []
    for (let turn = 0; turn < 3; turn++) {
      asked.push(one.next(0)?.tracker)
      one.failed(0)
    }
    expect(asked).toEqual(['a', 'b', 'c'])
    expect(one.next(0)).toBeUndefined()
  })

  test('each tier is shuffled once: every order comes up', () => {
    const orders = new Set<string>()
    for (let seed = 0; seed < 200; seed++) {
      const one = new AnnounceSchedule([['a', 'b', 'c']], new Prng(seed))
      const order: (string | undefined)[] = []
      for (let turn = 0; turn < 3; turn++) {
        order.push(one.next(0)?.tracker)
        one.failed(0)
      }
      orders.add(order.join(''))
    }
    expect(orders.size).toBe(6)
  })

  test('a tracker that works moves to the front of its tier (BEP 12)', () => {
    const one = schedule([['a', 'b', 'c']])
    one.next(0)
    one.failed(0)
    const worked = one.next(0)?.tracker
    one.succeeded(0, OK)
    // Much later, when the first may be asked again as well.
    expect(one.next(2 * HOUR)?.tracker).toBe(worked)
  })

  test('a better tier is tried again when its wait is over', () => {
    const one = schedule([['a'], ['b']])
    one.next(0)
    one.failed(0)
    one.next(0)
    one.succeeded(0, OK)
    expect(one.next(30 * MINUTE)?.tracker).toBe('a')
  })

  test('a URL that comes twice is one tracker, and a hundred are enough', () => {
    const many = Array.from({ length: 150 }, (_, at) => `t${at}`)
    const one = schedule([['a', 'a'], ['a'], many])
    const asked = new Set<string>()
    for (let next = one.next(0); next !== undefined; next = one.next(0)) {
      asked.add(next.tracker)
      one.failed(0)
    }
    expect(asked.size).toBe(100)
  })
})

describe('intervals', () => {
  const dueAfter = (answer: { intervalSeconds: number; minIntervalSeconds?: number }): number => {
    const one = schedule([['a']])
    one.next(0)
    one.succeeded(0, answer)
    return one.deadline() / 1000
  }

  test.each([
    [{ intervalSeconds: 1800 }, 1800],
    [{ intervalSeconds: 0 }, 1800],
    [{ intervalSeconds: 5 }, 60],
    [{ intervalSeconds: -5 }, 60],
    [{ intervalSeconds: 2 ** 53 }, 86_400],
    [{ intervalSeconds: 600, minIntervalSeconds: 900 }, 900],
    [{ intervalSeconds: 600, minIntervalSeconds: 2 ** 53 }, 86_400],
  ])('[G02] %j leads to the next announce after %i s', (answer, seconds) => {
    expect(dueAfter(answer)).toBe(seconds)
  })

  test('closed networks may lower the floor', () => {
    const one = schedule([['a']], { intervalMinSeconds: 1 })
    one.next(0)
    one.succeeded(0, { intervalSeconds: 2 })
    expect(one.deadline()).toBe(2000)
  })

  test.each([
    [{ intervalSeconds: 1800, minIntervalSeconds: 900 }, 900],
    [{ intervalSeconds: 1800, minIntervalSeconds: 10 }, 10],
    [{ intervalSeconds: 1800, minIntervalSeconds: 1 }, 2],
    [{ intervalSeconds: 1800 }, 300],
    [{ intervalSeconds: 120 }, 120],
  ])('after %j a wish for more peers is granted after %i s', (answer, seconds) => {
    const one = schedule([['a']])
    one.next(0)
    one.succeeded(0, answer)
    one.wanted(1000)
    expect(one.deadline() / 1000).toBe(seconds)
  })
})

describe('failures', () => {
  test('[G10] back-off doubles from 15 s and ends at an hour', () => {
    const one = schedule([['a']])
    const waits: number[] = []
    for (let now = 0; waits.length < 15; now = one.deadline()) {
      one.next(now)
      one.failed(now)
      waits.push((one.deadline() - now) / 1000)
    }
    for (const [at, wait] of waits.entries()) {
      const plain = Math.min(15 * 2 ** at, 3600)
      expect(wait).toBeGreaterThanOrEqual(plain)
      expect(wait).toBeLessThanOrEqual(Math.min(plain * 1.25, 3600))
    }
    expect(waits.at(-1)).toBe(3600)
  })

  test('[G10] with all trackers failing, nobody is asked before the first wait is over', () => {
    const one = schedule([['a'], ['b']])
    for (const now of [0, 0]) {
      one.next(now)
      one.failed(now)
    }
    one.wanted(1)
    expect(one.next(14_999)).toBeUndefined()
    expect(one.deadline()).toBeGreaterThanOrEqual(15_000)
    expect(one.next(one.deadline())).toBeDefined()
  })

  test('a success forgets the failures', () => {
    const one = schedule([['a']])
    for (let turn = 0, now = 0; turn < 8; turn++, now = one.deadline()) {
      one.next(now)
      one.failed(now)
    }
    const now = one.deadline()
    one.next(now)
    one.succeeded(now, OK)
    const then = one.deadline()
    one.next(then)
    one.failed(then)
    expect(one.deadline() - then).toBeLessThanOrEqual(18_750)
  })

  test.each([
    [30, 30 * MINUTE],
    [0, MINUTE],
    [1_000_000, 24 * HOUR],
    ['never', Number.POSITIVE_INFINITY],
  ] as const)('retry in %s minutes is a wait of %i ms (BEP 31)', (minutes, wait) => {
    const one = schedule([['a']])
    one.next(0)
    one.failed(0, minutes)
    expect(one.deadline()).toBe(wait)
  })

  test('an answer that nobody asked for changes nothing', () => {
    const one = schedule([['a']])
    one.succeeded(0, OK)
    one.failed(0)
    expect(one.next(0)).toMatchObject({ event: 'started' })
  })

  test('nobody is asked twice at once', () => {
    const one = schedule([['a'], ['b']])
    one.next(0)
    expect(one.next(0)).toBeUndefined()
    expect(one.deadline()).toBe(Number.POSITIVE_INFINITY)
  })

  test('a torrent without trackers waits for nothing', () => {
    expect(schedule([]).next(0)).toBeUndefined()
    expect(schedule([]).deadline()).toBe(Number.POSITIVE_INFINITY)
  })
})
