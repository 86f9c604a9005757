// The ground that all adapters of one network stand on: who is where, how far, how fast, and what is cut.

import { invariant } from '@bt/primitives'
import type { Prng } from '@bt/primitives'
import type { Faults } from './faults.ts'
import { DelayLine } from './delay-line.ts'
import { FairRates } from './fair-rates.ts'
import type { Link } from './link.ts'
import { isLoopback } from './loopback.ts'
import type { Place } from './place.ts'
import type { RateModel, Ways } from './rates.ts'
import { SerialRates } from './serial-rates.ts'
import type { Simulation } from './simulation.ts'
import { Tally } from './tally.ts'
import { textHash } from './trace.ts'

/** How bytes come out at the far end: as they were sent, or cut and joined at random, as TCP may. */
export type Chunking = 'whole' | 'random'

interface Cut {
  readonly one: ReadonlySet<number>
  readonly other: ReadonlySet<number>
  readonly oneWay: boolean
}

/** A site: latency one way from its edge to its node of the core, and the two ways of its link. */
export interface SiteFacts {
  readonly core: number
  readonly latencyUs: number
  readonly out: Link
  readonly in: Link
}

/** One way inside one machine. */
const LOOPBACK_US = 20

export class Fabric implements Ways {
  readonly simulation: Simulation
  readonly faults: Faults
  readonly rates: RateModel
  readonly chunking: Chunking
  /** Bytes of one pipe that may be on the way or unread. */
  readonly windowBytes: number
  /** Sent and unanswered for so long: the connection is given up. */
  readonly silenceUs: number
  /** For everything the network draws. */
  readonly random: Prng
  /** Objects up to this length are control: see pipe.ts. */
  readonly controlBytesMax: number
  /** Bytes that arrived. */
  readonly tally = new Tally()
  /** One for each latency. */
  readonly #lines = new Map<number, DelayLine>()
  /** One way between nodes of the core. */
  coreUs: readonly (readonly number[])[] = [[0]]
  readonly #sites: SiteFacts[] = []
  /** Links whose capacity is 0. */
  #linksDown = 0
  #machinesOff = 0
  readonly #places = new Map<string, Place>()
  readonly #cuts = new Set<Cut>()
  readonly #seedHash: number

  constructor(facts: {
    readonly simulation: Simulation
    readonly faults: Faults
    readonly rates: 'serial' | 'fair'
    readonly chunking: Chunking
    readonly controlBytesMax: number
    readonly windowBytes: number
    readonly silenceUs: number
  }) {
    this.simulation = facts.simulation
    this.faults = facts.faults
    const Rates = facts.rates === 'fair' ? FairRates : SerialRates
    this.rates = new Rates(facts.simulation, this)
    this.chunking = facts.chunking
    this.controlBytesMax = facts.controlBytesMax
    this.windowBytes = facts.windowBytes
    this.silenceUs = facts.silenceUs
    this.random = facts.simulation.random('network')
    this.#seedHash = textHash(String(facts.simulation.seed))
  }

  /** Answers the index of the site. */
  addSite(facts: SiteFacts): number {
    for (const link of [facts.out, facts.in]) if (link.bytesPerSecond === 0) this.#linksDown++
    return this.#sites.push(facts) - 1
  }

  /** All links on the way, limited or not. */
  linksBetween(from: Place, to: Place): Link[] {
    if (from === to) return []
    if (from.site === to.site) return [from.up, to.down]
    const out = this.#sites[from.site] as SiteFacts
    const into = this.#sites[to.site] as SiteFacts
    return [from.up, out.out, into.in, to.down]
  }

  /** Undefined: it stays as it is. */
  setCapacity(link: Link, bytesPerSecond: number | undefined): void {
    if (bytesPerSecond === undefined || bytesPerSecond === link.bytesPerSecond) return
    if (link.bytesPerSecond === 0) this.#linksDown--
    if (bytesPerSecond === 0) this.#linksDown++
    link.bytesPerSecond = bytesPerSecond
    this.rates.changed(link)
  }

