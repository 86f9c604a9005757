// Any small swarm and anything that may befall it, drawn from a seed: at most 40 peers and 64 pieces.
//
// What is drawn can always be survived: some seed stays in reach of everybody who stays, sooner or later, and a tracker
// that is gone for good is gone only after all have met, and nobody leaves then.

import { Prng } from '@bt/primitives'
import type { Actor, Fault, Join, Latency, Scenario, SiteGroup, When } from './scenario.ts'

export const RANDOM_PEERS_MAX = 40
export const RANDOM_PIECES_MAX = 64
/** By then a crowd that joined within 10 s has met, whatever its first announces came to. */
const MET_SECONDS = 40
/** Peers that a tracker names at least where members leave: of fewer all may be others that wait, minute after minute. */
const LEAVERS_NAMED_MIN = 20

export function randomScenario(seed: number | string): Scenario {
  const random = new Prng(`random scenario ${seed}`)
  const between = (from: number, to: number): number => from + random.below(to - from + 1)
  const chance = (percent: number): boolean => random.below(100) < percent
  const sites = slowed(drawSites(random, chance(30)), new Prng(`slow sites ${seed}`))
  const siteCount = sites.length
  const upload = between(5, 50) * 10_000
  const isForGood = chance(15)
  const late = !isForGood && siteCount > 2 && chance(25) ? [siteCount - 1] : undefined
  const leavesPercent = isForGood ? 0 : drawLeaving(new Prng(`who leaves ${seed}`))
  return {
    name: 'random',
    description: 'drawn from the seed',
    pieces: between(6, RANDOM_PIECES_MAX),
    pieceLength: 16_384 * between(1, 4),
    blocksPerPiece: between(1, 4),
    sites,
    latency: drawLatency(random),
    classes: [
      { name: 'most', share: 4, upload, download: 4 * upload },
      { name: 'slow', share: between(0, 2), upload: Math.ceil(upload / 4), download: upload },
      {
        name: 'stock',
        share: chance(25) ? 1 : 0,
        upload,
        download: 4 * upload,
        scheme: 'bittorrent',
      },
    ],
    seeds: {
      count: chance(30) ? 2 : 1,
      upload: upload * between(1, 4),
      download: 4 * upload,
      where: chance(50) ? 'first' : 'spread',
    },
    neighbours: {
      out: Math.max(between(4, 20), leavesPercent > 0 ? LEAVERS_NAMED_MIN : 0),
      max: between(20, 80),
      held: chance(30),
    },
    joins: drawJoins(random, late, isForGood),
    faults: drawFaults(random, siteCount, isForGood),
    actors: drawActors(random),
    ...(leavesPercent > 0 ? { leavesPercent } : {}),
    datagramLossPercent: chance(30) ? between(1, 30) : 0,
    dialFailurePercent: !isForGood && chance(30) ? between(1, 20) : 0,
    limitSeconds: 7200,
  }
}

function drawSites(random: Prng, isUneven: boolean): readonly SiteGroup[] {
  const count = 1 + random.below(5)
  let left = RANDOM_PEERS_MAX
  return Array.from({ length: count }, (_, at) => {
    const most = Math.min(12, left - (count - at - 1))
    const hosts = at > 0 && random.below(4) === 0 ? 1 : 2 + random.below(Math.max(1, most - 1))
    left -= hosts
    const rate = 100_000 * (1 + random.below(20))
    return {
      count: 1,
      hosts: Math.max(1, Math.min(hosts, most)),
      ...(isUneven ? { linkUpload: rate, linkDownload: 2 * rate } : {}),
    }
  })
}

/** Sites whose uplinks cannot keep up: they import second copies. */
function slowed(sites: readonly SiteGroup[], random: Prng): readonly SiteGroup[] {
  return sites.map((site) =>
    random.below(6) === 0 ? { ...site, uploadPercent: 10 + random.below(60) } : site,
  )
}

function drawLatency(random: Prng): Latency {
  const insideMs = 1 + random.below(10)
  const betweenMs = insideMs + random.below(150)
  const kinds = ['equal', 'two-level', 'transit-stub'] as const
  const kind = kinds[random.below(3)] as (typeof kinds)[number]
  return kind === 'equal' ? { kind, ms: betweenMs } : { kind, insideMs, betweenMs }
}

function drawJoins(
  random: Prng,
  late: readonly number[] | undefined,
  isForGood: boolean,
): readonly Join[] {
  const all: Join =
    !isForGood && random.below(4) === 0
      ? { kind: 'poisson', perSecond: 1 + random.below(5) }
      : { kind: 'flash', withinSeconds: random.below(10) }
  if (late === undefined) return [all]
  const atSeconds = 5 + random.below(120)
  return [{ kind: 'flash', withinSeconds: 2, atSeconds, sites: late }, all]
}

/** `isForGood`: the tracker goes when most have met, and then nobody may have to find the swarm again. */
function drawFaults(random: Prng, siteCount: number, isForGood: boolean): readonly Fault[] {
  if (isForGood) return [{ kind: 'crash-tracker', when: { seconds: MET_SECONDS } }]
  const faults: Fault[] = []
  for (let left = random.below(4); left > 0; left--) {
    const when: When = { progress: (1 + random.below(8)) / 10 }
    const site = random.below(siteCount)
    const who = ['leaders', 'importers', 'members'] as const
    const back = random.below(2) === 0 ? { restartSeconds: 1 + random.below(120) } : {}
    const kinds: readonly Fault[] = [
      {
        kind: 'crash',
        who: who[random.below(3)] as (typeof who)[number],
        ...(random.below(3) === 0 ? {} : { count: 1 + random.below(3) }),
        sites: [site],
        when,
        ...back,
      },
      { kind: 'crash-tracker', when, restartSeconds: 1 + random.below(200) },
      { kind: 'partition', sites: [site], forSeconds: 1 + random.below(100), when },
      {
        kind: 'churn',
        percentPerMinute: 1 + random.below(40),
        awaySeconds: 1 + random.below(60),
        forSeconds: 1 + random.below(120),
        when,
      },
    ]
    faults.push(kinds[random.below(kinds.length)] as Fault)
  }
  return faults
}

/** Of every other swarm some or all leave when they are complete. */
function drawLeaving(random: Prng): number {
  return [0, 0, 50, 100][random.below(4)] as number
}

function drawActors(random: Prng): readonly Actor[] {
  const kinds = ['wrong-site', 'false-capacity', 'corrupt', 'stalling', 'slow-disk'] as const
  return kinds
    .filter(() => random.below(5) === 0)
    .map((kind) => ({
      kind,
      count: 1 + random.below(2),
      perSite: false,
      ...(kind === 'slow-disk' ? { bytesPerSecond: 50_000 } : {}),
    }))
}
