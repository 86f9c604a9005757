// Whether a member takes part, waits, or goes on as plain BitTorrent (start and fall back, §2.1).

import type { Leadership } from './leadership.ts'
import { ALONE_MS, START_MS } from './limits.ts'
import type { Neighbours } from './neighbours.ts'

/** 'waiting' for a tracker's first word, at most 2 s; 'plain': all rules of BitTorrent and none of these. */
export type Mode = 'waiting' | 'cached' | 'plain'

export interface ModeParts {
  readonly neighbours: Neighbours
  readonly leadership: Leadership
  /** We know where we are. */
  readonly hasSite: () => boolean
  readonly startedAt: number
}

export class ModeRule {
  readonly #parts: ModeParts
  /** A tracker spoke of leaders. */
  hasReply = false
  /** A tracker answered, without leaders. */
  isAnswered = false
  /** When another member of the site was last known of. */
  #companyAt: number

  constructor(parts: ModeParts, now: number) {
    this.#parts = parts
    this.#companyAt = now
  }

  at(now: number): Mode {
    const { leadership, neighbours, hasSite, startedAt } = this.#parts
    if (leadership.isNamed) {
      const isAlone = neighbours.isAlone && leadership.isOnly
      if (!isAlone) this.#companyAt = now
      if (!isAlone) return 'cached'
      return now - this.#companyAt < ALONE_MS ? 'waiting' : 'plain'
    }
    if (this.hasReply) return 'plain'
    if (!this.isAnswered && now - startedAt < START_MS) return 'waiting'
    return hasSite() && !neighbours.isAlone ? 'cached' : 'plain'
  }
}
