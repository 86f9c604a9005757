// What is at the far end of its way and not through: cut off from it, or the machine stands still.

import { Fifo } from './fifo.ts'
import type { Occurrence } from './occurrence.ts'
import type { Simulation } from './simulation.ts'

/** First and longest pause before something lost is sent again. */
const RESEND_FIRST_US = 200_000
const RESEND_MAX_US = 15_000_000

/** Whoever holds it, and tries again when it happens. */
export interface Holder {
  readonly to: { readonly index: number }
  tryAgain(): void
}

export class Held implements Occurrence {
  readonly kind = 'arrived'
  readonly dead = false
  readonly host: number
  readonly #holder: Holder
  readonly #items = new Fifo<{ readonly item: object; readonly length: number }>()

  #lostSinceUs = -1
  #pauseUs = RESEND_FIRST_US

  constructor(holder: Holder) {
    this.#holder = holder
    this.host = holder.to.index
  }

  get size(): number {
    return this.#items.length
  }

  add(item: object, length: number): void {
    this.#items.push({ item, length })
  }

  /** Takes everything out, in order. */
  each(take: (item: object, length: number) => void): void {
    for (let next = this.#items.shift(); next !== undefined; next = this.#items.shift())
      take(next.item, next.length)
  }

  clear(): void {
    this.#items.clear()
  }

  /** Happens when it is to be tried again. False: that was done for `silenceUs`. */
  wait(simulation: Simulation, silenceUs: number): boolean {
    const { nowUs } = simulation
    // Where it only waits for its machine, the event loop keeps it until then.
    if (simulation.stands(this.host)) {
      simulation.schedule(nowUs, this)
      return true
    }
    if (this.#lostSinceUs < 0) this.#lostSinceUs = nowUs
    if (nowUs - this.#lostSinceUs >= silenceUs) return false
    simulation.schedule(nowUs + this.#pauseUs, this)
    this.#pauseUs = Math.min(this.#pauseUs * 2, RESEND_MAX_US)
    return true
  }

  happen(): void {
    this.#holder.tryAgain()
  }
}
