// One swarm as the tracker's elections see it: its members by site.

import { Capacities } from './capacities.ts'
import { Roster } from './roster.ts'
import type { SiteMember, SiteSwarm } from './site-swarm.ts'

export class WholeSwarm {
  readonly sites = new Roster<SiteSwarm>()
  readonly seeds = new Roster<SiteMember>()
  /** In which site each member is. */
  readonly siteOfMember = new Map<string, string>()
  readonly capacities = new Capacities()

  /** Where a member is. */
  siteOf(key: string): SiteSwarm | undefined {
    const site = this.siteOfMember.get(key)
    return site === undefined ? undefined : this.sites.get(site)
  }

  member(key: string): SiteMember | undefined {
    return this.siteOf(key)?.members.get(key)
  }
}
