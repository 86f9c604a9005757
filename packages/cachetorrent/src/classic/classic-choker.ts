// The choker that the tables were measured with (§1.5): four by what they sent over the last 20 s, one by chance, drawn
// again each round of 10 s. Seeds rank by the same rate, which is zero for all: four of them stay, one goes round.
//
// Between rounds a slot that came free is filled, and nobody loses one. With several ranges (MultiTorrent) each range
// chooses its own.

import type { Random } from '@bt/ports'
import type { PeerHandle, UnchokeRound } from '@bt/swarm'

/** Milliseconds between full rounds. */
export const CLASSIC_ROUND_MS = 10_000
/** By rate, and by chance. */
export const CLASSIC_SLOTS = 4
export const CLASSIC_OPTIMISTIC = 1
/** Rounds over which a rate is taken. */
const RATE_ROUNDS = 2

interface Received {
  /** Bytes in all, and as they stood at this round and the two before it, the oldest first. */
  total: number
  readonly before: number[]
}

/** The slots of one range of pieces. */
export class ClassicChoker {
  readonly #received = new Map<PeerHandle, Received>()
  #unchoked: readonly PeerHandle[] = []
  #roundAt = Number.NEGATIVE_INFINITY

  received(peer: PeerHandle, bytes: number): void {
    this.#of(peer).total += bytes
  }

  left(peer: PeerHandle): void {
    this.#received.delete(peer)
  }

  /** Who is unchoked from now on. */
  round({ interested, now }: UnchokeRound, random: Pick<Random, 'below'>): readonly PeerHandle[] {
    const isFull = now - this.#roundAt >= CLASSIC_ROUND_MS
    if (isFull) {
      this.#roundAt = now
      for (const [, received] of this.#received) pass(received)
    }
    const able = new Set(interested)
    const kept = isFull ? [] : this.#unchoked.filter((peer) => able.has(peer))
    for (const peer of kept) able.delete(peer)
    const free = CLASSIC_SLOTS - Math.min(kept.length, CLASSIC_SLOTS)
    const ranked = this.#byRate([...able]).slice(0, free)
    for (const peer of ranked) able.delete(peer)
    const chosen = [...kept, ...ranked]
    const left = [...able]
    while (chosen.length < CLASSIC_SLOTS + CLASSIC_OPTIMISTIC && left.length > 0) {
      const [drawn] = left.splice(random.below(left.length), 1)
      chosen.push(drawn as PeerHandle)
    }
    this.#unchoked = chosen
    return chosen
  }

  /** Best senders first; equals in the order they came. */
  #byRate(peers: readonly PeerHandle[]): readonly PeerHandle[] {
    const rates = new Map(peers.map((peer) => [peer, this.#recent(peer)]))
    const rateOf = (peer: PeerHandle): number => rates.get(peer) ?? 0
    return peers.toSorted((one, other) => rateOf(other) - rateOf(one))
  }

  #recent(peer: PeerHandle): number {
    const received = this.#received.get(peer)
    if (received === undefined) return 0
    const { total, before } = received
    return before.length > RATE_ROUNDS ? total - (before[0] as number) : total
  }

  #of(peer: PeerHandle): Received {
    let received = this.#received.get(peer)
    if (received === undefined) {
      received = { total: 0, before: [] }
      this.#received.set(peer, received)
    }
    return received
  }
}

function pass(received: Received): void {
  received.before.push(received.total)
  if (received.before.length > RATE_ROUNDS + 1) received.before.shift()
}
