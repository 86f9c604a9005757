// The leader's side of claims: answers who may import a piece. Whoever is asked decides, if it leads at all.
//
// While all leaders see the same leaders, one of them is asked about a piece and answers at once. While they do not (a
// term is new, a tracker is gone), two might be asked about the same piece: then a grant is first told to the other
// leaders, and given a moment later if none of them gave the piece to another member. A standing claim comes to a new
// arbiter in two ways: its holder renews it, or it was in the last lease of the leader that is gone. Until both had their
// time, nothing new is granted (grant-gate.ts), and what is asked meanwhile is answered then.

import type { PeerId } from '@bt/primitives'
import { ClaimBook } from './claim-book.ts'
import { GrantGate } from './grant-gate.ts'
import { HeardClaims } from './heard-claims.ts'
import { CONFIRM_MS, DONE_MS, GONE_MS, LEASE_CLAIMS_MAX } from './limits.ts'
import type { CacheMessage } from './messages.ts'
import { SpillBook } from './spill-book.ts'

type Claim = Extract<CacheMessage, { readonly kind: 'claim' }>

/** What was decided about one piece; 'again': granted, and it was granted or had before. */
export type Verdict = 'granted' | 'again' | 'taken' | 'have'

export interface ArbiterDeskParts {
  readonly self: PeerId
  /** In bytes. */
  readonly pieceLength: number
  /** Claims of second copies that one member may hold. */
  readonly claimsMax: number
  /** Claims of first copies: a member may ask for others. */
  readonly claimsMaxOf: (member: PeerId) => number
  /** No member of the site need be linked to others than us: we see what each has. */
  readonly seesAll: () => boolean
  /** We lead, as far as we know. */
  readonly leads: () => boolean
  /** We are the leader that decides about this piece. */
  readonly decides: (piece: number, now: number) => boolean
  /** We decide about it while all leaders live; else we only stand by. */
  readonly isFirst: (piece: number) => boolean
  /** Leaders of the site see other leaders than we do, or we have not heard of one yet. */
  readonly isSplit: () => boolean
  /** We or a linked member of the site have the piece. */
  readonly isHad: (piece: number) => boolean
  /** Some linked member of the site once had it. */
  readonly wasHad: (piece: number) => boolean
  /** Copies of a piece that may cross into the site, on average. */
  readonly copiesMax: () => number
  /** It is linked to us, or we are it. */
  readonly isHere: (member: PeerId) => boolean
  /** `confirmed` has verdicts then. */
  readonly confirmLater: (timeMs: number) => void
}

interface Pending {
  readonly piece: number
  readonly asker: PeerId
  readonly at: number
}

export class ArbiterDesk {
  readonly book: ClaimBook
  readonly #parts: ArbiterDeskParts
  readonly #spills: SpillBook
  readonly #heard = new HeardClaims()
  /** Oldest first. */
  #pending: Pending[] = []
  #confirmsAt = Number.POSITIVE_INFINITY
  /** Who said to have a piece it held, and when: until its have is here, we take its word. */
  readonly #done = new Map<number, { readonly member: PeerId; readonly at: number }>()
  readonly #doneEver = new Set<number>()
  /** Since when members ask for a piece that was here and that we see nobody have. */
  readonly #missedSince = new Map<number, number>()
  readonly #gate = new GrantGate()
  /** Leaders that left in order and said all that they had granted. */
  readonly #handedOver = new Set<PeerId>()
  /** Asked while the gate was closed. */
  #gated: Pending[] = []

  constructor(parts: ArbiterDeskParts) {
    this.#parts = parts
    this.book = new ClaimBook(parts.claimsMaxOf, parts.pieceLength)
    this.#spills = new SpillBook(parts.claimsMax)
  }

