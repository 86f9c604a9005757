// How fast bytes leave and come: the one place that decides when something has passed from host to host.
//
// First model: every host has an uplink and a downlink that serve one segment after the other. A pipe has one
// segment on the way in at a time, so pipes of one host take turns and share it about evenly. Shared links of
// sites and max-min fair shares are another RateModel; nothing else has to know.

import type { Occurrence } from './occurrence.ts'
import type { Place } from './place.ts'
import type { Simulation } from './simulation.ts'

/** One direction of one connection, as rates see it. It happens when its segment has passed. */
export interface Flow extends Occurrence {
  readonly from: Place
  readonly to: Place
  /** Length of the segment that is to pass now. */
  readonly size: number
}

export interface RateModel {
  /** Longest segment for this way: short on slow ways, so that turns are short. */
  segmentBytesMax(from: Place, to: Place): number
  /**
   * Takes the segment of `flow`. True: there is no limit on its way, it has passed. False: `flow` happens when it
   * has. One at a time per flow. Latency comes on top and is not this model's business.
   */
  carry(flow: Flow): boolean
  /** How long something would wait before it begins to pass, in µs. */
  waitUs(from: Place, to: Place): number
  /** How long something that is not part of a flow takes to pass, in µs: a datagram, an HTTP body. Counts it. */
  passUs(from: Place, to: Place, length: number): number
}

/** On ways without a rate: long, for few events. */
const SEGMENT_UNLIMITED = 256 * 1024
/** On ways with a rate: a block, so that a message waits for one block of each other connection. */
const SEGMENT_LIMITED = 16 * 1024

export class SerialRates implements RateModel {
  readonly #simulation: Simulation

  constructor(simulation: Simulation) {
    this.#simulation = simulation
  }

  segmentBytesMax(from: Place, to: Place): number {
    return unlimited(from, to) ? SEGMENT_UNLIMITED : SEGMENT_LIMITED
  }

  carry(flow: Flow): boolean {
    if (unlimited(flow.from, flow.to)) return true
    const passUs = this.passUs(flow.from, flow.to, flow.size)
    this.#simulation.schedule(this.#simulation.nowUs + passUs, flow)
    return false
  }

  waitUs(from: Place, to: Place): number {
    if (unlimited(from, to)) return 0
    return Math.max(0, Math.max(from.upFreeUs, to.downFreeUs) - this.#simulation.nowUs)
  }

  /** Both ends are taken at once, each behind what it has already; the later one decides. */
  passUs(from: Place, to: Place, length: number): number {
    if (unlimited(from, to)) return 0
    const now = this.#simulation.nowUs
    from.upFreeUs =
      Math.max(now, from.upFreeUs) + Math.ceil((length * 1_000_000) / from.uploadBytesPerSecond)
    to.downFreeUs =
      Math.max(now, to.downFreeUs) + Math.ceil((length * 1_000_000) / to.downloadBytesPerSecond)
    return Math.max(from.upFreeUs, to.downFreeUs) - now
  }
}

function unlimited(from: Place, to: Place): boolean {
  return (
    from === to ||
    (from.uploadBytesPerSecond === Number.POSITIVE_INFINITY &&
      to.downloadBytesPerSecond === Number.POSITIVE_INFINITY)
  )
}
