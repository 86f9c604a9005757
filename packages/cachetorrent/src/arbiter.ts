// Which leader decides about which piece: weighted rendezvous, integers only, so that every machine agrees (§2.4).

import { idBytes, type InfoHash, type PeerId, sha1 } from '@bt/primitives'
import { WEIGHT_MAX } from './limits.ts'

/** A leader as the order sees it. */
export interface Arbiter {
  readonly peerId: PeerId
  /** `arbiterSeed` of it. */
  readonly seed: number
  /** 1 … 16. */
  readonly weight: number
}

/** First 4 bytes, big-endian, of SHA-1(infohash ‖ peer id). */
export function arbiterSeed(infoHash: InfoHash, peerId: PeerId): number {
  const hash = rankingHash(infoHash, peerId)
  return new DataView(hash.buffer, hash.byteOffset).getUint32(0)
}

/** SHA-1(infohash ‖ peer id), 20 bytes: order without favour. */
export function rankingHash(infoHash: InfoHash, peerId: PeerId): Uint8Array {
  const whole = new Uint8Array(40)
  whole.set(idBytes(infoHash))
  whole.set(idBytes(peerId), 20)
  return sha1(whole)
}

/** The 32-bit finaliser of MurmurHash3; unsigned. */
export function mix(value: number): number {
  let x = value >>> 0
  x ^= x >>> 16
  x = Math.imul(x, 0x85ebca6b)
  x ^= x >>> 13
  x = Math.imul(x, 0xc2b2ae35)
  x ^= x >>> 16
  return x >>> 0
}

/** The highest of as many draws as the leader has weight. */
export function arbiterScore(seed: number, weight: number, piece: number): number {
  const draws = Math.max(1, Math.min(WEIGHT_MAX, weight))
  let best = 0
  for (let draw = 0; draw < draws; draw++) {
    best = Math.max(best, mix(seed ^ (Math.imul(piece, WEIGHT_MAX) + draw)))
  }
  return best
}

/** All of them, the one that decides first, then those that stand by. */
export function arbitersOf<A extends Arbiter>(arbiters: readonly A[], piece: number): readonly A[] {
  return arbiters
    .map((arbiter) => ({ arbiter, score: arbiterScore(arbiter.seed, arbiter.weight, piece) }))
    .toSorted(
      (one, other) =>
        other.score - one.score ||
        (one.arbiter.peerId < other.arbiter.peerId ? -1 : Number(one.arbiter !== other.arbiter)),
    )
    .map(({ arbiter }) => arbiter)
}

/** The first of `arbitersOf`, without the sorting. */
export function arbiterOf<A extends Arbiter>(arbiters: readonly A[], piece: number): A | undefined {
  let best: A | undefined
  let bestScore = -1
  for (const arbiter of arbiters) {
    const score = arbiterScore(arbiter.seed, arbiter.weight, piece)
    if (score < bestScore) continue
    if (score === bestScore && best !== undefined && best.peerId < arbiter.peerId) continue
    best = arbiter
    bestScore = score
  }
  return best
}