  /**
   * The leaders are others: what the lost ones granted stands, and new grants wait until it is known. `others`: who leads
   * beside us; `hasNew`: not all of them did before.
   */
  tookOver(
    lost: readonly PeerId[],
    others: readonly PeerId[],
    now: number,
    hasNew = lost.length === 0,
  ): void {
    const unheard = lost.filter((one) => !this.#handedOver.delete(one))
    if (unheard.length > 0 || hasNew) this.#gate.closes(unheard, others, now)
    for (const [piece, holder] of this.#heard.by(lost)) {
      if (!this.#parts.isHere(holder)) continue
      if (this.#parts.decides(piece, now)) this.book.claim(piece, holder, now, true)
    }
  }

  /** Another leader's open claims, all of them; `isOurTerm`: it knows the leaders that we know. */
  heardLease(
    from: PeerId,
    claims: readonly (readonly [number, PeerId])[],
    now: number,
    isOurTerm = false,
  ): void {
    if (isOurTerm) this.#gate.heardLease(from, claims.length, now)
    this.#heard.heard(from, claims, now)
    for (const [piece, holder] of claims) {
      const ours = this.book.holderOf(piece)
      if (ours !== undefined && ours !== holder) this.book.second(piece, 'split-view')
    }
  }

  /** It leaves in order, and these are its open claims. */
  heardLeave(from: PeerId, claims: readonly (readonly [number, PeerId])[], now: number): void {
    this.heardLease(from, claims, now)
    if (claims.length < LEASE_CLAIMS_MAX) this.#handedOver.add(from)
  }

  /** The verdict on each piece; those that are missing follow from `confirmed`. */
  asked(
    claim: Pick<Claim, 'pieces' | 'renewed' | 'spill'>,
    asker: PeerId,
    now: number,
  ): ReadonlyMap<number, Verdict> {
    const verdicts = new Map<number, Verdict>()
    for (const piece of claim.pieces) {
      const second = claim.spill === true ? this.#second(piece, asker, claim, now) : undefined
      if (second !== undefined) {
        verdicts.set(piece, second)
        continue
      }
      const verdict = this.#verdict(piece, asker, claim.renewed === true, now)
      if (verdict === undefined) {
        this.#waits({ piece, asker, at: now })
        continue
      }
      const isNew = (verdict === 'granted' || verdict === 'again') && claim.renewed !== true
      if (isNew && (this.#parts.isSplit() || !this.#parts.decides(piece, now))) {
        if (!isAsked(this.#pending, piece, asker)) this.#pending.push({ piece, asker, at: now })
      } else verdicts.set(piece, verdict)
    }
    this.#confirmLater()
    return verdicts
  }

  /** Verdicts that waited for what other leaders say, by who asked. */
  confirmed(now: number): ReadonlyMap<PeerId, ReadonlyMap<number, Verdict>> {
    this.#confirmsAt = Number.POSITIVE_INFINITY
    const answers = this.#ungated(now)
    if (this.#pending.length === 0) return answers
    const waiting: Pending[] = []
    for (const pending of this.#pending) {
      if (now - pending.at < CONFIRM_MS) {
        waiting.push(pending)
        continue
      }
      const { piece, asker } = pending
      const verdicts = answers.get(asker) ?? new Map<number, Verdict>()
      answers.set(asker, verdicts.set(piece, this.#final(pending, now)))
    }
    this.#pending = waiting
    this.#confirmLater()
    return answers
  }

  #confirmLater(): void {
    // a clock may round down: then it were not due yet, for ever
    const at = (this.#pending[0]?.at ?? Number.POSITIVE_INFINITY) + CONFIRM_MS + 1
    if (at >= this.#confirmsAt) return
    this.#confirmsAt = at
    this.#parts.confirmLater(at)
  }

  /** What was asked while the gate was closed, once it is open. */
  #ungated(now: number): Map<PeerId, Map<number, Verdict>> {
    const answers = new Map<PeerId, Map<number, Verdict>>()
    if (!this.#gate.isOpen(now)) return answers
    const gated = this.#gated
    this.#gated = []
    for (const { piece, asker } of gated) {
      const verdicts = answers.get(asker) ?? new Map<number, Verdict>()
      for (const [, verdict] of this.asked({ pieces: [piece] }, asker, now)) {
        answers.set(asker, verdicts.set(piece, verdict))
      }
    }
    return answers
  }

  /** Nobody waits for more than it may hold. */
  #waits(question: Pending): void {
    const { piece, asker } = question
    if (isAsked(this.#gated, piece, asker)) return
    const own = this.#gated.filter((one) => one.asker === asker)
    if (own.length < this.#parts.claimsMax) this.#gated.push(question)
  }

  done(pieces: readonly number[], givenBack: readonly number[], member: PeerId, now: number): void {
    for (const piece of pieces) {
      if (this.book.holderOf(piece) === member) {
        this.#done.set(piece, { member, at: now })
        this.#doneEver.add(piece)
      }
      this.book.done(piece, member, now)
      this.#spills.ended(piece, member, true)
    }
    for (const piece of givenBack) {
      this.book.givenBack(piece, member, now)
      this.#spills.ended(piece, member, false)
    }
  }

  /** A living member of the site has the piece, as far as we know. */
  isHad(piece: number, now: number): boolean {
    if (this.#parts.isHad(piece)) return true
    const done = this.#done.get(piece)
    return done !== undefined && now - done.at < DONE_MS
  }

  /** Nobody that we see has it any more: gone, unless we do not see all, and members ask in vain for a short time only. */
  #isGone(piece: number, now: number): boolean {
    if (this.#parts.seesAll()) return true
    const since = this.#missedSince.get(piece) ?? now
    this.#missedSince.set(piece, since)
    return now - since >= GONE_MS
  }

  /** The member left the site or died. */
  gone(member: PeerId): void {
    this.book.gone(member)
    this.#spills.gone(member)
    this.#handedOver.delete(member)
    for (const [piece, done] of this.#done) if (done.member === member) this.#done.delete(piece)
    this.#heard.gone(member)
    this.#pending = this.#pending.filter(({ asker }) => asker !== member)
    this.#gated = this.#gated.filter(({ asker }) => asker !== member)
  }

  /** Claims for a lease: the newest. One that ended well stays in it until all must have heard of the piece itself. */
  lease(now: number): readonly (readonly [number, PeerId])[] {
    this.book.expire(now)
    for (const [piece] of Array.from(this.book.open))
      if (this.isHad(piece, now)) this.book.settled(piece, now)
    const claims = [...this.book.open]
    for (const [piece, { member, at }] of this.#done) {
      if (now - at >= DONE_MS) this.#done.delete(piece)
      else if (this.book.holderOf(piece) === undefined) claims.push([piece, member])
    }
    return claims.slice(-LEASE_CLAIMS_MAX)
  }

  /** Of a second copy; undefined: it would be the first. */
  #second(
    piece: number,
    asker: PeerId,
    { renewed }: Pick<Claim, 'renewed'>,
    now: number,
  ): Verdict | undefined {
    const isFirst = !this.isHad(piece, now) && this.book.holderOf(piece) === undefined
    if (renewed === true) this.#spills.renew(piece, asker, now)
    else if (isFirst || !this.#parts.leads()) return isFirst ? undefined : 'taken'
    else if (!this.#spills.claim(piece, asker, this.#parts.copiesMax(), now)) return 'have'
    this.book.second(piece, 'spill')
    return 'again'
  }

  /** Undefined: not before the gate opens. */
  #verdict(piece: number, asker: PeerId, renewed: boolean, now: number): Verdict | undefined {
    if (this.isHad(piece, now)) {
      this.book.settled(piece, now)
      this.#missedSince.delete(piece)
      return 'have'
    }
    const isOurs = this.book.holderOf(piece) === asker
    const isSecond = this.#parts.wasHad(piece) || this.#doneEver.has(piece)
    if (isSecond && !isOurs && !renewed && !this.#isGone(piece, now)) return 'have'
    if (!this.#parts.leads() && !isOurs) return 'taken'
    const elsewhere = this.#heard.holderOf(piece, now)
    if (elsewhere !== undefined && elsewhere !== asker) return 'taken'
    if (!isOurs && !renewed && !this.#gate.isOpen(now)) return undefined
    if (!this.book.claim(piece, asker, now, renewed)) return 'taken'
    if (!isOurs && !renewed) {
      if (isSecond) this.book.second(piece, 'holder-gone')
      else if (!this.#parts.isFirst(piece) && !this.book.again.has(piece)) {
        this.book.second(piece, 'standby')
      }
    }
    return this.#granted(piece)
  }

  #granted(piece: number): Verdict {
    const why = this.book.again.get(piece)
    const isDoubt = why === undefined || why === 'split-view' || why === 'standby'
    return isDoubt ? 'granted' : 'again'
  }

  /** Of two leaders that were asked in the same moment, the one with the smaller peer id has it. */
  #final({ piece, asker, at }: Pending, now: number): Verdict {
    if (this.isHad(piece, now)) {
      this.book.settled(piece, now)
      return 'have'
    }
    const heard = this.#heard.of(piece)
    const elsewhere = this.#heard.holderOf(piece, now)
    const isFirst = heard !== undefined && heard.firstAt >= at && this.#parts.self < heard.from
    if (elsewhere === undefined || elsewhere === asker || isFirst) {
      if (!this.book.claim(piece, asker, now)) return 'taken'
      const verdict = this.#granted(piece)
      // it had to wait because leaders were not agreed: their words, and members of theirs, may still be on their way
      if (verdict === 'granted') this.book.second(piece, 'split-view')
      return verdict
    }
    this.book.withdrawn(piece, asker)
    return 'taken'
  }
}

function isAsked(questions: readonly Pending[], piece: number, asker: PeerId): boolean {
  return questions.some((one) => one.piece === piece && one.asker === asker)
}
