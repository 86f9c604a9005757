// The cheapest model of rates: every link serves one segment after the other.
//
// A pipe has one segment on the way in at a time, so pipes of one host take turns and share its links about evenly.

import type { Place } from './place.ts'
import { queueUs } from './rates.ts'
import type { Flow, RateModel, Ways } from './rates.ts'
import type { Simulation } from './simulation.ts'

/** On ways without a rate: long, for few events. */
const SEGMENT_UNLIMITED = 256 * 1024
/** On ways with a rate: a block, so that a message waits for one block of each other connection. */
const SEGMENT_LIMITED = 16 * 1024

export class SerialRates implements RateModel {
  readonly #simulation: Simulation
  readonly #ways: Ways

  constructor(simulation: Simulation, ways: Ways) {
    this.#simulation = simulation
    this.#ways = ways
  }

  segmentBytesMax(from: Place, to: Place): number {
    return this.#unlimited(from, to) ? SEGMENT_UNLIMITED : SEGMENT_LIMITED
  }

  carry(flow: Flow): boolean {
    if (this.#unlimited(flow.from, flow.to)) return true
    const passUs = this.passUs(flow.from, flow.to, flow.size)
    this.#simulation.schedule(this.#simulation.nowUs + passUs, flow)
    return false
  }

  /** Its turn was taken, and is not given back. */
  cancel(): boolean {
    return false
  }

  /** It counts for what begins to pass from now on. */
  changed(): void {}

  waitUs(from: Place, to: Place): number {
    let freeUs = 0
    for (const link of this.#ways.linksBetween(from, to))
      if (link.freeUs > freeUs) freeUs = link.freeUs
    return Math.max(0, freeUs - this.#simulation.nowUs)
  }

  /** All links are taken at once, each behind what it has already; the latest decides. */
  passUs(from: Place, to: Place, length: number): number {
    const now = this.#simulation.nowUs
    let untilUs = now
    for (const link of this.#ways.linksBetween(from, to)) {
      const us = queueUs(link, now, length, link.bytesPerSecond)
      if (us > untilUs) untilUs = us
    }
    return untilUs - now
  }

  #unlimited(from: Place, to: Place): boolean {
    return !this.#ways.linksBetween(from, to).some((link) => link.limited)
  }
}
