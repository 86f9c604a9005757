// CacheTorrent, owned mode: the shipped policy at every peer and the shipped election at the tracker.

import { CachePolicy, electionHook } from '@bt/cachetorrent'
import type { Scheme } from '../scheme.ts'
import { stalling } from './stalling.ts'

export const owned: Scheme = {
  name: 'owned',
  description: 'CacheTorrent: every piece is imported once per site, under a claim',
  settings: {
    crossBudget: {
      default: 0,
      description: 'copies of a piece that may cross into a site; 0: as many as its uplinks lack',
    },
    strangers: {
      default: 0,
      description: '1: members of a site give some of their slots to those who give most',
    },
    declares: { default: 1, description: '0: members do not say what they can upload' },
    leaders: {
      default: 0,
      description: 'percent of the members of a site that may import; 0: all',
    },
  },
  begin: ({ settings, siteOf, layout, clock, random }) => ({
    hooks: () => [
      electionHook({
        siteOf: (host) => {
          const site = siteOf(host)
          return site === undefined ? undefined : layout.sites[site]?.name
        },
        clock,
        random,
        ...(settings['leaders'] === 0 ? {} : { leaderPercent: settings['leaders'] as number }),
      }),
    ],
    peer: ({ plan, infoHash }) => {
      const { actor, upload, download } = plan
      const wrongSite = layout.sites[(plan.site + 1) % layout.sites.length]?.name as string
      const declared = actor?.kind === 'false-capacity' ? 100 * upload : upload
      const policy = new CachePolicy({
        infoHash,
        ...(settings['declares'] === 0 ? {} : { uploadBytesPerSecond: declared }),
        downloadBytesPerSecond: download,
        trust: settings['strangers'] === 1 ? 'strangers' : 'site',
        crossBudget: settings['crossBudget'] === 0 ? 'auto' : (settings['crossBudget'] as number),
        ...(actor?.kind === 'wrong-site' ? { site: wrongSite } : {}),
      })
      return {
        policy: actor?.kind === 'stalling' ? stalling(policy) : policy,
        role: () => policy.status.role,
        term: () => policy.status.term,
        leaders: () => policy.status.leaders,
        claims: () => policy.status.claims,
        crossed: () => policy.status.crossed,
        reasonsOf: (piece) => {
          const again = policy.status.grantedAgain.get(piece)
          const reasons: ReadonlySet<string> = policy.reasonsOf(piece)
          return again === undefined ? reasons : new Set([...reasons, again])
        },
      }
    },
  }),
}
