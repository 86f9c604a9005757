// Whom a peer is given as neighbours, once and for all: at random, or biased towards its own site (§1.5).
//
// Biased as Bindal and others (2006): of n, all but a share come from the same site and the rest from everyone, so that
// some of the rest are local too.

import type { Random } from '@bt/ports'

export interface NeighbourDraw<M> {
  /** The asker left out of both. */
  readonly everyone: readonly M[]
  readonly ownSite: readonly M[]
  readonly count: number
  /** Percent drawn from everyone; 100: no bias. */
  readonly biasPercent: number
}

/** Distinct members; fewer than `count` only where fewer exist. */
export function drawNeighbours<M>(
  draw: NeighbourDraw<M>,
  random: Pick<Random, 'below'>,
): readonly M[] {
  const { everyone, ownSite, count, biasPercent } = draw
  const local = count - Math.floor((biasPercent * count) / 100)
  const drawn = new Set<M>()
  take(ownSite, Math.min(local, ownSite.length), drawn, random)
  take(everyone, Math.min(count, everyone.length), drawn, random)
  return [...drawn]
}

/** Draws until `drawn` holds so many. */
function take<M>(
  from: readonly M[],
  size: number,
  drawn: Set<M>,
  random: Pick<Random, 'below'>,
): void {
  const left = from.slice()
  while (drawn.size < size && left.length > 0) {
    const at = random.below(left.length)
    drawn.add(left[at] as M)
    left[at] = left.at(-1) as M
    left.pop()
  }
}
