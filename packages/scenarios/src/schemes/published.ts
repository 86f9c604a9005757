// The BitTorrent that the tables of 2018 were measured with (§1.5), alone: random or biased neighbours, its choker or chance.

import { ClassicBase, classicHook } from '@bt/cachetorrent/classic'
import { RandomChoker } from '@bt/swarm'
import type { Scheme, SchemeFacts, SchemePeer, SchemeRun, SettingSpec } from '../scheme.ts'

const BIAS: SettingSpec = {
  default: 100,
  description: 'percent of the neighbours that come from everywhere; the others from the site',
}
/** Peers unchoked at a time: as many as by rate and by chance together. */
const RANDOM_SLOTS = 5
/** Requests in flight to one peer, of a piece each. */
const BACKLOG = 10

export const published: Scheme = {
  name: 'published',
  description: 'BitTorrent as it was measured in 2018: no endgame, four by rate and one by chance',
  settings: { bias: BIAS },
  begin: (facts) => beginPublished(facts, () => new ClassicBase()),
}

export const randomChoker: Scheme = {
  name: 'random-choker',
  description: 'the same with five unchoked by chance alone',
  settings: { bias: BIAS },
  begin: (facts) => beginPublished(facts, () => new RandomChoker(RANDOM_SLOTS)),
}

/** What the published schemes share: the deviations of their base as options of the engine. */
export function publishedBase(): Pick<SchemePeer, 'torrent' | 'limits'> {
  return {
    torrent: {
      manners: {
        endgame: false,
        randomFirst: false,
        cancels: false,
        bitfield: false,
        patientHaves: false,
        allowedFast: false,
        redials: false,
        evicts: false,
      },
    },
    limits: {
      requestsPerPeerMin: BACKLOG,
      requestsPerPeerMax: BACKLOG,
      stallMs: Number.POSITIVE_INFINITY,
      snubMs: Number.POSITIVE_INFINITY,
      requestMs: Number.POSITIVE_INFINITY,
    },
  }
}

function beginPublished(
  { scenario, layout, settings, siteOf, random }: SchemeFacts,
  policy: () => NonNullable<SchemePeer['policy']>,
): SchemeRun {
  const hook = {
    siteOf: (host: string) => layout.sites[siteOf(host) ?? -1]?.name,
    random,
    joinersMin: scenario.neighbours.held ? layout.firstCrowd : 1,
    neighbours: scenario.neighbours.out,
    biasPercent: settings['bias'] as number,
  }
  return {
    hooks: () => [classicHook(hook)],
    peer: () => ({ ...publishedBase(), policy: policy() }),
  }
}
