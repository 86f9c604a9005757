// The Clock of a real machine: monotonic time of `performance.now`, and one Node timer for all alarms.
//
// One timer, set for the earliest alarm, instead of one each: thousands of peers set and cancel alarms all the
// time, and Node's timers may fire a millisecond early and take no delay above 2^31 − 1. A timer that fires too
// early is set again, a delay that is too long is slept in parts.

import { performance } from 'node:perf_hooks'
import { invariant } from '@bt/primitives'
import type { Alarm, Clock } from '@bt/ports'
import { AlarmHeap } from './alarm-heap.ts'

/** Longest delay `setTimeout` takes; beyond it, Node fires at once. */
const TIMER_MAX_MS = 2 ** 31 - 1

export class SystemClock implements Clock {
  readonly #alarms = new AlarmHeap()
  #timer: NodeJS.Timeout | undefined
  #timerDue = Infinity
  #soon: NodeJS.Immediate | undefined
  #closed = false

  now(): number {
    return performance.now()
  }

  wallSeconds(): number {
    return Math.floor(Date.now() / 1000)
  }

  /** After `close` nothing runs any more. */
  at(timeMs: number, run: () => void): Alarm {
    invariant(!Number.isNaN(timeMs), 'at(timeMs) takes a number')
    if (this.#closed || timeMs === Infinity) return { cancel: () => {} }
    const entry = this.#alarms.add(timeMs, run)
    if (timeMs < this.#timerDue) this.#arm()
    return {
      cancel: () => {
        this.#alarms.cancel(entry)
        if (this.#alarms.size === 0) this.#disarm()
      },
    }
  }

  /** Alarms that wait: for tests and for a person who looks for a leak. */
  get alarmCount(): number {
    return this.#alarms.size
  }

  /** Cancels all alarms; the process can end. */
  close(): void {
    this.#closed = true
    this.#alarms.clear()
    this.#disarm()
  }

  #arm(): void {
    const first = this.#alarms.first()
    this.#disarm()
    if (first === undefined) return
    const delay = first.timeMs - performance.now()
    this.#timerDue = first.timeMs
    if (delay <= 0) this.#soon = setImmediate(() => this.#ring())
    else this.#timer = setTimeout(() => this.#ring(), Math.min(Math.ceil(delay), TIMER_MAX_MS))
  }

  #disarm(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    if (this.#soon !== undefined) clearImmediate(this.#soon)
    this.#timer = undefined
    this.#soon = undefined
    this.#timerDue = Infinity
  }

  #ring(): void {
    this.#disarm()
    const now = performance.now()
    // What is set meanwhile waits for its own turn, so that an alarm for "now" cannot starve the sockets.
    const order = this.#alarms.nextOrder()
    try {
      for (let run; (run = this.#alarms.take(now, order)) !== undefined; ) run()
    } finally {
      if (!this.#closed) this.#arm()
    }
  }
}
