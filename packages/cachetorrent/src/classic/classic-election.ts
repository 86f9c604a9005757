// Who leads each site in classic mode: once, by what candidates declare, a share of them (§1.2).
//
// With several ranges (MultiTorrent) each has leaders of its own and a peer leads in one at most: they draw in turn,
// so that the strongest are spread, until each has its share or nobody is left. Only where there are fewer candidates
// than ranges the first of them leads several, or nobody would import those.

import type { PeerId } from '@bt/primitives'

export interface ClassicCandidate {
  readonly peerId: PeerId
  /** Bytes per second, as declared. */
  readonly upload: number
  readonly download: number
}

/** How many leaders each range of a site has. */
export function classicLeaderCount(candidates: number, leaderPercent: number): number {
  return Math.max(1, Math.floor((candidates * leaderPercent) / 100))
}

/** The leaders of one site, a list for each range, the strongest first. */
export function electClassic<C extends ClassicCandidate>(
  candidates: readonly C[],
  leaderPercent: number,
  ranges = 1,
): readonly (readonly C[])[] {
  const ranked = candidates.toSorted(
    (one, other) =>
      other.upload - one.upload ||
      other.download - one.download ||
      (one.peerId < other.peerId ? -1 : 1),
  )
  const drawn = ranked.slice(0, ranges * classicLeaderCount(candidates.length, leaderPercent))
  return Array.from({ length: ranges }, (_, range) => {
    const own = drawn.filter((_candidate, at) => at % ranges === range)
    return own.length > 0 ? own : drawn.slice(0, 1)
  })
}
