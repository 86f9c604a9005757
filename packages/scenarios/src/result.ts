// What a run came to, in numbers: the contract of `bt simulate --json`, and more for tables and plots.

import { boundsOf, type Bounds } from './bounds.ts'
import type { Member } from './member.ts'
import { type Times, timesOf } from './percentiles.ts'
import type { Broken } from './run-view.ts'
import type { Scenario } from './scenario.ts'
import type { Settings } from './scheme.ts'
import type { Timeline } from './timeline.ts'
import type { World } from './world.ts'

export interface SiteResult {
  readonly site: number
  readonly peers: number
  readonly hasSeed: boolean
  /** Payload that entered from other sites ÷ size of the content. */
  readonly redundancy: number
  readonly inBytes: number
  /** All that the network brought in, messages and announces counted. */
  readonly wireInBytes: number
  readonly outBytes: number
  /** Of its members, ever opened: with one another (both ends count), and with other sites. */
  readonly insideLinks: number
  readonly outsideLinks: number
  readonly meanSeconds: number
  readonly lastSeconds: number
  /** Until one of its members had a first piece. */
  readonly firstPieceSeconds: number
}

export interface ClassResult extends Times {
  readonly name: string
}

export interface RunResult {
  readonly scenario: string
  readonly scheme: string
  readonly seed: number | string
  readonly settings: Settings
  readonly profile: string
  /** Hosts, seeds counted. */
  readonly peers: number
  readonly sites: number
  readonly pieces: number
  readonly pieceLength: number
  /** Peers that have everything, seeds not counted; and how many could have. */
  readonly completed: number
  readonly reachable: number
  /** R: mean over sites that began without a copy. */
  readonly redundancy: number
  /** The most times one piece entered one of these sites, partial copies counted. */
  readonly redundancyMax: number
  readonly meanSeconds: number
  readonly p50Seconds: number
  readonly p90Seconds: number
  readonly p95Seconds: number
  readonly lastSeconds: number
  /** The longest that anybody who completed waited for its next piece, once it had one. */
  readonly longestWaitSeconds: number
  /** T*. */
  readonly boundSeconds: number
  readonly bounds: Bounds
  /** Payload that was received in vain, twice or wrong, ÷ all that was received. */
  readonly wastedShare: number
  /** Mean upload of leaders ÷ mean upload of all who download; 0: there are none. */
  readonly leaderLoad: number
  /** (Upload ÷ capacity of those who imported) ÷ (the same of all). */
  readonly importerLoad: number
  /** Reason → bytes that crossed into sites. */
  readonly crossings: Readonly<Record<string, number>>
  readonly perSite: readonly SiteResult[]
  readonly perClass: readonly ClassResult[]
  /** Of each peer that completed, in order of time. */
  readonly completionSeconds: readonly number[]
  readonly timeline: Timeline
  readonly brokenInvariants: readonly Broken[]
  readonly virtualSeconds: number
  readonly traceHash: string
  readonly events: number
  /** By the meter that the caller gave; 0 without one. */
  readonly wallSeconds: number
  readonly peakMemoryBytes: number
}

export interface ResultFacts {
  readonly scenario: Scenario
  readonly scheme: string
  readonly settings: Settings
  readonly profile: string
  readonly world: World
  readonly broken: readonly Broken[]
  readonly timeline: Timeline
  readonly traceHash: string
  readonly wallSeconds: number
  readonly peakMemoryBytes: number
}

export function resultOf(facts: ResultFacts): RunResult {
  const { scenario, world } = facts
  world.settleTruth()
  const bounds = boundsOf({ ...scenario, layout: world.layout })
  const others = world.members.filter(({ plan }) => !plan.isSeed)
  const done = others.filter(({ completedMs }) => completedMs !== undefined)
  const times = timesOf(done.map(secondsOf))
  const perSite = world.layout.sites.map(({ number }) => siteResult(number, facts))
  const importing = perSite.filter(({ hasSeed, peers }) => !hasSeed && peers > 0)
  return {
    scenario: scenario.name,
    scheme: facts.scheme,
    seed: world.simulation.seed,
    settings: facts.settings,
    profile: facts.profile,
    peers: world.members.length,
    sites: world.layout.sites.length,
    pieces: scenario.pieces,
    pieceLength: scenario.pieceLength,
    completed: done.length,
    reachable: others.filter(({ isUp, completedMs }) => isUp || completedMs !== undefined).length,
    redundancy: mean(importing.map(({ redundancy }) => redundancy)),
    redundancyMax: mostEntered(facts, importing),
    meanSeconds: times.mean,
    p50Seconds: times.p50,
    p90Seconds: times.p90,
    p95Seconds: times.p95,
    lastSeconds: times.last,
    longestWaitSeconds: Math.max(0, ...done.map(({ longestWaitMs }) => longestWaitMs)) / 1000,
    boundSeconds: bounds.lastSeconds,
    bounds,
    wastedShare: wastedShare(world.members),
    leaderLoad: leaderLoad(others),
    importerLoad: importerLoad(others),
    crossings: crossingsOf(world),
    perSite,
    perClass: perClass(done),
    completionSeconds: done.map(secondsOf).sort((one, other) => one - other),
    timeline: facts.timeline,
    brokenInvariants: facts.broken,
    virtualSeconds: world.nowMs / 1000,
    traceHash: facts.traceHash,
    events: world.simulation.events,
    wallSeconds: facts.wallSeconds,
    peakMemoryBytes: facts.peakMemoryBytes,
  }
}

