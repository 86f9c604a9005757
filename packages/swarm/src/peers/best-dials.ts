// The best few of many known peers, in one pass: score, then fewest failures, then the user's own, then rank.

import type { KnownPeer } from './known-peer.ts'

interface Scored {
  readonly known: KnownPeer
  readonly score: number
}

export class BestDials {
  readonly #max: number
  readonly #best: Scored[] = []

  constructor(max: number) {
    this.#max = max
  }

  /** A score of 0 or less is not for now. */
  offer(known: KnownPeer, score: number): void {
    if (score <= 0) return
    const entry = { known, score }
    const at = this.#best.findIndex((other) => comesBefore(entry, other))
    if (at >= 0) this.#best.splice(at, 0, entry)
    else if (this.#best.length < this.#max) this.#best.push(entry)
    if (this.#best.length > this.#max) this.#best.pop()
  }

  /** Best first. */
  all(): readonly KnownPeer[] {
    return this.#best.map(({ known }) => known)
  }
}

function comesBefore(one: Scored, other: Scored): boolean {
  if (one.score !== other.score) return one.score > other.score
  const failures = one.known.failures - other.known.failures
  if (failures !== 0) return failures < 0
  const users = Number(other.known.origin === 'user') - Number(one.known.origin === 'user')
  if (users !== 0) return users < 0
  return one.known.rank > other.known.rank
}
