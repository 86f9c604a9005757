// The leader's side of claims: answers who may import a piece, for those pieces that it decides about now.
//
// A standing claim comes to a new arbiter in two ways: its holder renews it, or it was in the last lease of the leader
// that is gone. Until both had their time, 2 s, nothing new is granted.

import type { PeerId } from '@bt/primitives'
import { ClaimBook } from './claim-book.ts'
import {
  CLAIMS_ALONE_MAX,
  CLAIMS_PER_MEMBER_MAX,
  HEARD_CLAIM_MS,
  LEASE_CLAIMS_MAX,
  TAKEOVER_MS,
} from './limits.ts'
import type { CacheMessage } from './messages.ts'

type Claim = Extract<CacheMessage, { readonly kind: 'claim' }>

/** What was decided about one piece. */
export type Verdict = 'granted' | 'taken' | 'have'

export interface ArbiterDeskParts {
  readonly self: PeerId
  /** We are the only one of our site, and may claim more. */
  readonly isAlone: () => boolean
  /** We decide about this piece now. */
  readonly decides: (piece: number, now: number) => boolean
  /** We or a linked member of the site have the piece. */
  readonly isHad: (piece: number) => boolean
  /** It is linked to us, or we are it. */
  readonly isHere: (member: PeerId) => boolean
}

interface Heard {
  readonly holder: PeerId
  readonly from: PeerId
  readonly at: number
}

export class ArbiterDesk {
  readonly book: ClaimBook
  readonly #parts: ArbiterDeskParts
  readonly #heard = new Map<number, Heard>()
  #grantsFrom = 0

  constructor(parts: ArbiterDeskParts) {
    this.#parts = parts
    this.book = new ClaimBook((member) =>
      member === parts.self && parts.isAlone() ? CLAIMS_ALONE_MAX : CLAIMS_PER_MEMBER_MAX,
    )
  }

  /** The leaders are others: what the lost ones granted stands, and new grants wait. */
  tookOver(lost: readonly PeerId[], now: number): void {
    this.#grantsFrom = now + TAKEOVER_MS
    for (const [piece, { holder, from }] of this.#heard) {
      if (!lost.includes(from) || !this.#parts.isHere(holder)) continue
      if (this.#parts.decides(piece, now)) this.book.claim(piece, holder, now)
    }
  }

  /** Another leader's open claims, all of them. */
  heardLease(from: PeerId, claims: readonly (readonly [number, PeerId])[], now: number): void {
    for (const [piece, heard] of this.#heard) if (heard.from === from) this.#heard.delete(piece)
    for (const [piece, holder] of claims) {
      this.#heard.set(piece, { holder, from, at: now })
      const ours = this.book.holderOf(piece)
      if (ours !== undefined && ours !== holder) this.book.clashed(piece)
    }
  }

  /** Whom a lease of the last seconds names for a piece. */
  heardHolder(piece: number, now: number): PeerId | undefined {
    const heard = this.#heard.get(piece)
    return heard !== undefined && now - heard.at < HEARD_CLAIM_MS ? heard.holder : undefined
  }

  /** The verdict on each piece; undefined: we do not decide about it, and somebody else will. */
  asked(
    claim: Pick<Claim, 'pieces' | 'renewed'>,
    asker: PeerId,
    now: number,
  ): ReadonlyMap<number, Verdict> {
    const verdicts = new Map<number, Verdict>()
    for (const piece of claim.pieces) {
      const isOurs = this.book.holderOf(piece) === asker
      if (!isOurs && !this.#parts.decides(piece, now)) continue
      verdicts.set(piece, this.#verdict(piece, asker, claim.renewed === true, now))
    }
    return verdicts
  }

  done(pieces: readonly number[], givenBack: readonly number[], member: PeerId): void {
    for (const piece of pieces) this.book.done(piece, member)
    for (const piece of givenBack) this.book.givenBack(piece, member)
  }

  /** Claims for a lease: the newest. */
  lease(): readonly (readonly [number, PeerId])[] {
    for (const [piece] of Array.from(this.book.open))
      if (this.#parts.isHad(piece)) this.book.settled(piece)
    return [...this.book.open].slice(-LEASE_CLAIMS_MAX)
  }

  #verdict(piece: number, asker: PeerId, renewed: boolean, now: number): Verdict {
    if (this.#parts.isHad(piece)) {
      this.book.settled(piece)
      return 'have'
    }
    const elsewhere = this.heardHolder(piece, now)
    if (elsewhere !== undefined && elsewhere !== asker) return 'taken'
    const isOurs = this.book.holderOf(piece) === asker
    if (!isOurs && !renewed && now < this.#grantsFrom) return 'taken'
    return this.book.claim(piece, asker, now) ? 'granted' : 'taken'
  }
}
