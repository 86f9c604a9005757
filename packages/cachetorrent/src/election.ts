// Who leads a site (§2.2): one pure function for tracker, peers and simulator.
//
// By upload capacity, then download capacity, then a hash that favours nobody. Who broke a promise is no candidate; who sits stays, unless somebody is clearly better: a change of leaders puts imports in doubt.

import { compareBytes, type InfoHash, type PeerId } from '@bt/primitives'
import { rankingHash } from './arbiter.ts'
import {
  IMPORTERS_MIN,
  LARGE_SITE,
  LEADERS_IN_REPLY_MAX,
  LEADERS_MAX,
  LEADERS_MIN,
  LEADERS_PERCENT,
  MEMBERS_PER_LEADER,
  STICKY_TENTHS,
  WEIGHT_MAX,
} from './limits.ts'

export interface Candidate {
  readonly peerId: PeerId
  /** Bytes per second, as declared; 0: not said. */
  readonly upload: number
  readonly download: number
}

export interface ElectedLeader {
  readonly peerId: PeerId
  readonly weight: number
}

/** How many leaders a site of so many members has; a large one as many as its links need. */
export function leaderCount(members: number, percent = LEADERS_PERCENT): number {
  const share = Math.floor((members * percent) / 100)
  if (members > LARGE_SITE) {
    return Math.min(LEADERS_IN_REPLY_MAX, Math.ceil(members / MEMBERS_PER_LEADER))
  }
  return Math.min(members, Math.max(LEADERS_MIN, Math.min(LEADERS_MAX, share)))
}

/** How many members of a site may import, where only so many percent of them may (rule 5). */
export function importerCount(members: number, leaderPercent: number): number {
  return Math.max(IMPORTERS_MIN, Math.floor((members * leaderPercent) / 100))
}

/** The strongest first; `sitting`: those elected last, a little stronger than they are. */
export function inOrder<C extends Candidate>(
  infoHash: InfoHash,
  members: readonly C[],
  sitting: readonly PeerId[] = [],
): readonly C[] {
  return members.toSorted(orderOf(infoHash, sitting))
}

/** The leaders, sorted by peer id. `sitting`: those elected last. */
export function elect(
  infoHash: InfoHash,
  candidates: readonly Candidate[],
  count: number,
  sitting: readonly PeerId[] = [],
): readonly ElectedLeader[] {
  const ranked = inOrder(infoHash, candidates, sitting).slice(0, count)
  const strongest = Math.max(1, ...ranked.map(({ upload }) => upload))
  return ranked
    .map((candidate) => ({
      peerId: candidate.peerId,
      weight: Math.max(1, Math.floor((WEIGHT_MAX * candidate.upload) / strongest)),
    }))
    .toSorted((one, other) => (one.peerId < other.peerId ? -1 : 1))
}

/** What one sees alone, without a tracker: steps of powers of two, so that small lies and errors change nothing. */
export function rankLocally(
  infoHash: InfoHash,
  members: readonly Pick<Candidate, 'peerId' | 'upload'>[],
  count: number,
): readonly ElectedLeader[] {
  return members
    .map(({ peerId, upload }) => ({
      peerId,
      step: stepOf(upload),
      hash: rankingHash(infoHash, peerId),
    }))
    .toSorted((one, other) => other.step - one.step || compareBytes(one.hash, other.hash))
    .slice(0, count)
    .map(({ peerId }) => ({ peerId, weight: 1 }))
    .toSorted((one, other) => (one.peerId < other.peerId ? -1 : 1))
}

/** The power of two below a rate; 0 below 1. */
export function stepOf(upload: number): number {
  let step = 0
  for (let bound = 1; bound <= upload && step < 53; bound *= 2) step++
  return step
}

/** The strongest first; those who sit a little stronger than they are. */
function orderOf(
  infoHash: InfoHash,
  sitting: readonly PeerId[],
): (one: Candidate, other: Candidate) => number {
  const sits = new Set(sitting)
  const hashes = new Map<PeerId, Uint8Array>()
  const hashOf = (peerId: PeerId): Uint8Array => {
    const hash = hashes.get(peerId) ?? rankingHash(infoHash, peerId)
    hashes.set(peerId, hash)
    return hash
  }
  const strength = ({ upload, peerId }: Candidate): number =>
    upload * (sits.has(peerId) ? STICKY_TENTHS : 10)
  return (one, other) =>
    strength(other) - strength(one) ||
    Number(sits.has(other.peerId)) - Number(sits.has(one.peerId)) ||
    other.download - one.download ||
    compareBytes(hashOf(one.peerId), hashOf(other.peerId))
}
