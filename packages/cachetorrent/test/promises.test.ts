import { describe, expect, test } from 'vitest'
import { PROMISE_MS, PROMISE_OTHERS_MAX } from '../src/limits.ts'
import { Promises } from '../src/promises.ts'

const MINUTE = 60_000
const RATE = 1000

/** Five members that serve half of what they promise, and one that serves this share of it; what is said of it each minute. */
function said(share: number, minutes: number, usual = 0.5, members = 5): boolean[] {
  const promises = new Promises()
  return Array.from({ length: minutes + 1 }, (_, minute) => {
    const now = minute * MINUTE
    for (let at = 0; at < members; at++)
      expect(promises.announced(`m${at}`, RATE, usual * RATE * 60 * minute, now)).toBe(false)
    return promises.announced('one', RATE, share * RATE * 60 * minute, now + 1)
  })
}

describe('a promise to upload', () => {
  test('[M14] is broken by who serves next to nothing of it, twice in a row, while others serve', () => {
    expect(said(0.04, 3)).toEqual([false, false, true, true])
    expect(said(0.06, 3)).toEqual([false, false, false, false])
  })

  test('is not broken where nobody asks for much, or too few are there to compare with', () => {
    expect(said(0, 5, 0.04)).not.toContain(true)
    expect(said(0, 5, 0.5, 3)).not.toContain(true)
  })

  test('that is kept later is believed again', () => {
    const promises = new Promises()
    const sent = [0, 0, 0, 30_000, 60_000]
    const broken = sent.map((bytes, minute) => {
      const now = minute * MINUTE
      for (let at = 0; at < 5; at++) promises.announced(`m${at}`, RATE, 30_000 * minute, now)
      return promises.announced('one', RATE, bytes, now + 1)
    })
    expect(broken).toEqual([false, false, true, false, false])
  })

  test('is not looked at between announces that follow soon, and not over a restart', () => {
    const promises = new Promises()
    for (let second = 0; second < 300; second += 10) {
      const now = second * 1000
      for (let at = 0; at < 5; at++) promises.announced(`m${at}`, RATE, 500 * second, now)
      // counts from nothing again each twenty seconds
      expect(promises.announced('one', RATE, second % 20, now + 1)).toBe(false)
    }
    expect(PROMISE_MS).toBeLessThan(MINUTE)
  })

  test('is held against those who announced last, whatever many others did before', () => {
    const promises = new Promises()
    const others = 3 * PROMISE_OTHERS_MAX
    const broken = [0, 1, 2, 3].map((minute) => {
      for (let at = 0; at < others; at++) {
        // two thirds serve nothing that counts, and announce first
        const share = at < 2 * PROMISE_OTHERS_MAX - 1 ? 0.01 : 0.5
        promises.announced(`m${at}`, RATE, share * RATE * 60 * minute, minute * MINUTE + at)
      }
      return promises.announced('one', RATE, 0.02 * RATE * 60 * minute, minute * MINUTE + others)
    })
    expect(broken).toEqual([false, false, true, true])
  })
})
