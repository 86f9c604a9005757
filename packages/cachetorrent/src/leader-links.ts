// Which leaders a member links to. All of them while they are few; two of those of a large site, fewer where it may have
// few links, drawn by its peer id, so that no leader needs a link to everybody. Leaders link to one another: whoever is asked
// asks the others.

import type { InfoHash, PeerId } from '@bt/primitives'
import { arbiterSeed, mix } from './arbiter.ts'
import { LEADER_LINKS, LEADERS_MAX, LINKS_PER_LEADER } from './limits.ts'

interface Named {
  readonly peerId: PeerId
}

/** Of `leaders`, how many a member links to that may have so many links; all: `leaders`. */
function linksTo(leaders: number, peersMax: number): number {
  const most = leaders > LEADERS_MAX ? LEADER_LINKS : LEADERS_MAX
  return Math.max(1, Math.min(most, Math.floor(peersMax / LINKS_PER_LEADER)))
}

/** `tried`: how many of them did not let us in. */
export function leadersToLink<L extends Named>(
  leaders: readonly L[],
  self: PeerId,
  infoHash: InfoHash,
  peersMax: number,
  tried = 0,
): readonly L[] {
  const others = leaders.filter(({ peerId }) => peerId !== self)
  const count = linksTo(leaders.length, peersMax)
  if (count >= others.length || others.length < leaders.length) return others
  const own = arbiterSeed(infoHash, self)
  const drawn = others
    .map((leader) => ({ leader, draw: mix(own ^ arbiterSeed(infoHash, leader.peerId)) }))
    .toSorted((one, other) => one.draw - other.draw)
    .map(({ leader }) => leader)
  const from = tried % drawn.length
  return [...drawn.slice(from), ...drawn.slice(0, from)].slice(0, count)
}
