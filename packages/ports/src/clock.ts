// Time, as protocol code sees it: monotonic milliseconds and one-shot alarms.

import type { Alarm } from './done.ts'

export interface Clock {
  /** Monotonic milliseconds since some fixed moment; never goes back, not even when the wall clock does. */
  now(): number
  /**
   * Runs `run` once at `timeMs` of this clock or soon after; never before this call has returned.
   * A time that has passed means as soon as possible. Alarms of one time run in the order they were set.
   */
  at(timeMs: number, run: () => void): Alarm
  /** Seconds since 1970-01-01 UTC: for dates that are shown or stored, never for intervals. */
  wallSeconds(): number
}
