// Frees slots that are of no use, once a choke round.
//
// A connection that takes nothing ends. And where the torrent or the session is full while others wait, the least
// useful connection gives way: one a minute at most, only after two minutes to prove itself, never one that trades.

import type { Peer } from './peer.ts'
import type { PeerSet } from './peer-set.ts'

/** Milliseconds a peer may take nothing of what we send before its slot is given to another. */
export const READS_NOTHING_MS = 120_000
/** Milliseconds between two that give way: a full torrent changes hands slowly. */
export const EVICT_EVERY_MS = 60_000
/** Milliseconds a connection has to become of use: two optimistic turns and some. */
export const EVICT_AFTER_MS = 120_000

/** A connection, as far as its use goes. */
export interface Evictable {
  readonly number: number
  readonly openedAt: number
  readonly session: { readonly amInterested: boolean; readonly peerInterested: boolean }
}

/**
 * The one that is missed least: neither side wants anything, else we want something and it is snubbed while it
 * wants nothing; the oldest of these. Undefined: all are of use, or too new to tell.
 */
export function leastUseful<P extends Evictable>(
  peers: Iterable<P>,
  now: number,
  isSnubbed: (peer: P) => boolean,
): P | undefined {
  let least: P | undefined
  let leastRank = 0
  for (const peer of peers) {
    if (now - peer.openedAt < EVICT_AFTER_MS || peer.session.peerInterested) continue
    const rank = peer.session.amInterested ? (isSnubbed(peer) ? 1 : 0) : 2
    if (rank === 0 || rank < leastRank) continue
    const isOlder = least === undefined || peer.openedAt < least.openedAt
    if (rank === leastRank && !isOlder) continue
    least = peer
    leastRank = rank
  }
  return least
}

export interface UpkeepParts {
  /** False: nobody ever gives way. */
  readonly evicts: boolean
  readonly peers: PeerSet
  /** No connection can be added, to this torrent or at all. */
  readonly isFull: () => boolean
  /** Known peers that could be dialled now. */
  readonly othersWait: (now: number) => boolean
  readonly isSnubbed: (peer: Peer, now: number) => boolean
}

export class Upkeep {
  readonly #parts: UpkeepParts
  #evictedAt = Number.NEGATIVE_INFINITY
  #knocks = 0

  constructor(parts: UpkeepParts) {
    this.#parts = parts
  }

  /** Somebody came and was refused for want of room. */
  knocked(): void {
    this.#knocks++
  }

  pulse(now: number): void {
    const { peers } = this.#parts
    for (const peer of Array.from(peers.open())) {
      if (peer.fullSince === undefined || now - peer.fullSince < READS_NOTHING_MS) continue
      peer.drop('reads-nothing', `it took nothing for ${READS_NOTHING_MS / 1000} s`)
    }
    this.#makeRoom(now)
  }

  #makeRoom(now: number): void {
    const { peers, evicts, isFull, othersWait, isSnubbed } = this.#parts
    if (!evicts || now - this.#evictedAt < EVICT_EVERY_MS || !isFull()) return
    if (this.#knocks === 0 && !othersWait(now)) return
    const peer = leastUseful(peers.open(), now, (other) => isSnubbed(other, now))
    if (peer === undefined) return
    this.#evictedAt = now
    this.#knocks = 0
    peer.drop('evicted', 'it was of the least use, and others wait for its place')
  }
}
