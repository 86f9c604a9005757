// Which claims other leaders granted, by their last leases.

import type { PeerId } from '@bt/primitives'
import { HEARD_CLAIM_MS, HEARD_CLAIM_MS_MAX } from './limits.ts'

export interface HeardClaim {
  readonly holder: PeerId
  /** The leader that granted it. */
  readonly from: PeerId
  /** When this holder was first named, and last. */
  readonly firstAt: number
  readonly at: number
}

export class HeardClaims {
  readonly #claims = new Map<number, HeardClaim>()

  /** A leader's open claims, all of them. */
  heard(from: PeerId, claims: readonly (readonly [number, PeerId])[], now: number): void {
    const before = new Map<number, HeardClaim>()
    for (const [piece, claim] of this.#claims) {
      if (claim.from !== from) continue
      before.set(piece, claim)
      this.#claims.delete(piece)
    }
    for (const [piece, holder] of claims) {
      const same = before.get(piece)
      const firstAt = same?.holder === holder ? same.firstAt : now
      this.#claims.set(piece, { holder, from, firstAt, at: now })
    }
  }

  of(piece: number): HeardClaim | undefined {
    return this.#claims.get(piece)
  }

  /** Whom a lease of the last seconds names for a piece; a claim that is named for minutes is no longer believed. */
  holderOf(piece: number, now: number): PeerId | undefined {
    const claim = this.#claims.get(piece)
    if (claim === undefined || now - claim.at >= HEARD_CLAIM_MS) return undefined
    return now - claim.firstAt < HEARD_CLAIM_MS_MAX ? claim.holder : undefined
  }

  /** What these leaders granted. */
  *by(leaders: readonly PeerId[]): Iterable<readonly [piece: number, holder: PeerId]> {
    for (const [piece, { holder, from }] of this.#claims) {
      if (leaders.includes(from)) yield [piece, holder]
    }
  }

  /** The holder is gone. */
  gone(member: PeerId): void {
    for (const [piece, { holder }] of this.#claims) {
      if (holder === member) this.#claims.delete(piece)
    }
  }
}
