// How fast bytes leave and come: the one place that decides when something has passed from host to host.

import type { Link } from './link.ts'
import type { Occurrence } from './occurrence.ts'
import type { Place } from './place.ts'

/** One direction of one connection, as rates see it. It happens when its segment has passed. */
export interface Flow extends Occurrence {
  readonly from: Place
  readonly to: Place
  /** Length of the segment that is to pass now. */
  readonly size: number
  /** The rate model's: what it keeps for this flow. */
  passage: object | undefined
}

/** The links between any two hosts, limited or not, in the order of the way. */
export interface Ways {
  linksBetween(from: Place, to: Place): Link[]
}

export interface RateModel {
  /** Longest segment for this way: short on slow ways, so that turns are short. */
  segmentBytesMax(from: Place, to: Place): number
  /**
   * Takes the segment of `flow`. True: there is no limit on its way, it has passed. False: `flow` happens when it
   * has. One at a time per flow. Latency comes on top and is not this model's business.
   */
  carry(flow: Flow): boolean
  /** The segment of `flow` is not wanted any more. False: it cannot be called off, `flow` happens all the same. */
  cancel(flow: Flow): boolean
  /** The capacity of `link` has changed. */
  changed(link: Link): void
  /** How long something would wait before it begins to pass, in µs. */
  waitUs(from: Place, to: Place): number
  /**
   * How long something that is not part of a flow takes to pass, in µs: a datagram, an HTTP body. Counts it.
   * Infinity: a link on the way is down.
   */
  passUs(from: Place, to: Place, length: number): number
}

/** Until when `length` bytes occupy `link` behind what it has already, in µs. A link that is down takes nothing. */
export function queueUs(link: Link, nowUs: number, length: number, bytesPerSecond: number): number {
  if (bytesPerSecond === 0) return Number.POSITIVE_INFINITY
  link.freeUs = Math.max(nowUs, link.freeUs) + Math.ceil((length * 1_000_000) / bytesPerSecond)
  return link.freeUs
}
