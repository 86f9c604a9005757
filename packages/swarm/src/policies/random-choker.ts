// Unchokes by chance alone: what choking is worth is measured against this, and the seam is proved by it.

import { shuffle } from '@bt/primitives'
import type { PeerHandle, PolicyHost, SwarmPolicy, UnchokeRound } from '../policy.ts'

export class RandomChoker implements SwarmPolicy {
  readonly #slots: number
  #host: PolicyHost | undefined

  /** `slots` peers are unchoked in each round, of those that are interested. */
  constructor(slots: number) {
    this.#slots = slots
  }

  attach(host: PolicyHost): void {
    this.#host = host
  }

  detach(): void {
    this.#host = undefined
  }

  unchoke(round: UnchokeRound): readonly PeerHandle[] {
    if (this.#host === undefined) return round.proposed
    return shuffle([...round.interested], this.#host).slice(0, this.#slots)
  }
}