  addPlace(place: Place): void {
    this.tally.addHost(place.index)
    for (const link of [place.up, place.down]) if (link.bytesPerSecond === 0) this.#linksDown++
    if (place.address4 !== undefined) this.#places.set(place.address4, place)
    if (place.address6 !== undefined) this.#places.set(place.address6, place)
  }

  /** Who has this address, seen from `from` (to whom loopback addresses are its own). */
  placeAt(address: string, from: Place): Place | undefined {
    return this.#places.get(address) ?? (isLoopback(address) ? from : undefined)
  }

  /** One way, in µs. */
  latencyUs(from: Place, to: Place): number {
    if (from === to) return LOOPBACK_US
    const access = from.latencyUs + to.latencyUs
    if (from.site === to.site) return access
    const one = this.#sites[from.site] as SiteFacts
    const other = this.#sites[to.site] as SiteFacts
    const core = this.coreUs[one.core]?.[other.core]
    invariant(core !== undefined, 'sites hang on nodes of the core that there is')
    return access + one.latencyUs + other.latencyUs + core
  }

  /** What everything from here to there is put on. */
  line(from: Place, to: Place): DelayLine {
    const us = this.latencyUs(from, to)
    let line = this.#lines.get(us)
    if (line === undefined) {
      line = new DelayLine(this.simulation, us)
      this.#lines.set(us, line)
    }
    return line
  }

  /** Nothing comes through at the far end now: it is blocked, or the machine stands still. */
  hinders(from: Place, to: Place): boolean {
    return !this.isCalm && (this.simulation.stands(to.index) || this.blocked(from, to))
  }

  /** Nothing hinders anybody now. */
  get isCalm(): boolean {
    const wrong = this.#machinesOff + this.#linksDown + this.#cuts.size
    return wrong === 0 && this.faults.partitionEveryMs <= 0 && !this.simulation.isAnyFrozen
  }

  /** The machine goes on or off. */
  turn(place: Place, on: boolean): void {
    if (place.on === on) return
    place.on = on
    this.#machinesOff += on ? -1 : 1
  }

  /** Nothing gets from here to there now, and nobody is told. */
  blocked(from: Place, to: Place): boolean {
    if (!to.on) return true
    if (from === to) return false
    if (
      this.#linksDown > 0 &&
      this.linksBetween(from, to).some((link) => link.bytesPerSecond === 0)
    )
      return true
    if (this.#cuts.size > 0 && this.#cutOff(from, to)) return true
    return this.#cutAtRandom(from, to)
  }

  #cutOff(from: Place, to: Place): boolean {
    for (const cut of this.#cuts) {
      if (cut.one.has(from.index) && cut.other.has(to.index)) return true
      if (!cut.oneWay && cut.one.has(to.index) && cut.other.has(from.index)) return true
    }
    return false
  }

  /** Answers its own undo. */
  cut(cut: Cut): () => void {
    this.#cuts.add(cut)
    return () => {
      this.#cuts.delete(cut)
    }
  }

  healAll(): void {
    this.#cuts.clear()
  }

  /** Counts what came. */
  moved(from: Place, to: Place, length: number): void {
    const { tally } = this
    tally.moved(from.index, to.index, tally.slot(from.site, to.site), length)
  }

  /** Which side of the random cut a host is on depends on seed, turn and host alone: nothing has to be remembered. */
  #cutAtRandom(from: Place, to: Place): boolean {
    const { partitionEveryMs, partitionForMs } = this.faults
    if (partitionEveryMs <= 0) return false
    const turn = Math.floor(this.simulation.nowUs / (partitionEveryMs * 1000))
    const intoUs = this.simulation.nowUs - turn * partitionEveryMs * 1000
    if (intoUs < (partitionEveryMs - partitionForMs) * 1000) return false
    return this.#side(turn, from.index) !== this.#side(turn, to.index)
  }

  #side(turn: number, host: number): number {
    let mixed = Math.imul(this.#seedHash ^ turn, 0x85ebca6b) ^ Math.imul(host + 1, 0x9e3779b1)
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0xc2b2ae35)
    return (mixed >>> 17) & 1
  }
}
