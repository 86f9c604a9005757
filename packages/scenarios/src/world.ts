// A scenario as a simulated world: network, tracker and one host for each peer, not yet begun.

import type { SiteId } from '@bt/primitives'
import { SimNetwork, Simulation, type TraceEntry } from '@bt/simulator'
import type { PolicyFact } from '@bt/swarm'
import { type Layout, layOut } from './layout.ts'
import { MeetingTracker } from './meeting-tracker.ts'
import { Member, type Share } from './member.ts'
import { type ContentPart, type ProfileName, profileNamed } from './profile.ts'
import type { Scenario } from './scenario.ts'
import type { Scheme, SchemeRun, Settings } from './scheme.ts'
import { schemeNamed } from './schemes.ts'
import { Truth } from './truth.ts'

export interface WorldFacts {
  readonly scenario: Scenario
  readonly scheme: Scheme
  readonly settings: Settings
  readonly profile: ProfileName
  readonly seed: number | string
  readonly trace?: (entry: TraceEntry) => void
  readonly observe?: (member: Member, fact: PolicyFact, share: Share) => void
  readonly started: (member: Member, share: Share) => void
  readonly completed: (member: Member) => void
  readonly watched?: (member: Member, what: string) => void
}

/** Latency of the tracker's site to the middle of the network. */
const TRACKER_LATENCY_MS = 5

export class World {
  readonly simulation: Simulation
  readonly network: SimNetwork
  readonly layout: Layout
  readonly parts: readonly ContentPart[]
  readonly members: readonly Member[]
  readonly tracker: MeetingTracker
  readonly truth: Truth
  readonly #homes: readonly SiteId[]

  constructor(facts: WorldFacts) {
    const { scenario, scheme, settings, seed, trace } = facts
    this.simulation = new Simulation(seed, trace === undefined ? {} : { trace })
    this.network = new SimNetwork(
      this.simulation,
      {
        datagramLoss: scenario.datagramLossPercent / 100,
        dialFailure: scenario.dialFailurePercent / 100,
      },
      { chunking: 'whole', rates: 'fair' },
    )
    this.layout = layOut(scenario, this.simulation.random('scenario'))
    const profile = profileNamed(facts.profile)
    this.parts = profile.content(scenario, scheme.parts?.(settings) ?? 1)
    const { sites, peers, hostLatencyMs } = this.layout
    this.truth = new Truth(
      peers.map(({ site }) => site),
      sites.length,
      scenario.pieces,
    )
    const middle = this.network.addSite('tracker', { latencyMs: TRACKER_LATENCY_MS })
    const trackerHost = this.network.addHost(middle)
    const homes = sites.map(({ name, latencyMs, linkUpload, linkDownload }) =>
      this.network.addSite(name, {
        latencyMs,
        uploadBytesPerSecond: linkUpload,
        downloadBytesPerSecond: linkDownload,
      }),
    )
    const begin = (which: Scheme, own: Settings): SchemeRun =>
      which.begin({
        scenario,
        layout: this.layout,
        settings: own,
        siteOf: (host) => this.truth.siteAt(host),
        infoHashes: this.parts.map(({ infoHash }) => infoHash),
        clock: this.simulation.clock,
        random: this.simulation.random(`scheme/${which.name}`),
      })
    this.#homes = homes
    const run = begin(scheme, settings)
    this.tracker = new MeetingTracker({
      host: trackerHost,
      hooks: () => run.hooks(),
      out: scenario.neighbours.out,
      heldFor: scenario.neighbours.held ? this.layout.firstCrowd * this.parts.length : 0,
    })
    const others = new Map<string, SchemeRun>()
    const runOf = (name: string | undefined): SchemeRun => {
      if (name === undefined || name === scheme.name) return run
      const known = others.get(name)
      if (known !== undefined) return known
      const other = schemeNamed(name)
      const made = begin(other, defaultsOf(other))
      others.set(name, made)
      return made
    }
    this.members = peers.map((plan) => {
      const host = this.network.addHost(homes[plan.site] as SiteId, {
        uploadBytesPerSecond: plan.upload,
        downloadBytesPerSecond: plan.download,
        latencyMs: hostLatencyMs,
      })
      this.truth.isAt(host.address, plan.number)
      if (plan.isSeed) profile.furnish(host, this.parts)
      if (plan.actor?.kind === 'slow-disk') {
        host.disk.bytesPerSecond = plan.actor.bytesPerSecond ?? plan.download / 10
      }
      return new Member({
        plan,
        host,
        parts: this.parts,
        profile,
        neighbours: scenario.neighbours,
        trackerUrl: this.tracker.url,
        truth: this.truth,
        schemePeer: (part, number) =>
          runOf(plan.scheme).peer({
            plan,
            siteName: (sites[plan.site] as (typeof sites)[number]).name,
            infoHash: part.infoHash,
            part: number,
          }),
        observe: facts.observe,
        started: facts.started,
        completed: facts.completed,
        watched: facts.watched,
      })
    })
  }

  get nowMs(): number {
    return this.simulation.clock.now()
  }

  /** All bytes that the network brought into a site from others, messages and announces counted. */
  wireInBytes(site: number): number {
    return this.network.siteTraffic(this.#homes[site] as SiteId).inBytes
  }

  /** Counts what open links brought beyond pieces; before totals are read. */
  settleTruth(): void {
    for (const { shares } of this.members) for (const { witness } of shares) witness.settle()
  }
}

/** What a scheme is set to when nothing is said. */
export function defaultsOf(scheme: Scheme): Settings {
  return Object.fromEntries(
    Object.entries(scheme.settings).map(([name, { default: value }]) => [name, value]),
  )
}
