// Output that can wait for company: a have alone costs both ends a system call and a wake-up.
//
// It goes at once when nothing went out lately, else with the next write, and soon in any case.

import type { Alarm, Clock } from '@bt/ports'

/** Milliseconds that small talk may wait: nothing beside a choke round, and twenty writes a second at most. */
export const SMALL_TALK_MS = 50

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

  /** There is something to say. True: now; else `speak` is called in a while, unless output goes out before. */
  isNow(): boolean {
    if (this.#alarm !== undefined) return false
    const due = this.#spokenAt + SMALL_TALK_MS
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
