// Everything that needs one and the same time from end to end, in the order in which it left.
//
// What left first arrives first, so a ring does what a heap would, and what arrives at one instant is one event
// however much it is: a broadcast to a hundred neighbours at one distance. Nothing is allocated per message.

import type { Occurrence } from './occurrence.ts'
import type { Simulation } from './simulation.ts'

/** The far end of a pipe. */
export interface Landing {
  /** `length`: as it was given to `push`. `more`: the next call of this event is for the same landing. */
  landed(item: object, length: number, more: boolean): void
  /** Reads what `landed` will need: see `ChannelReader.glance`. */
  glance(item: object): number
}

const SIZE_FIRST = 16
/** So many landings are looked at ahead: what they need is still in the cache when their turn comes. */
const GLANCES_MAX = 64

export class DelayLine implements Occurrence {
  readonly kind = 'arrived'
  readonly host = -1
  readonly dead = false
  readonly #simulation: Simulation
  readonly #delayUs: number
  // Four parallel rings of one size, a power of two.
  #dues = new Float64Array(0)
  #landings: (Landing | undefined)[] = []
  #items: (object | undefined)[] = []
  #lengths = new Float64Array(0)
  #mask = -1
  #first = 0
  #count = 0
  /** It is scheduled, or happening. */
  #due = false
  /** Nobody reads it: that it is kept keeps the glances. */
  glanced = 0

  constructor(simulation: Simulation, delayUs: number) {
    this.#simulation = simulation
    this.#delayUs = delayUs
  }

  /** How many are on their way. */
  get size(): number {
    return this.#count
  }

  push(landing: Landing, item: object, length: number): void {
    if (this.#count > this.#mask) this.#grow()
    const at = (this.#first + this.#count) & this.#mask
    const dueUs = this.#simulation.nowUs + this.#delayUs
    this.#dues[at] = dueUs
    this.#landings[at] = landing
    this.#items[at] = item
    this.#lengths[at] = length
    this.#count++
    if (this.#due) return
    this.#due = true
    this.#simulation.schedule(dueUs, this)
  }

  happen(): void {
    const { nowUs } = this.#simulation
    this.#glance(nowUs)
    // What is sent from now on is of a later event, even where it takes no time.
    for (let left = this.#count; left > 0; left--) {
      const at = this.#first
      if ((this.#dues[at] as number) > nowUs) break
      const landing = this.#landings[at] as Landing
      const item = this.#items[at] as object
      const length = this.#lengths[at] as number
      this.#landings[at] = undefined
      this.#items[at] = undefined
      this.#first = (at + 1) & this.#mask
      this.#count--
      const next = this.#first
      const more =
        left > 1 && this.#landings[next] === landing && (this.#dues[next] as number) <= nowUs
      landing.landed(item, length, more)
    }
    this.#due = this.#count > 0
    if (this.#due) this.#simulation.schedule(this.#dues[this.#first] as number, this)
  }

  /** A broadcast goes to many ends, each of which is all over memory: they are looked at together first. */
  #glance(nowUs: number): void {
    const count = Math.min(this.#count, GLANCES_MAX)
    if (count < 2) return
    let sum = 0
    for (let index = 0; index < count; index++) {
      const at = (this.#first + index) & this.#mask
      if ((this.#dues[at] as number) > nowUs) break
      sum += (this.#landings[at] as Landing).glance(this.#items[at] as object)
    }
    this.glanced = sum | 0
  }

  #grow(): void {
    const size = Math.max(SIZE_FIRST, 2 * (this.#mask + 1))
    const dues = new Float64Array(size)
    const landings = Array.from({ length: size }, (): Landing | undefined => undefined)
    const items = Array.from({ length: size }, (): object | undefined => undefined)
    const lengths = new Float64Array(size)
    for (let index = 0; index < this.#count; index++) {
      const at = (this.#first + index) & this.#mask
      dues[index] = this.#dues[at] as number
      landings[index] = this.#landings[at]
      items[index] = this.#items[at]
      lengths[index] = this.#lengths[at] as number
    }
    this.#dues = dues
    this.#landings = landings
    this.#items = items
    this.#lengths = lengths
    this.#first = 0
    this.#mask = size - 1
  }
}
