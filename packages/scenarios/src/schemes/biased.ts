// Biased neighbours (Bindal et al., 2006): the tracker names mostly peers of one's own site; peers are plain.
//
// Either `bias` percent of a list come from everywhere and the rest from the site, or exactly `external` peers come from
// other sites. Where a site has too few members the list is shorter: filling it up from outside would undo the bias.

import { shuffle } from '@bt/primitives'
import type { AnnounceHook } from '@bt/tracker-server'
import type { Scheme, SchemeFacts } from '../scheme.ts'

export const biased: Scheme = {
  name: 'biased',
  description: 'plain BitTorrent, neighbours mostly from the same site (Bindal et al. 2006)',
  settings: {
    bias: { default: 20, description: 'percent of the neighbours that come from everywhere' },
    external: { default: -1, description: 'neighbours from other sites, instead of a percentage' },
  },
  begin: (facts) => ({ hooks: () => [biasedNeighbours(facts)], peer: () => ({}) }),
}

/** Chooses whom a tracker names; for any scheme that wants biased lists. */
export function biasedNeighbours(facts: SchemeFacts): AnnounceHook {
  const { scenario, settings, siteOf, random } = facts
  const { out } = scenario.neighbours
  const external = settings['external'] as number
  const fromEverywhere = Math.floor(((settings['bias'] as number) * out) / 100)
  return {
    group: ({ host }) => (siteOf(host) ?? -1) + 1,
    select(request, from, swarm) {
      if ((request.numWant ?? out) === 0) return []
      const site = siteOf(from.host)
      const others = [...swarm.members()].filter((slot) => {
        const { host, port } = swarm.endpoint(slot)
        return host !== from.host || port !== request.port
      })
      const isLocal = (slot: number): boolean => siteOf(swarm.endpoint(slot).host) === site
      const local = shuffle(others.filter(isLocal), random)
      if (external >= 0) {
        const outside = shuffle(
          others.filter((slot) => !isLocal(slot)),
          random,
        )
        return [...local.slice(0, out - external), ...outside.slice(0, external)]
      }
      const chosen = new Set(local.slice(0, out - fromEverywhere))
      const rest = shuffle(
        others.filter((slot) => !chosen.has(slot)),
        random,
      )
      return [...chosen, ...rest.slice(0, fromEverywhere)]
    },
  }
}
