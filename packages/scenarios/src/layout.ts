// A scenario and a seed, spelled out: every site, every host, its rates, when it joins, what is wrong with it.

import type { Prng } from '@bt/primitives'
import { exponential, shareOut, uniform } from './chance.ts'
import type { Actor, HostClass, Join, Scenario, SiteGroup } from './scenario.ts'

export interface SitePlan {
  /** From 0. */
  readonly number: number
  readonly name: string
  /** Bytes per second; Infinity: no limit. */
  readonly linkUpload: number
  readonly linkDownload: number
  /** One way, from the edge of the site to the middle of the network. */
  readonly latencyMs: number
  readonly uploadPercent: number
}

export interface PeerPlan {
  /** From 0, in order of sites. */
  readonly number: number
  readonly site: number
  readonly isSeed: boolean
  /** 'seed', or that of its class. */
  readonly className: string
  readonly upload: number
  readonly download: number
  /** Speaks this whatever the run's scheme is. */
  readonly scheme: string | undefined
  readonly joinMs: number
  /** From when its time counts: the moment its crowd began, or its own join where members come one by one. */
  readonly countsFromMs: number
  readonly actor: Actor | undefined
  /** As soon as it has everything. */
  readonly leaves: boolean
}

export interface Layout {
  readonly sites: readonly SitePlan[]
  readonly peers: readonly PeerPlan[]
  /** One way, from a host to the edge of its site. */
  readonly hostLatencyMs: number
  /** Members of the first crowd: as many must announce before a held tracker answers. */
  readonly firstCrowd: number
}

/** The same scenario and seed give the same layout; `random` must be for this alone. */
export function layOut(scenario: Scenario, random: Prng): Layout {
  const sizes = scenario.sites.flatMap((group) => sizesOf(group, random))
  const groups = scenario.sites.flatMap((group) => Array.from({ length: group.count }, () => group))
  const { hostLatencyMs, siteLatencyMs } = latencies(scenario, random)
  const sites = groups.map((group, number) => ({
    number,
    name: `site ${number}`,
    linkUpload: group.linkUpload ?? Number.POSITIVE_INFINITY,
    linkDownload: group.linkDownload ?? Number.POSITIVE_INFINITY,
    latencyMs: siteLatencyMs(),
    uploadPercent: group.uploadPercent ?? 100,
  }))
  const places = sizes.flatMap((size, site) => Array.from({ length: size }, () => site))
  const seedPlaces = placesOfSeeds(scenario, sizes)
  const others = places.length - seedPlaces.size
  const classes = random.shuffle(classesOf(scenario.classes, others))
  const joins = joinsOf(scenario.joins, places, random)
  const actors = actorsOf(scenario, places, seedPlaces, random)
  const leaving = leavingOf(scenario, places, seedPlaces, random)
  const peers = places.map((site, number) => {
    const isSeed = seedPlaces.has(number)
    const own = isSeed ? undefined : classes.pop()
    const { upload, download } = own ?? scenario.seeds
    const percent = isSeed ? 100 : (sites[site] as SitePlan).uploadPercent
    const { joinMs, countsFromMs } = joins[number] as JoinTime
    return {
      number,
      site,
      isSeed,
      className: own?.name ?? 'seed',
      upload: Math.max(1, Math.round((upload * percent) / 100)),
      download,
      scheme: own?.scheme,
      joinMs: isSeed ? 0 : joinMs,
      countsFromMs: isSeed ? 0 : countsFromMs,
      actor: actors.get(number),
      leaves: leaving.has(number),
    }
  })
  const firstCrowd = joins.filter(({ entry }, at) => seedPlaces.has(at) || isFirst(entry)).length
  return { sites, peers, hostLatencyMs, firstCrowd }
}

function isFirst(join: Join): boolean {
  return join.kind === 'flash' && (join.atSeconds ?? 0) === 0
}

function sizesOf(group: SiteGroup, random: Prng): readonly number[] {
  const { count, hosts, peers = 0, sizes } = group
  if (hosts !== undefined) return Array.from({ length: count }, () => hosts)
  if (sizes === 'zipf') {
    const weights = Array.from({ length: count }, (_, at) => 1 / (at + 1))
    return shareOut(peers, weights, 1)
  }
  const drawn = Array.from({ length: count }, () => 1)
  for (let left = peers - count; left > 0; left--) {
    const site = random.below(count)
    drawn[site] = (drawn[site] as number) + 1
  }
  return drawn
}

