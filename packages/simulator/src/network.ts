// Hosts, sites and what is between them: where a simulated world is put together.

import { invariant, sha256, toHex } from '@bt/primitives'
import type { SiteId } from '@bt/primitives'
import { Fabric } from './fabric.ts'
import type { Chunking, SiteFacts } from './fabric.ts'
import { NO_FAULTS } from './faults.ts'
import type { Faults } from './faults.ts'
import { Host } from './host.ts'
import type { SimHost } from './host.ts'
import { Link } from './link.ts'
import { Place } from './place.ts'
import { SegmentPool } from './segment-pool.ts'
import { BatchMemory } from './sim-datagrams.ts'
import type { NameTable } from './sim-resolver.ts'
import type { Simulation } from './simulation.ts'
import type { SiteOptions, Topology } from './topology.ts'

export interface NetworkOptions {
  /** How bytes come out of a channel; 'random' unless given, for decoders' sake. */
  readonly chunking?: Chunking
  /** Bytes of one direction of a connection that may be on the way or unread. 1 MiB unless given. */
  readonly windowBytes?: number
  /** A connection whose bytes were not answered for so long is given up. 120,000 unless given. */
  readonly silenceMs?: number
  /**
   * How links are shared. 'serial' (unless given): every link of a host serves one segment after the other; links of
   * sites limit one segment at a time. 'fair': max-min fair shares of all links on the way.
   */
  readonly rates?: 'serial' | 'fair'
  /**
   * Objects up to this many bytes are control: they cost latency only, overtake longer objects of their channel, and
   * what passes next pays for their bytes. 2,048 with fair rates, 0 (there are none) with serial ones.
   */
  readonly controlBytesMax?: number
}

export interface HostOptions {
  /** Infinity unless given. */
  readonly uploadBytesPerSecond?: number
  readonly downloadBytesPerSecond?: number
  /** One way, from the host to the edge of its site. 1 unless given. */
  readonly latencyMs?: number
  /** Address families it has; both unless given. */
  readonly families?: readonly (4 | 6)[]
  /** Infinity (hashing takes no time) unless given. */
  readonly hashBytesPerSecond?: number
}

interface Site extends SiteFacts {
  readonly index: number
  hosts: number
}

/** Hosts of one site: its addresses are a /21 of 20.0.0.0/8. */
export const HOSTS_PER_SITE_MAX = 2_046
/** Sites of one network: as many /21 as there are in 20.0.0.0/8. */
export const SITES_MAX = 8_192

const CONTROL_BYTES = 2_048
const WINDOW_BYTES = 1024 * 1024
const SILENCE_MS = 120_000
const SITE_LATENCY_MS = 10
const HOST_LATENCY_MS = 1

export class SimNetwork {
  /** May be changed while it runs. */
  readonly faults: Faults
  readonly #simulation: Simulation
  readonly #fabric: Fabric
  readonly #pool = new SegmentPool()
  readonly #batches = new BatchMemory()
  readonly #names: NameTable = new Map()
  readonly #sites = new Map<SiteId, Site>()
  readonly #siteIds: SiteId[] = []
  readonly #hosts: SimHost[] = []
  readonly #places: Place[] = []

