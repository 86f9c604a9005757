// Who of the site sends us most (rule 7): where members do not trust one another, these keep a slot beside those that rotate.

import type { PeerHandle } from '@bt/swarm'
import { EARNED_SLOTS, EARNED_WINDOW_MS } from './limits.ts'

interface Earned {
  bytes: number
  at: number
  /** Bytes per millisecond over the last window. */
  rate: number
}

export class Earners {
  readonly #earned = new Map<PeerHandle, Earned>()

  /** Of these, up to three that sent us most lately, best first; never one that sent nothing. */
  best(peers: readonly PeerHandle[], now: number): readonly PeerHandle[] {
    for (const peer of peers) this.#look(peer, now)
    return peers
      .map((peer, at) => ({ peer, at, rate: this.#earned.get(peer)?.rate ?? 0 }))
      .filter(({ rate }) => rate > 0)
      .toSorted((one, other) => other.rate - one.rate || one.at - other.at)
      .slice(0, EARNED_SLOTS)
      .map(({ peer }) => peer)
  }

  left(peer: PeerHandle): void {
    this.#earned.delete(peer)
  }

  #look(peer: PeerHandle, now: number): void {
    const bytes = peer.receivedBytes
    const known = this.#earned.get(peer)
    if (known === undefined) this.#earned.set(peer, { bytes, at: now, rate: 0 })
    else if (now - known.at >= EARNED_WINDOW_MS) {
      known.rate = (bytes - known.bytes) / (now - known.at)
      known.bytes = bytes
      known.at = now
    }
  }
}
