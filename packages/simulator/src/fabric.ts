// The ground that all adapters of one network stand on: who is where, how far, how fast, and what is cut.

import type { Prng } from '@bt/primitives'
import type { Faults } from './faults.ts'
import { FairRates } from './fair-rates.ts'
import type { Link } from './link.ts'
import { isLoopback } from './loopback.ts'
import type { Place } from './place.ts'
import type { RateModel, Ways } from './rates.ts'
import { SerialRates } from './serial-rates.ts'
import type { Simulation } from './simulation.ts'
import { textHash } from './trace.ts'

/** How bytes come out at the far end: as they were sent, or cut and joined at random, as TCP may. */
export type Chunking = 'whole' | 'random'

interface Cut {
  readonly one: ReadonlySet<number>
  readonly other: ReadonlySet<number>
  readonly oneWay: boolean
}

/** What the sites share; latency one way, from the edge to the middle of the network. */
export interface SiteFacts {
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
  /** Bytes that arrived inside a site, and between two. */
  insideBytes = 0
  betweenBytes = 0
  readonly #sites: SiteFacts[] = []
  /** Links whose capacity is 0. */
  #linksDown = 0
  readonly #places = new Map<string, Place>()
  readonly #cuts = new Set<Cut>()
  readonly #seedHash: number

  constructor(facts: {
    readonly simulation: Simulation
    readonly faults: Faults
    readonly rates: 'serial' | 'fair'
    readonly chunking: Chunking
    readonly windowBytes: number
    readonly silenceUs: number
  }) {
    this.simulation = facts.simulation
    this.faults = facts.faults
    const Rates = facts.rates === 'fair' ? FairRates : SerialRates
    this.rates = new Rates(facts.simulation, this)
    this.chunking = facts.chunking
    this.windowBytes = facts.windowBytes
    this.silenceUs = facts.silenceUs
    this.random = facts.simulation.random('network')
    this.#seedHash = textHash(String(facts.simulation.seed))
  }

  /** Answers the index of the site. */
  addSite(facts: SiteFacts): number {
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
    return (
      access +
      (this.#sites[from.site] as SiteFacts).latencyUs +
      (this.#sites[to.site] as SiteFacts).latencyUs
    )
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
    for (const cut of this.#cuts) {
      if (cut.one.has(from.index) && cut.other.has(to.index)) return true
      if (!cut.oneWay && cut.one.has(to.index) && cut.other.has(from.index)) return true
    }
    return this.#cutAtRandom(from, to)
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
    from.sentBytes += length
    to.receivedBytes += length
    if (from.site === to.site) this.insideBytes += length
    else this.betweenBytes += length
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
