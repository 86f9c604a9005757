// Second copies, the member's side (rule 9): when to ask for one, and of which piece.
//
// Only where the site's budget allows more than one copy, and only while we lag behind the site: what is here and not
// with us is more than what is on its way anyhow. Then the copies inside cannot be made fast enough, and outside we take
// the piece of which the fewest are here: no neighbour could give it soon, and another copy of it helps most.

import type { PeerHandle, PolicyHost } from '@bt/swarm'
import type { CrossBudget } from './cross-budget.ts'
import { lackingPiece } from './lacking-piece.ts'
import { SPILL_LAG_PIECES, SPILL_LAG_SHARE, SPILL_LOOKS } from './limits.ts'
import type { Wants } from './wants.ts'

export interface SpillParts {
  readonly host: PolicyHost
  readonly wants: Wants
  readonly budget: CrossBudget
}

export class Spill {
  readonly #parts: SpillParts

  constructor(parts: SpillParts) {
    this.#parts = parts
  }

  /** A second copy would help us now, and the site may import some. */
  get isDue(): boolean {
    const { host, wants, budget } = this.#parts
    const lag = wants.nearCount
    if (lag <= SPILL_LAG_PIECES || budget.copies <= 1) return false
    const here = host.have.count + lag
    return here === host.have.length || lag > here * SPILL_LAG_SHARE
  }

  /** Of a few pieces that suit, the one with the fewest copies here. */
  draw(sources: readonly PeerHandle[], suits: (piece: number) => boolean): number | undefined {
    const { host, wants } = this.#parts
    let best: number | undefined
    for (let look = 0; look < SPILL_LOOKS; look++) {
      const below = (bound: number): number => host.below(bound)
      const piece = lackingPiece(host.have, sources, suits, below)
      if (piece === undefined) return best
      if (best === undefined || wants.local.of(piece) < wants.local.of(best)) best = piece
    }
    return best
  }
}
