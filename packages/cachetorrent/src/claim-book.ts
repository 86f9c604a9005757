// The arbiter's book: who may import which piece. At most one open claim a piece; a claim that shows no life lapses.
//
// Pure: told of asks, renewals, ends and departures, with the time. What a member of the site has is not its business:
// the caller answers that before it asks here.

import type { PeerId } from '@bt/primitives'
import { GrantWindow } from './grant-window.ts'
import { CLAIM_FAILED_MS, CLAIM_IDLE_MS, CLAIM_LAPSE_MS, CLAIMS_PER_MEMBER_MAX } from './limits.ts'

/**
 * Why a piece was given to a second member. 'split-view' and 'standby': it may have been, by another leader that we could
 * not ask.
 */
export type Again =
  | 'lapsed'
  | 'importer-gone'
  | 'given-back'
  | 'holder-gone'
  | 'split-view'
  | 'standby'
  | 'spill'

interface Claim {
  readonly holder: PeerId
  readonly grantedAt: number
  seenAt: number
}

interface Failure {
  readonly member: PeerId
  readonly at: number
}

export class ClaimBook {
  readonly #claims = new Map<number, Claim>()
  readonly #perMember = new Map<PeerId, number>()
  readonly #limits = new Map<PeerId, number>()
  /** Pieces whose claim ended without the piece, and why. */
  readonly #broken = new Map<number, Again>()
  readonly #again = new Map<number, Again>()
  /** Who last ended a claim without the piece, and when. */
  readonly #failures = new Map<number, Failure>()
  readonly #mostOf: (member: PeerId) => number
  readonly #window: GrantWindow
  #grants = 0

  /** `mostOf`: claims that a member in good standing may hold; `pieceLength` in bytes. */
  constructor(mostOf: (member: PeerId) => number = () => CLAIMS_PER_MEMBER_MAX, pieceLength = 0) {
    this.#mostOf = mostOf
    this.#window = new GrantWindow(pieceLength)
  }

  /** Open claims, oldest grant first. */
  get open(): Iterable<readonly [piece: number, holder: PeerId]> {
    return [...this.#claims].map(([piece, { holder }]) => [piece, holder] as const)
  }

  /** Claims granted so far, renewals apart. */
  get grants(): number {
    return this.#grants
  }

  get openCount(): number {
    return this.#claims.size
  }

  /** Open claims of members that brought what they claimed last: the others may bring nothing, and hold nobody up. */
  get inGoodHands(): number {
    let count = this.#claims.size
    for (const member of this.#limits.keys()) count -= this.#perMember.get(member) ?? 0
    return count
  }

  /** Pieces that were granted a second time, with the reason. */
  get again(): ReadonlyMap<number, Again> {
    return this.#again
  }

  holderOf(piece: number): PeerId | undefined {
    return this.#claims.get(piece)?.holder
  }

  /** Claims that a member may hold now. */
  limitOf(member: PeerId): number {
    return this.#limits.get(member) ?? this.#mostOf(member)
  }

  /**
   * Grants the piece, or renews the grant; false: another member holds it, this one holds too many, or so many are open
   * that more would only come later. `isStanding`: it was granted before, here or by another leader.
   */
  claim(piece: number, member: PeerId, now: number, isStanding = false): boolean {
    this.expire(now)
    const claim = this.#claims.get(piece)
    if (claim !== undefined) {
      if (claim.holder !== member) return false
      claim.seenAt = now
      return true
    }
    const held = this.#perMember.get(member) ?? 0
    if (held >= this.limitOf(member) || this.#isBarred(piece, member, now)) return false
    if (!isStanding && this.inGoodHands >= this.#window.size) return false
    this.#claims.set(piece, { holder: member, grantedAt: now, seenAt: now })
    this.#grants++
    this.#perMember.set(member, held + 1)
    const why = this.#broken.get(piece)
    if (why !== undefined) {
      this.#again.set(piece, why)
      this.#broken.delete(piece)
    }
    return true
  }

  /** Another leader granted the piece to somebody else, or whoever had it is gone: it comes, or came, twice. */
  second(piece: number, why: Again): void {
    this.#again.set(piece, why)
  }

  /** The member has the piece, verified. */
  done(piece: number, member: PeerId, now: number): void {
    this.#came(piece, member, now)
    if (!this.#end(piece, member)) return
    const limit = this.#limits.get(member)
    if (limit === undefined) return
    if (limit + 1 >= this.#mostOf(member)) this.#limits.delete(member)
    else this.#limits.set(member, limit + 1)
  }

  /** The member gives the claim back without the piece; after long it is as bad as a lapse. */
  givenBack(piece: number, member: PeerId, now: number): void {
    const grantedAt = this.#claims.get(piece)?.grantedAt ?? now
    if (!this.#end(piece, member)) return
    this.#broken.set(piece, 'given-back')
    if (now - grantedAt >= CLAIM_IDLE_MS) this.#failed(piece, member, now)
  }

  /** It was never given: another leader gave the piece first. */
  withdrawn(piece: number, member: PeerId): void {
    this.#end(piece, member)
  }

  /** The piece is here by another way: nobody needs the claim. */
  settled(piece: number, now: number): void {
    const claim = this.#claims.get(piece)
    if (claim !== undefined) {
      this.#came(piece, claim.holder, now)
      this.#end(piece, claim.holder)
    }
    this.#broken.delete(piece)
  }

  /** The member left the site or died: what it held is free at once. */
  gone(member: PeerId): void {
    for (const [piece, { holder }] of Array.from(this.#claims)) {
      if (holder !== member) continue
      this.#end(piece, member)
      this.#broken.set(piece, 'importer-gone')
    }
    this.#perMember.delete(member)
  }

  /** Frees what showed no life for 30 s; each costs its holder half of its claims. Answers the pieces. */
  expire(now: number): readonly number[] {
    const lapsed: number[] = []
    for (const [piece, { holder, seenAt }] of Array.from(this.#claims)) {
      if (now - seenAt < CLAIM_LAPSE_MS) continue
      this.#end(piece, holder)
      this.#broken.set(piece, 'lapsed')
      this.#failed(piece, holder, now)
      lapsed.push(piece)
    }
    return lapsed
  }

  /** Fewer claims for it from now on, and this piece not soon, nor others that failed: whoever did not may have better luck. */
  #failed(piece: number, member: PeerId, now: number): void {
    this.#limits.set(member, Math.max(1, this.limitOf(member) >> 1))
    this.#failures.set(piece, { member, at: now })
  }

  #isBarred(piece: number, member: PeerId, now: number): boolean {
    const failure = this.#failures.get(piece)
    if (failure === undefined || now - failure.at >= CLAIM_FAILED_MS) return false
    return failure.member === member || this.#limits.has(member)
  }

  #came(piece: number, member: PeerId, now: number): void {
    const claim = this.#claims.get(piece)
    if (claim?.holder === member) this.#window.came(now - claim.grantedAt, this.inGoodHands)
  }

  #end(piece: number, member: PeerId): boolean {
    if (this.#claims.get(piece)?.holder !== member) return false
    this.#claims.delete(piece)
    const held = (this.#perMember.get(member) ?? 1) - 1
    if (held === 0) this.#perMember.delete(member)
    else this.#perMember.set(member, held)
    return true
  }
}
