// Bytes as fluids: every segment that is under way gets its max-min fair share of all links on its way at once.
//
// Rates are computed when something has changed, once for all changes of an instant (see max-min.ts), and only
// segments whose rate changed get a new time of passing. A flow whose segment has passed and that has another one
// at the same instant keeps its share: nothing is computed for it.

import { FinishHeap } from './finish-heap.ts'
import { type Link, Share } from './link.ts'
import { MaxMin } from './max-min.ts'
import type { Occurrence } from './occurrence.ts'
import type { Place } from './place.ts'
import { queueUs } from './rates.ts'
import type { Flow, RateModel, Ways } from './rates.ts'
import type { Simulation } from './simulation.ts'

/** Longest segment: what is behind it in its connection waits for it. On slow ways what passes in a quarter of a second. */
const SEGMENT_BYTES_MAX = 64 * 1024
const SEGMENT_BYTES_MIN = 4 * 1024
const SEGMENT_SECONDS = 0.25
const SEGMENT_UNLIMITED = 256 * 1024

/** One segment under way. */
class Passage extends Share {
  readonly flow: Flow
  readonly order: number
  /** The rate that `leftBytes` and `finishUs` were computed with. */
  appliedRate = 0
  /** What is left of the segment at `sinceUs`. */
  leftBytes = 0
  sinceUs = 0
  /** False: its segment has passed, and it leaves its links at the end of this instant unless there is another. */
  busy = false
  finishUs = Number.POSITIVE_INFINITY
  heapIndex = -1

  constructor(flow: Flow, links: readonly Link[], order: number) {
    super(links)
    this.flow = flow
    this.order = order
  }
}

export class FairRates implements RateModel {
  readonly #simulation: Simulation
  readonly #ways: Ways
  readonly #maxMin = new MaxMin<Passage>()
  readonly #finishing = new FinishHeap<Passage>()
  /** Their segment has passed; they leave at the end of the instant. */
  readonly #ended: Passage[] = []
  #made = 0
  #settling = false
  /** The earliest time at which `#passing` is scheduled. */
  #wakeUs = Number.POSITIVE_INFINITY
  readonly #settlement: Occurrence
  readonly #passing: Occurrence

  constructor(simulation: Simulation, ways: Ways) {
    this.#simulation = simulation
    this.#ways = ways
    const always = { kind: 'passed', host: -1, size: 0, dead: false } as const
    this.#settlement = { ...always, happen: () => this.#settle() }
    this.#passing = { ...always, happen: () => this.#pass() }
  }

  segmentBytesMax(from: Place, to: Place): number {
    let slowest = Number.POSITIVE_INFINITY
    for (const { bytesPerSecond } of this.#ways.linksBetween(from, to)) {
      slowest = Math.min(slowest, bytesPerSecond)
    }
    if (slowest === Number.POSITIVE_INFINITY) return SEGMENT_UNLIMITED
    const passes = Math.floor(slowest * SEGMENT_SECONDS)
    return Math.max(SEGMENT_BYTES_MIN, Math.min(SEGMENT_BYTES_MAX, passes))
  }

  carry(flow: Flow): boolean {
    let passage = flow.passage as Passage | undefined
    if (passage === undefined) {
      const links = this.#limits(flow)
      if (links.length === 0) return true
      passage = new Passage(flow, links, this.#made++)
      flow.passage = passage
      this.#maxMin.attach(passage)
      this.#wantSettlement()
    }
    passage.busy = true
    passage.leftBytes = flow.size
    this.#time(passage)
    this.#wantWake()
    return false
  }

  cancel(flow: Flow): boolean {
    const passage = flow.passage as Passage | undefined
    if (passage?.busy === true) this.#end(passage)
    return true
  }

  changed(link: Link): void {
    // Who passed when it had no limit has to be found; else only those on it are concerned.
    if (link.limited && link.shares.length === 0)
      for (const passage of [...this.#finishing.members, ...this.#ended]) {
        if (this.#limits(passage.flow).includes(link)) this.#attachAnew(passage)
      }
    else if (!link.limited)
      for (const passage of link.shares.slice()) this.#attachAnew(passage as Passage)
    this.#maxMin.changed(link)
    this.#wantSettlement()
  }

  waitUs(from: Place, to: Place): number {
    let freeUs = 0
    for (const link of this.#ways.linksBetween(from, to))
      if (link.freeUs > freeUs) freeUs = link.freeUs
    return Math.max(0, freeUs - this.#simulation.nowUs)
  }

  /** It queues behind its like, at the rate that one more flow would get. */
  passUs(from: Place, to: Place, length: number): number {
    const now = this.#simulation.nowUs
    let untilUs = now
    for (const link of this.#ways.linksBetween(from, to)) {
      const us = queueUs(link, now, length, link.bytesPerSecond / (link.shares.length + 1))
      if (us > untilUs) untilUs = us
    }
    return untilUs - now
  }

  #limits(flow: Flow): Link[] {
    return this.#ways.linksBetween(flow.from, flow.to).filter((link) => link.limited)
  }

  #attachAnew(passage: Passage): void {
    this.#maxMin.detach(passage)
    passage.links = this.#limits(passage.flow)
    this.#maxMin.attach(passage)
  }

  #end(passage: Passage): void {
    passage.busy = false
    this.#finishing.remove(passage)
    this.#ended.push(passage)
    this.#wantSettlement()
  }

  /** From now on at the rate it has. */
  #time(passage: Passage): void {
    const { nowUs } = this.#simulation
    passage.sinceUs = nowUs
    passage.appliedRate = passage.rate
    const leftUs = passage.leftBytes === 0 ? 0 : (passage.leftBytes * 1_000_000) / passage.rate
    passage.finishUs = nowUs + Math.ceil(leftUs)
    this.#finishing.place(passage)
  }

  #wantSettlement(): void {
    if (this.#settling) return
    this.#settling = true
    this.#simulation.schedule(this.#simulation.nowUs, this.#settlement)
  }

  #wantWake(): void {
    const { lowestUs } = this.#finishing
    if (lowestUs >= this.#wakeUs) return
    this.#wakeUs = lowestUs
    this.#simulation.schedule(lowestUs, this.#passing)
  }

  /** The end of an instant in which something changed. */
  #settle(): void {
    this.#settling = false
    for (const passage of this.#ended) {
      if (passage.busy || passage.flow.passage !== passage) continue
      this.#maxMin.detach(passage)
      passage.flow.passage = undefined
    }
    this.#ended.length = 0
    if (!this.#maxMin.unsettled) return
    const { nowUs } = this.#simulation
    for (const passage of this.#maxMin.settle()) {
      if (!passage.busy || passage.rate === passage.appliedRate) continue
      const passed = (passage.appliedRate * (nowUs - passage.sinceUs)) / 1_000_000
      passage.leftBytes = Math.max(0, passage.leftBytes - passed)
      this.#time(passage)
    }
    this.#maxMin.forget()
    this.#wantWake()
  }

  /** Segments have passed. */
  #pass(): void {
    const { nowUs } = this.#simulation
    if (nowUs < this.#wakeUs) return
    this.#wakeUs = Number.POSITIVE_INFINITY
    while (this.#finishing.lowestUs <= nowUs) {
      const passage = this.#finishing.pop() as Passage
      this.#end(passage)
      this.#simulation.hand(passage.flow)
    }
    this.#wantWake()
  }
}
