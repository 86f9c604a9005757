// How many announces are under way at once, for all torrents that share a clock: thousands of torrents that start
// together would otherwise open thousands of sockets.

import type { Clock } from '@bt/ports'
import { ANNOUNCES_AT_ONCE_MAX } from './limits.ts'

export interface Pass {
  /** Gives the place back, or the place in the queue up; twice does nothing. */
  release(): void
}

export class AnnounceGate {
  readonly #places: number
  readonly #inside = new Set<() => void>()
  readonly #waiting = new Set<() => void>()

  constructor(places = ANNOUNCES_AT_ONCE_MAX) {
    this.#places = places
  }

  /** Runs `run` when there is a place: at once, or later in the order of asking. */
  enter(run: () => void): Pass {
    this.#waiting.add(run)
    this.#admit()
    return {
      release: () => {
        this.#waiting.delete(run)
        if (this.#inside.delete(run)) this.#admit()
      },
    }
  }

  #admit(): void {
    for (const run of this.#waiting) {
      if (this.#inside.size >= this.#places) return
      this.#waiting.delete(run)
      this.#inside.add(run)
      run()
    }
  }
}

const gates = new WeakMap<Clock, AnnounceGate>()

/** The gate of all who share this clock. */
export function gateOf(clock: Clock): AnnounceGate {
  let gate = gates.get(clock)
  if (gate === undefined) {
    gate = new AnnounceGate()
    gates.set(clock, gate)
  }
  return gate
}
