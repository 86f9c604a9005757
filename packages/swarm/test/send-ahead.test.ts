import { describe, expect, test } from 'vitest'
import {
  SEND_AHEAD_MAX_BYTES,
  SEND_AHEAD_MIN_BYTES,
  SendAhead,
} from '../src/transfer/send-ahead.ts'

const BLOCK = 16_384

/** Hands over blocks until there is no room, each leaving after the one before it. Answers the most that waited. */
function run(ahead: SendAhead, msPerBlock: number, blocks: number): number {
  const queue: number[] = []
  let now = 0
  let most = 0
  for (let sent = 0; sent < blocks; sent++) {
    while (ahead.hasRoom) {
      ahead.handed(BLOCK)
      queue.push(now)
    }
    most = ahead.unsentBytes
    now += msPerBlock
    ahead.sent(BLOCK, queue.shift() as number, now)
  }
  return most
}

describe('bytes handed to a channel ahead of time', () => {
  test('a fast link is given more and more, up to the most', () => {
    expect(run(new SendAhead(), 0.1, 1000)).toBeGreaterThanOrEqual(SEND_AHEAD_MAX_BYTES)
  })

  test('a slow link is given two blocks', () => {
    expect(run(new SendAhead(), 1000, 50)).toBe(SEND_AHEAD_MIN_BYTES)
  })

  test('in between it is about half a second of what leaves', () => {
    const most = run(new SendAhead(), 20, 2000)
    expect(most).toBeLessThanOrEqual((1000 / 20) * BLOCK)
    expect(most).toBeGreaterThan(SEND_AHEAD_MIN_BYTES)
  })

  test('a link that becomes slow is given less again', () => {
    const ahead = new SendAhead()
    run(ahead, 0.1, 1000)
    for (let left = ahead.unsentBytes; left > 0; left -= BLOCK) ahead.sent(BLOCK, 0, 0)
    expect(run(ahead, 1000, 100)).toBeLessThanOrEqual(4 * SEND_AHEAD_MIN_BYTES)
  })

  test('whatever was handed over is counted off, sent or not', () => {
    const ahead = new SendAhead()
    ahead.handed(3 * BLOCK)
    expect(ahead.hasRoom).toBe(false)
    ahead.sent(3 * BLOCK, 0, 10_000)
    expect(ahead.unsentBytes).toBe(0)
  })
})
