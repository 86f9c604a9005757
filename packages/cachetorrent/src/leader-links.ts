// Which leaders a member links to. All of them while they are few; two of those of a large site, drawn by its peer id, so
// that no leader needs a link to everybody. Leaders link to one another: whoever is asked tells the others.

import type { InfoHash, PeerId } from '@bt/primitives'
import { arbiterSeed, mix } from './arbiter.ts'
import { LEADER_LINKS, LEADERS_MAX } from './limits.ts'

interface Named {
  readonly peerId: PeerId
}

export function leadersToLink<L extends Named>(
  leaders: readonly L[],
  self: PeerId,
  infoHash: InfoHash,
): readonly L[] {
  const others = leaders.filter(({ peerId }) => peerId !== self)
  if (leaders.length <= LEADERS_MAX || others.length < leaders.length) return others
  const own = arbiterSeed(infoHash, self)
  return others
    .map((leader) => ({ leader, draw: mix(own ^ arbiterSeed(infoHash, leader.peerId)) }))
    .toSorted((one, other) => one.draw - other.draw)
    .slice(0, LEADER_LINKS)
    .map(({ leader }) => leader)
}
