// The open pieces that are wanted, grouped by the user's priority and the policy's rank, and how one is drawn.

import type { Random } from '@bt/ports'
import type { SwarmPolicy } from '../policy.ts'
import type { Asker } from './asker.ts'
import { PRIORITY_MAX, type PieceLives } from './piece-lives.ts'
import { RANKS_MAX } from './picker-limits.ts'
import { RarityOrder } from './rarity-order.ts'

export class PieceQueue {
  readonly order: RarityOrder
  sequential = false
  prefer: SwarmPolicy['prefer']
  /** Grows whenever a piece is put in. */
  additions = 0
  readonly #lives: PieceLives

  constructor(pieceCount: number, lives: PieceLives, random: Random) {
    this.order = new RarityOrder(pieceCount, random)
    this.#lives = lives
  }

  /** Smaller comes first: priority, then the rank where the policy puts it before rarity. */
  groupOf(piece: number): number {
    const rank = this.prefer?.within === 'before-rarity' ? clamp(this.prefer.rank(piece)) : 0
    return (PRIORITY_MAX - this.#lives.priority(piece)) * RANKS_MAX + rank
  }

  /** Puts in a piece, if it is open and wanted. */
  reopen(piece: number, level: number): void {
    if (this.#lives.life(piece) !== 'open' || this.#lives.priority(piece) === 0) return
    this.additions++
    this.order.add(piece, this.groupOf(piece), level)
  }

  /** Its priority or rank may have changed. */
  regroup(piece: number, level: number): void {
    this.order.remove(piece)
    this.reopen(piece, level)
  }

  /** The next piece that suits, of a group below `beforeGroup`; −1: none. It stays in. */
  draw<P>(asker: Asker<P>, beforeGroup: number, randomFirst: boolean): number {
    const { suits } = asker
    if (this.order.firstGroup >= beforeGroup) return -1
    if (this.sequential) return this.order.inSequence(suits, beforeGroup)
    if (randomFirst) return this.order.any(suits, beforeGroup)
    const { prefer } = this
    if (prefer?.within !== 'same-rarity') {
      return this.order.rarest(suits, beforeGroup, undefined, asker.onlyOf)
    }
    return this.order.rarest(suits, beforeGroup, (piece) => prefer.rank(piece))
  }

  /** Open pieces that some connected peer has. */
  available(seeds: number): number {
    return this.order.size - (seeds > 0 ? 0 : this.order.unheld)
  }
}

function clamp(rank: number): number {
  return Math.min(RANKS_MAX - 1, Math.max(0, Math.floor(rank)))
}