function latencies(
  scenario: Scenario,
  random: Prng,
): { readonly hostLatencyMs: number; readonly siteLatencyMs: () => number } {
  const { latency } = scenario
  if (latency.kind === 'equal') return { hostLatencyMs: latency.ms / 2, siteLatencyMs: () => 0 }
  const siteMs = (latency.betweenMs - latency.insideMs) / 2
  const siteLatencyMs = (): number =>
    latency.kind === 'two-level' ? siteMs : (siteMs * (1 + 4 * uniform(random))) / 3
  return { hostLatencyMs: latency.insideMs / 2, siteLatencyMs }
}

/** Numbers of the hosts that are seeds: the first of a site, then the second … */
function placesOfSeeds(scenario: Scenario, sizes: readonly number[]): ReadonlySet<number> {
  const { count, where } = scenario.seeds
  const begins: number[] = []
  let begin = 0
  for (const size of sizes) {
    begins.push(begin)
    begin += size
  }
  const seeds = new Set<number>()
  for (let at = 0; at < count && seeds.size < begin; at++) {
    if (where === 'first') seeds.add(at)
    else {
      const site = at % sizes.length
      const place = Math.floor(at / sizes.length)
      if (place < (sizes[site] as number)) seeds.add((begins[site] as number) + place)
    }
  }
  return seeds
}

function classesOf(classes: readonly HostClass[], peers: number): HostClass[] {
  const shares = classes.map(({ share }) => share)
  return shareOut(peers, shares, 0).flatMap((count, at) =>
    Array.from({ length: count }, () => classes[at] as HostClass),
  )
}

interface JoinTime {
  readonly entry: Join
  readonly joinMs: number
  readonly countsFromMs: number
}

function joinsOf(
  joins: readonly Join[],
  places: readonly number[],
  random: Prng,
): readonly JoinTime[] {
  const entryOf = (site: number): Join =>
    joins.find(({ sites }) => sites === undefined || sites.includes(site)) as Join
  const times: JoinTime[] = []
  const next = new Map<Join, number>()
  // members of a Poisson stream come in any order of places
  for (const place of random.shuffle(places.map((_, at) => at))) {
    const entry = entryOf(places[place] as number)
    const atMs = 1000 * (entry.atSeconds ?? 0)
    if (entry.kind === 'flash') {
      const joinMs = atMs + 1000 * entry.withinSeconds * uniform(random)
      times[place] = { entry, joinMs, countsFromMs: atMs }
      continue
    }
    const joinMs = (next.get(entry) ?? atMs) + (1000 * exponential(random)) / entry.perSecond
    next.set(entry, joinMs)
    times[place] = { entry, joinMs, countsFromMs: joinMs }
  }
  return times
}

function actorsOf(
  scenario: Scenario,
  places: readonly number[],
  seeds: ReadonlySet<number>,
  random: Prng,
): ReadonlyMap<number, Actor> {
  const cast = new Map<number, Actor>()
  for (const actor of scenario.actors) {
    const taken = new Map<number, number>()
    let left = actor.count
    for (const place of random.shuffle(places.map((_, at) => at))) {
      if (seeds.has(place) || cast.has(place)) continue
      const site = places[place] as number
      const here = taken.get(site) ?? 0
      if (actor.perSite ? here >= actor.count : left <= 0) continue
      taken.set(site, here + 1)
      left--
      cast.set(place, actor)
    }
  }
  return cast
}

function leavingOf(
  { leavesPercent = 0 }: Scenario,
  places: readonly number[],
  seeds: ReadonlySet<number>,
  random: Prng,
): ReadonlySet<number> {
  if (leavesPercent === 0) return new Set()
  const others = places.map((_, at) => at).filter((at) => !seeds.has(at))
  const count = Math.round((others.length * leavesPercent) / 100)
  return new Set(random.shuffle(others).slice(0, count))
}
