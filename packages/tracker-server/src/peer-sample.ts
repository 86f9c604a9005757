// Whom to hand out: a fair random sample, O(wanted), repeatable by seed.
//
// The first step of a shuffle (Fisher and Yates) done on the members themselves: every set of that size is equally
// likely, whatever earlier samples did. Seeds are not handed to seeds, addresses inside a network not to outsiders,
// and nobody to himself.

import type { Random } from '@bt/ports'
import { type Endpoint, type IpClass, ipClass } from '@bt/primitives'
import { DRAWS_PER_PEER_MAX } from './limits.ts'
import type { Members } from './members.ts'

export interface Asker {
  readonly endpoint: Endpoint
  readonly key: string | undefined
  readonly isSeed: boolean
  /** Peers of one family only, as a UDP answer has; undefined: both. */
  readonly family?: 4 | 6
}

const WIDTH: Readonly<Record<IpClass, number>> = {
  never: -1,
  loopback: 0,
  'link-local': 1,
  private: 2,
  global: 3,
}

/** Slots of at most `wanted` members; they are valid until the swarm changes. Moves members about. */
export function samplePeers(
  members: Members,
  asker: Asker,
  wanted: number,
  random: Random,
): readonly number[] {
  const from = WIDTH[ipClass(asker.endpoint.host)]
  const draws = Math.min(members.size, wanted * DRAWS_PER_PEER_MAX + 1)
  let chosen = 0
  for (let drawn = 0; drawn < draws && chosen < wanted; drawn++) {
    members.swap(drawn, drawn + random.below(members.size - drawn))
    if (!mayHear(members, drawn, asker, from)) continue
    members.swap(chosen, drawn)
    chosen++
  }
  return Array.from({ length: chosen }, (_, slot) => slot)
}

function mayHear(members: Members, slot: number, asker: Asker, from: number): boolean {
  if (asker.isSeed && members.isSeed(slot)) return false
  if (asker.family !== undefined && members.isIpv4(slot) !== (asker.family === 4)) return false
  if (members.inside > 0 && WIDTH[members.classOf(slot)] < from) return false
  return asker.key === undefined || members.slotOf(asker.key) !== slot
}
