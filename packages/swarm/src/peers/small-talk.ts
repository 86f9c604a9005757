// Output that can wait for company: a have alone costs both ends a system call and a wake-up.
//
// It goes at once when nothing went out lately, else with the next write, and soon in any case.

import type { Alarm, Clock } from '@bt/ports'

/** Milliseconds that small talk may wait: nothing beside a choke round, and twenty writes a second at most. */
export const SMALL_TALK_MS = 50
/** The same with very many peers. */
export const SMALL_TALK_MS_MAX = 1_000
/** Writes a second, over all peers of a torrent, that are made for small talk alone: each costs both ends some 20 µs. */
const WRITES_PER_SECOND = 100

/** Milliseconds that small talk may wait with so many peers to tell. */
export function smallTalkMs(peers: number): number {
  return Math.min(SMALL_TALK_MS_MAX, Math.max(SMALL_TALK_MS, (1000 * peers) / WRITES_PER_SECOND))
}

export class SmallTalk {
  readonly #clock: Clock
  readonly #speak: () => void
  /** When output last went out. */
  #spokenAt = Number.NEGATIVE_INFINITY
  #alarm: Alarm | undefined

  constructor(clock: Clock, speak: () => void) {
    this.#clock = clock
    this.#speak = speak
  }

  /** There is something to say. True: now; else `speak` is called in so many ms, unless output goes out before. */
  isNow(waitMs: number): boolean {
    if (waitMs === 0) return true
    if (this.#alarm !== undefined) return false
    const due = this.#spokenAt + waitMs
    if (this.#clock.now() >= due) return true
    this.#alarm = this.#clock.at(due, () => {
      this.#alarm = undefined
      this.#speak()
    })
    return false
  }

  /** Everything there was to say went out. */
  spoken(): void {
    this.#spokenAt = this.#clock.now()
    this.close()
  }

  close(): void {
    this.#alarm?.cancel()
    this.#alarm = undefined
  }
}
