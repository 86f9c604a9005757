// In the endgame the blocks of others become late by themselves: peers with nothing to do are looked at each second.

import type { Alarm, Clock } from '@bt/ports'
import type { Turn } from '../peers/turn.ts'

/** Milliseconds between two looks: as long as a piece may stand still in the endgame. */
const LOOK_MS = 1_000

export class EndgameLooks {
  readonly #parts: { readonly clock: Clock; readonly turn: Turn }
  readonly #look: () => void
  #alarm: Alarm | undefined
  #closed: boolean

  /** `isOn` false: no look is ever set. */
  constructor(
    parts: { readonly clock: Clock; readonly turn: Turn },
    look: () => void,
    isOn: boolean,
  ) {
    this.#parts = parts
    this.#look = look
    this.#closed = !isOn
  }

  /** No look is set, and one may be. */
  get isUnset(): boolean {
    return !this.#closed && this.#alarm === undefined
  }

  /** One more look, unless one is set. */
  soon(now: number): void {
    if (!this.isUnset) return
    this.#alarm = this.#parts.clock.at(now + LOOK_MS, () => {
      this.#alarm = undefined
      this.#look()
      this.#parts.turn.end()
    })
  }

  close(): void {
    this.#closed = true
    this.#alarm?.cancel()
  }
}