function secondsOf({ completedMs, plan }: Member): number {
  return ((completedMs as number) - plan.countsFromMs) / 1000
}

function siteResult(site: number, { world, scenario }: ResultFacts): SiteResult {
  const here = world.members.filter(({ plan }) => plan.site === site)
  const others = here.filter(({ plan }) => !plan.isSeed)
  const times = timesOf(
    others.filter(({ completedMs }) => completedMs !== undefined).map(secondsOf),
  )
  const first = others
    .filter(({ firstPieceMs }) => firstPieceMs !== undefined)
    .map(({ firstPieceMs, plan }) => ((firstPieceMs as number) - plan.countsFromMs) / 1000)
  const inBytes = world.truth.inBytes[site] as number
  return {
    site,
    peers: here.length,
    hasSeed: here.length > others.length,
    redundancy: inBytes / (scenario.pieces * scenario.pieceLength),
    inBytes,
    wireInBytes: world.wireInBytes(site),
    outBytes: world.truth.outBytes[site] as number,
    insideLinks: world.truth.insideLinks[site] as number,
    outsideLinks: world.truth.outsideLinks[site] as number,
    meanSeconds: times.mean,
    lastSeconds: times.last,
    firstPieceSeconds: first.length === 0 ? 0 : Math.min(...first),
  }
}

function mostEntered({ world, scenario }: ResultFacts, sites: readonly SiteResult[]): number {
  let most = 0
  for (const { site } of sites) {
    for (let piece = 0; piece < scenario.pieces; piece++) {
      most = Math.max(most, world.truth.enteredBytes(site, piece) / scenario.pieceLength)
    }
  }
  return most
}

function wastedShare(members: readonly Member[]): number {
  let wasted = 0
  let received = 0
  for (const { shares } of members) {
    for (const { swarm } of shares) {
      wasted += swarm.counts.wastedBytes
      received += swarm.counts.downloadedBytes
    }
  }
  return received === 0 ? 0 : wasted / received
}

function leaderLoad(others: readonly Member[]): number {
  const leaders = others.filter(({ shares }) =>
    shares.some(({ scheme }) => scheme.role?.() === 'leader'),
  )
  const all = mean(others.map(({ uploadedBytes }) => uploadedBytes))
  return all === 0 ? 0 : mean(leaders.map(({ uploadedBytes }) => uploadedBytes)) / all
}

function importerLoad(others: readonly Member[]): number {
  const share = ({ uploadedBytes, plan }: Member): number => uploadedBytes / plan.upload
  const importers = others.filter(({ shares }) =>
    shares.some(({ scheme }) => (scheme.crossed?.().size ?? 0) > 0),
  )
  const all = mean(others.map(share))
  return all === 0 ? 0 : mean(importers.map(share)) / all
}

/** What the members say; 'plain' for all that came through members who keep no books. */
function crossingsOf(world: World): Readonly<Record<string, number>> {
  const crossings: Record<string, number> = {}
  let said = 0
  let total = 0
  for (const bytes of world.truth.inBytes) total += bytes
  for (const { shares } of world.members) {
    for (const { scheme } of shares) {
      for (const [reason, bytes] of scheme.crossed?.() ?? []) {
        crossings[reason] = (crossings[reason] ?? 0) + bytes
        said += bytes
      }
    }
  }
  if (total > said) crossings['plain'] = (crossings['plain'] ?? 0) + total - said
  return crossings
}

function perClass(done: readonly Member[]): readonly ClassResult[] {
  const byName = new Map<string, number[]>()
  for (const member of done) {
    const { className } = member.plan
    const times = byName.get(className) ?? []
    times.push(secondsOf(member))
    byName.set(className, times)
  }
  return [...byName].map(([name, times]) => ({ name, ...timesOf(times) }))
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
