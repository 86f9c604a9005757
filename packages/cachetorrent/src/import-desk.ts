// The member's side of claims: which pieces we may ask of other sites, and which we ask the arbiter for next.
//
// A piece is a candidate when nobody in the site that we see has it and an outside peer that answers us does. Which of
// them is drawn by chance: sites that draw differently have something to exchange.

import { Bitfield, type PeerId, type ReadonlyBitfield } from '@bt/primitives'
import type { PeerHandle } from '@bt/swarm'
import type { CrossingReason } from './ledger.ts'
import {
  ANSWER_LATE_MS,
  ANSWER_MS,
  CLAIM_IDLE_MS,
  CLAIM_QUEUED_MS,
  CLAIM_RENEW_MS,
  DEPARTED_MS,
  HAVE_RETRY_MS,
  REFUSED_RETRY_MS,
  SLOWEST_BYTES_PER_SECOND,
  TAKEN_RETRY_MS,
} from './limits.ts'

/** Under what a piece is imported. */
interface Grant {
  readonly reason: CrossingReason
  readonly term: number
}

/** A claim of ours, seen from outside. */
export interface HeldClaim {
  readonly piece: number
  readonly reason: CrossingReason
  /** When it was granted, and in which term. */
  readonly sinceMs: number
  readonly term: number
}

interface Held {
  readonly arbiter: PeerId
  readonly reason: CrossingReason
  readonly term: number
  readonly grantedAt: number
  progressAt: number
  renewedAt: number
  /** Whom it was asked of and owes us blocks of it. */
  readonly askedOf: Set<PeerHandle>
}

/** Why a piece is not asked for until then: others import it, have it, or we did not get it. */
interface Wait {
  readonly until: number
  readonly why: 'taken' | 'have' | 'failed'
}

interface Asked {
  readonly arbiter: PeerId
  readonly at: number
  /** Of a second copy. */
  readonly isSecond: boolean
}

const NOBODY: ReadonlySet<PeerId> = new Set()

export class ImportDesk {
  readonly #may: Bitfield
  readonly #held = new Map<number, Held>()
  readonly #asked = new Map<number, Asked>()
  /** Not before then. */
  readonly #waits = new Map<number, Wait>()

  readonly #idleMs: number
  /** When bytes of any of them came last. */
  #progressAt = Number.NEGATIVE_INFINITY

  /** `blockLength`, in bytes: a block may take long to come over a slow line. */
  constructor(pieceCount: number, blockLength: number) {
    this.#may = new Bitfield(pieceCount)
    this.#idleMs = CLAIM_IDLE_MS + (blockLength * 1000) / SLOWEST_BYTES_PER_SECOND
  }

  /** What may be asked of other sites; live. */
  get may(): ReadonlyBitfield {
    return this.#may
  }

  /** Claims held or asked for. */
  get count(): number {
    return this.#held.size + this.#asked.size
  }

  get held(): Iterable<number> {
    return this.#held.keys()
  }

  get heldCount(): number {
    return this.#held.size
  }

