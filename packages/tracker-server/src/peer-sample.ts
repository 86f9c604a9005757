// Whom to hand out: a fair random sample, O(wanted), repeatable by seed.
//
// The first steps of a shuffle (Fisher and Yates) done on the members' order: every set of that size is equally
// likely, whatever earlier samples did. Seeds are not handed to seeds, addresses inside a network not to outsiders,
// and nobody to himself.

import type { Random } from '@bt/ports'
import type { IpClass } from '@bt/primitives'
import { DRAWS_PER_PEER_MAX } from './limits.ts'
import type { Members } from './members.ts'

export interface Asker {
  /** The asker's own slot. */
  readonly slot: number
  /** Peers of one family only, as a UDP answer has; undefined: both. */
  readonly family?: 4 | 6
  /** It says that nothing is left, and may mean that it does not know: aria2 does so with a magnet's first announce. */
  readonly wantsSeeds?: boolean
}

/** What may be told to whom: to an asker's class, members of his or of a wider one. */
const WIDTH: Readonly<Record<IpClass, number>> = {
  loopback: 0,
  'link-local': 1,
  private: 2,
  global: 3,
  // Nobody's address: as far outside as one can be, and told to nobody but its like.
  never: 3,
}

/** Slots of at most `wanted` members; they are valid until the swarm changes. Shuffles the members' order. */
export function samplePeers(
  members: Members,
  asker: Asker,
  wanted: number,
  random: Random,
): readonly number[] {
  const draws = Math.min(members.size, wanted * DRAWS_PER_PEER_MAX + 1)
  const isSeed = members.isSeed(asker.slot) && asker.wantsSeeds !== true
  let chosen = 0
  for (let drawn = 0; drawn < draws && chosen < wanted; drawn++) {
    members.shuffle(drawn, drawn + random.below(members.size - drawn))
    const slot = members.at(drawn)
    if (slot === asker.slot || (isSeed && members.isSeed(slot))) continue
    if (asker.family !== undefined && members.isIpv4(slot) !== (asker.family === 4)) continue
    if (members.inside > 0 && !mayHear(members, slot, asker)) continue
    if (chosen !== drawn) members.shuffle(chosen, drawn)
    chosen++
  }
  return Array.from({ length: chosen }, (_, place) => members.at(place))
}

function mayHear(members: Members, slot: number, asker: Asker): boolean {
  const told = members.classOf(slot)
  const teller = members.classOf(asker.slot)
  if (told === 'never') return teller === 'never'
  return WIDTH[told] >= WIDTH[teller]
}
