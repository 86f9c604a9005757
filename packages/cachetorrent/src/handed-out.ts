// Whom a tracker with a site map hands out (§2.4): members of the asker's own site, and a few of others.
//
// Few on purpose: twelve links inside make a mesh that is dense enough, and what costs in a swarm is to tell every
// neighbour of every piece. Other sites are drawn first and then one member of each, so that a small site is as likely as
// a large one. Seeds are named to a tenth of each site's members: their links must do for all sites. A stock client gets
// local peers and one external: that alone brings its site's imports from all to a few copies.

import type { Random } from '@bt/ports'
import { type Endpoint, ipClass, parseIp } from '@bt/primitives'
import {
  ALONE_HANDED,
  LINKS_OF_SEED,
  LOCAL_HANDED,
  OUTSIDE_PEERS,
  SEEDS_NAMED_MAX,
} from './limits.ts'
import type { Roster } from './roster.ts'
import type { SiteMember, SiteSwarm } from './site-swarm.ts'

export interface HandOut {
  readonly asker: Endpoint
  readonly key: string
  readonly askerIsSeed: boolean
  readonly own: SiteSwarm
  /** All sites of the swarm, its own and that of unmapped peers among them. */
  readonly sites: Roster<SiteSwarm>
  /** Members that have everything. */
  readonly seeds: Roster<SiteMember>
  readonly wanted: number
  /** It speaks CacheTorrent; a stock client gets one member of another site. */
  readonly speaks: boolean
  /** It may not import: seeds are named to others. */
  readonly importsNothing: boolean
}

/** Members, local ones first. */
export function handOut(what: HandOut, random: Random): readonly SiteMember[] {
  const { own, sites, seeds, wanted, speaks } = what
  const may = (member: SiteMember): boolean => mayHear(what, member)
  const isAlone = own.size <= 1
  const outside = isAlone
    ? whereAlone(what, speaks ? Math.min(wanted, ALONE_HANDED) : wanted, random)
    : ofOtherSites(what, speaks && wanted >= LOCAL_HANDED ? OUTSIDE_PEERS : 1, random)
  const links = what.importsNothing ? 0 : linksOfSeed(own.size, sites.size)
  if (speaks && !what.askerIsSeed && own.namesSeeds(what.key, links)) {
    outside.push(...seeds.draw(SEEDS_NAMED_MAX, random, may))
  }
  const local = own.members.draw(speaks ? LOCAL_HANDED : wanted, random, may)
  const chosen = new Set([...outside.slice(0, wanted), ...local])
  return [...chosen].slice(0, wanted)
}

/** One of each of so many other sites. */
function ofOtherSites(what: HandOut, count: number, random: Random): SiteMember[] {
  const { own, sites } = what
  const drawn = sites.draw(count, random, (one) => one !== own && one.size > 0)
  return drawn.flatMap((site) => [...site.members.draw(1, random, (one) => mayHear(what, one))])
}

/** Where there are few other sites, several of each. */
function whereAlone(what: HandOut, count: number, random: Random): SiteMember[] {
  const { own, sites } = what
  const outside = ofOtherSites(what, count, random)
  if (outside.length >= count) return outside
  for (const site of sites.draw(sites.size, random, (one) => one !== own)) {
    const each = Math.ceil(count / sites.size)
    outside.push(...site.members.draw(each, random, (one) => mayHear(what, one)))
  }
  return [...new Set(outside)].slice(0, count)
}

/** How many members of a site are told of each seed: a tenth, at least 2, as far as its links go for all sites. */
function linksOfSeed(size: number, sites: number): number {
  const share = Math.max(1, Math.floor(LINKS_OF_SEED / Math.max(1, sites)))
  return Math.min(share, Math.max(2, Math.ceil(size / 10)))
}

/** Not itself, no seed to a seed, and no address of an inside network to who asks from outside of it. */
function mayHear(what: HandOut, { host, port, isSeed }: SiteMember): boolean {
  if (host === what.asker.host && port === what.asker.port) return false
  if (what.askerIsSeed && isSeed) return false
  const told = classOf(host)
  return told === 'global' || told === classOf(what.asker.host)
}

function classOf(host: string): string {
  const bytes = parseIp(host)
  return bytes === undefined ? 'never' : ipClass(bytes)
}