  /** For people and tests. */
  get claims(): readonly HeldClaim[] {
    return [...this.#held].map(([piece, { reason, grantedAt, term }]) => {
      return { piece, reason, sinceMs: grantedAt, term }
    })
  }

  holds(piece: number): boolean {
    return this.#held.has(piece)
  }

  arbiterOf(piece: number): PeerId | undefined {
    return this.#held.get(piece)?.arbiter
  }

  /** Why bytes of this piece cross now. */
  reasonOf(piece: number): CrossingReason {
    return this.#held.get(piece)?.reason ?? 'late'
  }

  /** It is held or asked for. */
  isAfter(piece: number): boolean {
    return this.#held.has(piece) || this.#asked.has(piece)
  }

  /** It may be asked for: it is neither held, nor asked for, nor put off. */
  isFree(piece: number, now: number): boolean {
    if (this.isAfter(piece)) return false
    return (this.#waits.get(piece)?.until ?? now) <= now
  }

  askedOf(piece: number, arbiter: PeerId, now: number, isSecond = false): void {
    this.#asked.set(piece, { arbiter, at: now, isSecond })
  }

  /** A second copy of it was asked for. */
  asksForSecond(piece: number): boolean {
    return this.#asked.get(piece)?.isSecond === true
  }

  /** Held as the first copy, or in doubt of it: no second one was meant. */
  holdsFirst(piece: number): boolean {
    const reason = this.#held.get(piece)?.reason
    return reason !== undefined && reason !== 'spill'
  }

  /** True: it is ours from now on. */
  granted(piece: number, arbiter: PeerId, why: Grant, now: number): boolean {
    const held = this.#held.get(piece)
    if (held !== undefined) {
      held.renewedAt = now
      return false
    }
    if (this.#asked.get(piece)?.arbiter !== arbiter) return false
    this.#asked.delete(piece)
    this.#hold(piece, arbiter, why, now)
    return true
  }

  /** Ours without a grant: nobody decides about it but ourselves. */
  taken(piece: number, self: PeerId, why: Grant, now: number): void {
    this.#asked.delete(piece)
    this.#hold(piece, self, why, now)
  }

  /** Another member has or holds it; true: a claim of ours is revoked by that. */
  refused(piece: number, why: 'taken' | 'have', now: number): boolean {
    this.#asked.delete(piece)
    const ms = why === 'taken' ? REFUSED_RETRY_MS : HAVE_RETRY_MS
    this.#waits.set(piece, { until: now + ms, why })
    return this.drop(piece)
  }

  /** A lease says that another member imports it: there is no use in asking soon. */
  heard(piece: number, now: number): void {
    if (this.#held.has(piece)) return
    this.#waits.set(piece, { until: now + TAKEN_RETRY_MS, why: 'taken' })
  }

  requested(piece: number, of: PeerHandle): void {
    this.#held.get(piece)?.askedOf.add(of)
  }

  /** A request for it ended without its bytes. */
  failed(piece: number, of: PeerHandle): void {
    this.#held.get(piece)?.askedOf.delete(of)
  }

  /** Who owes us blocks of it. */
  debtorsOf(piece: number): Iterable<PeerHandle> {
    return this.#held.get(piece)?.askedOf ?? []
  }

  /** It is to be left to others for a while. */
  putOff(piece: number, ms: number, now: number): void {
    this.#waits.set(piece, { until: now + ms, why: 'failed' })
  }

  /** A member of the site left, with what it had and claimed: nothing is put off for its sake. */
  memberLeft(had: ReadonlyBitfield | undefined, now: number): void {
    for (const [piece, { until, why }] of this.#waits) {
      const isBound = why === 'taken' || (why === 'have' && had?.has(piece) === true)
      if (isBound) this.#waits.set(piece, { until: Math.min(until, now + DEPARTED_MS), why })
    }
  }

  progressed(piece: number, now: number): void {
    const held = this.#held.get(piece)
    if (held === undefined) return
    held.progressAt = now
    this.#progressAt = now
  }

  /** Its claim ends; false: there was none. */
  drop(piece: number): boolean {
    this.#may.clear(piece)
    return this.#held.delete(piece)
  }

  /** Claims of one arbiter move to another. */
  moved(piece: number, arbiter: PeerId, now: number): void {
    const held = this.#held.get(piece)
    if (held === undefined) return
    this.#held.set(piece, { ...held, arbiter, renewedAt: now })
  }

  /** Held without a byte for too long: to be given back. `lives`: who owes us its blocks says something, and serves others. */
  idle(now: number, lives: (debtor: PeerHandle) => boolean): readonly number[] {
    return this.#which(({ progressAt, askedOf }) => {
      const ms = now - progressAt
      if (ms < this.#idleMs) return false
      if (ms >= this.#idleMs + CLAIM_QUEUED_MS) return true
      // not asked for yet: it comes after others that we hold
      if (askedOf.size === 0) return now - this.#progressAt >= this.#idleMs
      return ![...askedOf].some(lives)
    })
  }

  /** Held, in progress, and due to be renewed. */
  toRenew(now: number): readonly number[] {
    return this.#which(({ renewedAt }) => now - renewedAt >= CLAIM_RENEW_MS)
  }

  /**
   * Arbiters that left a question unanswered; the questions are forgotten. Who said something else meanwhile has a queue
   * on its line, and gets longer. `signAt`: when each last said anything.
   */
  unanswered(now: number, signAt: (arbiter: PeerId) => number): ReadonlySet<PeerId> {
    if (this.#asked.size === 0) return NOBODY
    const silent = new Set<PeerId>()
    for (const [piece, { arbiter, at }] of this.#asked) {
      if (now - at < (signAt(arbiter) > at ? ANSWER_LATE_MS : ANSWER_MS)) continue
      this.#asked.delete(piece)
      silent.add(arbiter)
    }
    return silent
  }

  /** The link to an arbiter ended: what it was asked is asked again, of whoever decides now. */
  lostArbiter(arbiter: PeerId): void {
    for (const [piece, asked] of this.#asked) {
      if (asked.arbiter === arbiter) this.#asked.delete(piece)
    }
  }

  #hold(piece: number, arbiter: PeerId, why: Grant, now: number): void {
    const times = { grantedAt: now, progressAt: now, renewedAt: now }
    this.#held.set(piece, { arbiter, ...why, ...times, askedOf: new Set() })
    this.#may.set(piece)
  }

  #which(is: (held: Held) => boolean): readonly number[] {
    return [...this.#held].filter(([, held]) => is(held)).map(([piece]) => piece)
  }
}
