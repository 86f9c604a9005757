// Goal: what can wait goes out at once after silence, and with others' output or soon after talk; never alone in a burst.
import type { Clock } from '@bt/ports'
import { describe, expect, it } from 'vitest'
import {
  SMALL_TALK_MS,
  SMALL_TALK_MS_MAX,
  SmallTalk,
  smallTalkMs,
} from '../src/peers/small-talk.ts'

class HandClock implements Clock {
  time = 1000
  alarms: { at: number; run: () => void }[] = []

  now(): number {
    return this.time
  }

  wallSeconds(): number {
    return 0
  }

  at(timeMs: number, run: () => void): { cancel(): void } {
    const alarm = { at: timeMs, run }
    this.alarms.push(alarm)
    return { cancel: () => void (this.alarms = this.alarms.filter((other) => other !== alarm)) }
  }

  pass(ms: number): void {
    this.time += ms
    const due = this.alarms.filter(({ at }) => at <= this.time)
    this.alarms = this.alarms.filter(({ at }) => at > this.time)
    for (const { run } of due) run()
  }
}

function talk(): { clock: HandClock; small: SmallTalk; spoken: () => number } {
  const clock = new HandClock()
  let count = 0
  const small: SmallTalk = new SmallTalk(clock, () => {
    count++
    small.spoken()
  })
  return { clock, small, spoken: () => count }
}

describe('small talk', () => {
  it('is said at once after silence', () => {
    const { small, clock } = talk()
    expect(small.isNow(SMALL_TALK_MS)).toBe(true)
    small.spoken()
    clock.pass(SMALL_TALK_MS)
    expect(small.isNow(SMALL_TALK_MS)).toBe(true)
    expect(clock.alarms).toEqual([])
  })

  it('[speed] a burst of it is one write, at most so long after the last', () => {
    const { small, clock, spoken } = talk()
    small.spoken()
    for (let count = 0; count < 100; count++) expect(small.isNow(SMALL_TALK_MS)).toBe(false)
    expect(clock.alarms.length).toBe(1)
    clock.pass(SMALL_TALK_MS - 1)
    expect(spoken()).toBe(0)
    clock.pass(1)
    expect(spoken()).toBe(1)
  })

  it('goes with other output, and then nothing rings', () => {
    const { small, clock, spoken } = talk()
    small.spoken()
    expect(small.isNow(SMALL_TALK_MS)).toBe(false)
    clock.pass(10)
    small.spoken()
    clock.pass(1000)
    expect([spoken(), clock.alarms.length]).toEqual([0, 0])
  })

  it('waits longer with more peers, so that all of them together are a hundred writes a second', () => {
    expect(smallTalkMs(1)).toBe(SMALL_TALK_MS)
    expect(smallTalkMs(40)).toBe(400)
    expect(smallTalkMs(10_000)).toBe(SMALL_TALK_MS_MAX)
  })

  it('leaves no alarm behind', () => {
    const { small, clock } = talk()
    small.spoken()
    small.isNow(SMALL_TALK_MS)
    small.close()
    expect(clock.alarms).toEqual([])
  })
})
