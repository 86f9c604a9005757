// CacheTorrent as published in 2018, alone, with biased neighbours, and as MultiTorrent: leaders import, followers do not.

import { classicHook, ClassicPolicy } from '@bt/cachetorrent/classic'
import type { Scheme, SchemeFacts, SchemeRun, SettingSpec } from '../scheme.ts'
import { publishedBase } from './published.ts'

const LEADERS: SettingSpec = {
  default: 10,
  description: 'percent of the members of a site that lead it',
}

export const classic: Scheme = {
  name: 'classic',
  description:
    'CacheTorrent as published in 2018: leaders import, followers download in their site',
  settings: { leaders: LEADERS },
  begin: (facts) => beginClassic(facts),
}

export const biasedClassic: Scheme = {
  name: 'biased-classic',
  description:
    'classic with neighbours mostly from the same site, coded in 2018 and never measured',
  settings: {
    leaders: LEADERS,
    bias: { default: 20, description: 'percent of the neighbours that come from everywhere' },
  },
  begin: (facts) => beginClassic(facts),
}

export const multi: Scheme = {
  name: 'multi',
  description: 'MultiTorrent: ranges of pieces, each with leaders of its own',
  settings: {
    leaders: LEADERS,
    ranges: { default: 2, description: 'ranges of pieces; a peer leads in one at most' },
  },
  begin: (facts) => beginClassic(facts),
}

function beginClassic(facts: SchemeFacts): SchemeRun {
  const { scenario, layout, settings, siteOf, random } = facts
  const nameOf = (host: string): string | undefined => layout.sites[siteOf(host) ?? -1]?.name
  const hook = {
    siteOf: nameOf,
    random,
    joinersMin: scenario.neighbours.held ? layout.firstCrowd : 1,
    neighbours: scenario.neighbours.out,
    leaderPercent: settings['leaders'] as number,
    biasPercent: settings['bias'] ?? 100,
    ranges: settings['ranges'] ?? 1,
  }
  return {
    hooks: () => [classicHook(hook)],
    peer: ({ plan, siteName }) => {
      const policy = new ClassicPolicy({
        siteOf: nameOf,
        site: siteName,
        uploadBytesPerSecond: plan.upload,
        downloadBytesPerSecond: plan.download,
      })
      return { ...publishedBase(), policy, role: () => policy.role }
    },
  }
}
