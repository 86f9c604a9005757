// Whom a tracker with a site map hands out (§2.4): mostly the asker's own site, and a few of others.
//
// Members of other sites are drawn at random over sites, so that a small site is as likely as a large one. A stock client
// gets local peers and one external: that alone brings its site's imports from all to a few copies.

import type { Random } from '@bt/ports'
import { type Endpoint, ipClass, parseIp, shuffle } from '@bt/primitives'
import type { SwarmView } from '@bt/tracker-server'
import { OUTSIDE_PEERS_MAX, OUTSIDE_PEERS_MIN } from './limits.ts'

export interface HandOut {
  readonly asker: Endpoint
  readonly askerIsSeed: boolean
  /** Its site's group, and those of all others in this swarm. */
  readonly group: number
  readonly otherGroups: readonly number[]
  readonly wanted: number
  /** It speaks CacheTorrent; a stock client gets one member of another site. */
  readonly speaks: boolean
}

/** Slots of the swarm, local ones first. */
export function handOut(what: HandOut, swarm: SwarmView, random: Random): readonly number[] {
  const { group, wanted, speaks } = what
  const may = (slot: number): boolean => mayHear(what, swarm, slot)
  const local = shuffle([...swarm.members(group)].filter(may), random)
  const outsideMax = Math.min(wanted, speaks ? outsideCount(local.length) : 1)
  const outside: number[] = []
  const groups = shuffle([...what.otherGroups], random)
  const left = new Map(
    groups.map((other) => [other, shuffle([...swarm.members(other)].filter(may), random)]),
  )
  while (outside.length < outsideMax && left.size > 0) {
    for (const [other, slots] of Array.from(left)) {
      const slot = slots.pop()
      if (slot === undefined) left.delete(other)
      else if (outside.length < outsideMax) outside.push(slot)
    }
  }
  const isAlone = local.length === 0
  const more = isAlone ? [...left.values()].flat() : []
  return [...local.slice(0, Math.max(0, wanted - outside.length)), ...outside, ...more].slice(
    0,
    wanted,
  )
}

/** Two in large sites, where many members have links outside; four in small ones. */
function outsideCount(local: number): number {
  return local > 10 ? OUTSIDE_PEERS_MIN : OUTSIDE_PEERS_MAX
}

/** Not itself, no seed to a seed, and no address of an inside network to who asks from outside of it. */
function mayHear(what: HandOut, swarm: SwarmView, slot: number): boolean {
  const endpoint = swarm.endpoint(slot)
  if (endpoint.host === what.asker.host && endpoint.port === what.asker.port) return false
  if (what.askerIsSeed && swarm.isSeed(slot)) return false
  const told = classOf(endpoint.host)
  return told === 'global' || told === classOf(what.asker.host)
}

function classOf(host: string): string {
  const bytes = parseIp(host)
  return bytes === undefined ? 'never' : ipClass(bytes)
}