  constructor(simulation: Simulation, faults: Partial<Faults> = {}, options: NetworkOptions = {}) {
    this.#simulation = simulation
    this.faults = { ...NO_FAULTS, ...faults }
    this.#fabric = new Fabric({
      simulation,
      faults: this.faults,
      rates: options.rates ?? 'serial',
      chunking: options.chunking ?? 'random',
      controlBytesMax: options.controlBytesMax ?? (options.rates === 'fair' ? CONTROL_BYTES : 0),
      windowBytes: options.windowBytes ?? WINDOW_BYTES,
      silenceUs: microseconds(options.silenceMs ?? SILENCE_MS),
    })
    this.#names.set('localhost', ['127.0.0.1', '::1'])
  }

  /** In the order they were added; the place of a host is its index. */
  get hosts(): readonly SimHost[] {
    return this.#hosts
  }

  /** Bytes that arrived, inside sites and between them. */
  get traffic(): { readonly insideBytes: number; readonly betweenBytes: number } {
    const { tally } = this.#fabric
    return {
      insideBytes: tally.sum((from, to) => from === to),
      betweenBytes: tally.sum((from, to) => from !== to),
    }
  }

  /** Where a host was put. */
  siteOf(host: SimHost): SiteId {
    return this.sites[this.#places[host.index]?.site ?? -1] as SiteId
  }

  /** In the order they were added. */
  get sites(): readonly SiteId[] {
    return this.#siteIds
  }

  /** Bytes that arrived from and at other sites, and inside. */
  siteTraffic(site: SiteId): {
    readonly outBytes: number
    readonly inBytes: number
    readonly insideBytes: number
  } {
    const { tally } = this.#fabric
    const { index } = this.#site(site)
    return {
      outBytes: tally.sum((from, to) => from === index && to !== index),
      inBytes: tally.sum((from, to) => from !== index && to === index),
      insideBytes: tally.between(index, index),
    }
  }

  /** Bytes that arrived in `to` from `from`. */
  bytesBetween(from: SiteId, to: SiteId): number {
    return this.#fabric.tally.between(this.#site(from).index, this.#site(to).index)
  }

  /** A group of hosts that are near one another; the same name is the same site. */
  addSite(name: string, options: SiteOptions = {}): SiteId {
    const id = toHex(sha256(new TextEncoder().encode(name)).subarray(0, 8)) as SiteId
    if (this.#sites.has(id)) return id
    invariant(this.#sites.size < SITES_MAX, `a network has at most ${SITES_MAX} sites`)
    const facts = {
      latencyUs: microseconds(options.latencyMs ?? SITE_LATENCY_MS),
      core: options.core ?? 0,
      out: new Link(options.uploadBytesPerSecond ?? Number.POSITIVE_INFINITY),
      in: new Link(options.downloadBytesPerSecond ?? Number.POSITIVE_INFINITY),
    }
    this.#sites.set(id, { ...facts, index: this.#fabric.addSite(facts), hosts: 0 })
    this.#siteIds.push(id)
    return id
  }

  /** Adds all its sites, in order. A network has one core: the last topology's. */
  addTopology(topology: Topology): readonly SiteId[] {
    this.#fabric.coreUs = topology.coreLatencyMs.map((row) => row.map(microseconds))
    return topology.sites.map(({ name, ...options }) => this.addSite(name, options))
  }

  /** Capacities of the site's shared link from now on. 0: it is down, inside the site all goes on. */
  setSiteRates(
    site: SiteId,
    rates: { readonly uploadBytesPerSecond?: number; readonly downloadBytesPerSecond?: number },
  ): void {
    const { out, in: into } = this.#site(site)
    this.#fabric.setCapacity(out, rates.uploadBytesPerSecond)
    this.#fabric.setCapacity(into, rates.downloadBytesPerSecond)
  }

  addHost(site: SiteId, options: HostOptions = {}): SimHost {
    const home = this.#site(site)
    invariant(home.hosts < HOSTS_PER_SITE_MAX, `a site has at most ${HOSTS_PER_SITE_MAX} hosts`)
    const number = ++home.hosts
    const families = options.families ?? [4, 6]
    const place = new Place({
      index: this.#hosts.length,
      site: home.index,
      address4: families.includes(4) ? address4(home.index, number) : undefined,
      address6: families.includes(6) ? address6(home.index, number) : undefined,
      latencyUs: microseconds(options.latencyMs ?? HOST_LATENCY_MS),
      uploadBytesPerSecond: options.uploadBytesPerSecond ?? Number.POSITIVE_INFINITY,
      downloadBytesPerSecond: options.downloadBytesPerSecond ?? Number.POSITIVE_INFINITY,
    })
    this.#fabric.addPlace(place)
    this.#places.push(place)
    const host = new Host({
      simulation: this.#simulation,
      fabric: this.#fabric,
      pool: this.#pool,
      batches: this.#batches,
      names: this.#names,
      place,
      hashBytesPerSecond: options.hashBytesPerSecond ?? Number.POSITIVE_INFINITY,
    })
    this.#hosts.push(host)
    return host
  }

  /** A name that resolves to these addresses, in this order; none: it does not exist any more. */
  name(name: string, addresses: readonly string[]): void {
    if (addresses.length === 0) this.#names.delete(name.toLowerCase())
    else this.#names.set(name.toLowerCase(), addresses)
  }

  /**
   * Nothing gets from one group to the other, nor back unless `oneWay`; nobody is told. Answers what heals it.
   * What was under way is sent again after it heals, with growing pauses.
   */
  partition(
    one: readonly SimHost[],
    other: readonly SimHost[],
    options: { readonly oneWay?: boolean } = {},
  ): () => void {
    return this.#fabric.cut({
      one: new Set(one.map((host) => host.index)),
      other: new Set(other.map((host) => host.index)),
      oneWay: options.oneWay ?? false,
    })
  }

  /** Ends all partitions that were made by `partition`. */
  heal(): void {
    this.#fabric.healAll()
  }

  #site(id: SiteId): Site {
    const site = this.#sites.get(id)
    invariant(site !== undefined, 'a site is one of its network')
    return site
  }
}

function microseconds(ms: number): number {
  return Math.round(ms * 1000)
}

/** 20.0.0.1 … 20.255.255.254: addresses of the class 'global', which no rule of ours refuses. */
function address4(site: number, host: number): string {
  const offset = site * 2_048 + host
  return `20.${offset >> 16}.${(offset >> 8) & 255}.${offset & 255}`
}

function address6(site: number, host: number): string {
  return `2600:${(site + 1).toString(16)}::${host.toString(16)}`
}
