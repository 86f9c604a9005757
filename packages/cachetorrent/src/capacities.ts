// What the members of a swarm, or of one site of it, can upload, kept up one member at a time (§4 of the protocol).
//
// Capacities are declared, or what members sent at best where they declare nothing; and some lie: of one that says more
// than four times the middle only that much counts. Where fewer than half say anything, nothing is known.

import { stepOf } from './election.ts'
import { PACE_CAP_STEPS } from './limits.ts'

export interface Capable {
  /** Bytes per second, as declared or sent at best; 0: not said. */
  readonly capacity: number
  /** It had everything when it came. */
  readonly isSource: boolean
}

interface Step {
  count: number
  upload: number
}

export class Capacities {
  /** Downloaders that say what they can, by the power of two below it. */
  readonly #steps = new Map<number, Step>()
  #downloaders = 0
  #told = 0
  #sourceUpload = 0
  #silentSources = 0

  /** Who came to download, done or not. */
  get downloaders(): number {
    return this.#downloaders
  }

  came(member: Capable): void {
    this.#count(member, 1)
  }

  left(member: Capable): void {
    this.#count(member, -1)
  }

  /** Bytes per second of one downloader on average; undefined: too few say it. */
  meanUpload(capStep = this.capStep()): number | undefined {
    if (this.#told === 0 || 2 * this.#told < this.#downloaders) return undefined
    let most = 1
    for (let step = 0; step < capStep; step++) most *= 2
    let total = 0
    for (const [step, { count, upload }] of this.#steps) {
      total += step > capStep ? count * most : upload
    }
    return total / this.#told
  }

  /** F / T*: bytes per second at which all of them can be served in the best case; undefined: not known. */
  pace(): number | undefined {
    const mean = this.meanUpload()
    if (mean === undefined) return undefined
    const isKnown = this.#sourceUpload > 0 && this.#silentSources === 0
    const shared = mean + this.#sourceUpload / this.#downloaders
    return isKnown ? Math.min(this.#sourceUpload, shared) : shared
  }

  /** The highest step that is believed. */
  capStep(): number {
    const steps = [...this.#steps].toSorted(([one], [other]) => one - other)
    let below = 0
    for (const [step, { count }] of steps) {
      below += count
      if (2 * below >= this.#told) return step + PACE_CAP_STEPS
    }
    return 0
  }

  #count({ capacity, isSource }: Capable, by: 1 | -1): void {
    if (isSource) {
      this.#sourceUpload += by * capacity
      if (capacity === 0) this.#silentSources += by
      return
    }
    this.#downloaders += by
    if (capacity === 0) return
    this.#told += by
    const at = stepOf(capacity)
    const step = this.#steps.get(at) ?? { count: 0, upload: 0 }
    step.count += by
    step.upload += by * capacity
    if (step.count === 0) this.#steps.delete(at)
    else this.#steps.set(at, step)
  }
}
