// Asking for claims, keeping them, giving them back: the conversation of a member with its arbiters, itself among them.

import type { PeerId } from '@bt/primitives'
import type { PeerHandle, PolicyHost } from '@bt/swarm'
import type { ArbiterDesk, Verdict } from './arbiter-desk.ts'
import type { GoBetween } from './go-between.ts'
import type { ImportDesk } from './import-desk.ts'
import type { ImportLimit } from './import-limit.ts'
import { lackingPiece } from './lacking-piece.ts'
import type { Leadership } from './leadership.ts'
import type { Ledger } from './ledger.ts'
import { CLAIM_FAILED_MS, CLAIM_PIECES_MAX, claimsMax, SILENT_MS } from './limits.ts'
import type { Neighbours } from './neighbours.ts'
import type { PassedOn } from './passed-on.ts'
import type { Spill } from './spill.ts'
import type { Voice } from './voice.ts'
import type { Wants } from './wants.ts'

export interface ClaimingParts {
  readonly host: PolicyHost
  readonly neighbours: Neighbours
  readonly leadership: Leadership
  readonly imports: ImportDesk
  readonly limit: Pick<ImportLimit, 'mayImport'>
  readonly arbiter: ArbiterDesk
  readonly passedOn: Pick<PassedOn, 'has'>
  readonly goBetween: Pick<GoBetween, 'whomToAsk'>
  readonly wants: Wants
  readonly spill: Spill
  readonly voice: Voice
  readonly ledger: Ledger
}

/** What a claim is beside a question for a first copy. */
interface Asking {
  readonly renewed?: true
  readonly spill?: true
}

const NOBODY: ReadonlySet<PeerHandle> = new Set()

export class Claiming {
  readonly #parts: ClaimingParts
  readonly #self: PeerId

  constructor(parts: ClaimingParts) {
    this.#parts = parts
    this.#self = parts.host.self.peerId
  }

  /** Asks for as many claims as we may hold, drawn by chance from what we could import now. */
  ask(): void {
    const { host, wants, imports, limit, spill, passedOn } = this.#parts
    const isSpilling = spill.isDue
    if (!limit.mayImport || (wants.count === 0 && !isSpilling)) return
    const now = host.now()
    const sources = this.#sources()
    let room = this.#room(sources.length)
    if (room <= 0) return
    const questions = new Map<PeerId, number[]>()
    const drawn = new Set<number>()
    const suits = (piece: number): boolean =>
      !drawn.has(piece) &&
      !passedOn.has(piece) &&
      imports.isFree(piece, now) &&
      sources.some(({ pieces }) => pieces.has(piece))
    for (; room > 0; room--) {
      const piece = wants.draw(suits, (bound) => host.below(bound))
      if (piece === undefined) break
      drawn.add(piece)
      this.#question(questions, piece, now)
    }
    for (const [arbiter, pieces] of questions) this.#ask(arbiter, pieces, now)
    if (isSpilling) this.#askSecond(sources, room, now)
  }

  /** With the room that first copies leave. */
  #askSecond(sources: readonly PeerHandle[], room: number, now: number): void {
    const { imports, spill } = this.#parts
    const questions = new Map<PeerId, number[]>()
    const drawn = new Set<number>()
    const suits = (piece: number): boolean => !drawn.has(piece) && imports.isFree(piece, now)
    for (let left = room; left > 0; left--) {
      const piece = spill.draw(sources, suits)
      if (piece === undefined) break
      drawn.add(piece)
      this.#question(questions, piece, now)
    }
    for (const [arbiter, pieces] of questions) this.#ask(arbiter, pieces, now, { spill: true })
  }

  /** An outside peer that answers us has this one now: asked for at once if there is room. */
  askFor(piece: number, source: PeerHandle): void {
    const { host, wants, imports, limit, passedOn } = this.#parts
    const now = host.now()
    if (
      !limit.mayImport ||
      passedOn.has(piece) ||
      !wants.isWanted(piece) ||
      !imports.isFree(piece, now) ||
      host.chokesUs(source)
    )
      return
    if (this.#room(this.#sources().length) <= 0) return
    const questions = new Map<PeerId, number[]>()
    this.#question(questions, piece, now)
    for (const [arbiter, pieces] of questions) this.#ask(arbiter, pieces, now)
  }

  /** How many claims more we may ask for: one in progress and one ahead of each outside peer that answers. */
  #room(sources: number): number {
    const most = claimsMax(this.#parts.host.geometry?.pieceLength ?? 1)
    // the piece that comes from each outside peer that answers, and the next
    return Math.min(most, Math.ceil(most / 2) * sources) - this.#parts.imports.count
  }

  #question(questions: Map<PeerId, number[]>, piece: number, now: number): void {
    const arbiter = this.#parts.goBetween.whomToAsk(piece, now)
    if (arbiter === undefined) return
    const pieces = questions.get(arbiter) ?? []
    if (pieces.length >= CLAIM_PIECES_MAX && arbiter !== this.#self) return
    pieces.push(piece)
    questions.set(arbiter, pieces)
  }

  /** An arbiter's answer, or our own; `passedOn`: the word of the one that decides while it lives. */
  decided(verdicts: ReadonlyMap<number, Verdict>, arbiter: PeerId, passedOn = false): void {
    const { host, imports, leadership, ledger } = this.#parts
    const now = host.now()
    const isOrphan = leadership.isLocal && leadership.isNamed
    let changed = false
    for (const [piece, verdict] of verdicts) {
      if (verdict === 'granted' || verdict === 'again') {
        if (host.have.has(piece)) continue
        const isFirst = passedOn || leadership.isFirst(arbiter, piece)
        const first = isFirst ? 'claim' : 'standby'
        const again = imports.asksForSecond(piece) ? 'spill' : 'again'
        const reason = isOrphan ? 'no-arbiter' : verdict === 'again' ? again : first
        if (imports.granted(piece, arbiter, { reason, term: leadership.term }, now)) changed = true
      } else if (imports.refused(piece, verdict, now)) {
        ledger.doubted(piece)
        changed = true
      }
    }
    if (changed) this.scopesChanged()
  }

  /** What is held goes on: told to its arbiter while bytes arrive, and to a new one at once. */
  renew(now: number): void {
    const { host, imports, goBetween } = this.#parts
    if (imports.heldCount === 0) return
    const due = new Set(imports.toRenew(now))
    const questions = new Map<PeerId, number[]>()
    const seconds = new Map<PeerId, number[]>()
    for (const piece of imports.held) {
      const arbiter = goBetween.whomToAsk(piece, now)
      if (arbiter === undefined || imports.reasonOf(piece) === 'stalled') continue
      const isMoved = arbiter !== imports.arbiterOf(piece)
      if (!isMoved && !due.has(piece)) continue
      if (host.have.has(piece)) continue
      imports.moved(piece, arbiter, now)
      const which = imports.reasonOf(piece) === 'spill' ? seconds : questions
      which.set(arbiter, [...(which.get(arbiter) ?? []), piece])
    }
    for (const [arbiter, pieces] of questions) this.#ask(arbiter, pieces, now, { renewed: true })
    for (const [arbiter, pieces] of seconds) {
      this.#ask(arbiter, pieces, now, { renewed: true, spill: true })
    }
  }

  /** Claims without a byte for too long, and those that nobody alive outside could serve. Answers who owes them to us. */
  giveBackIdle(now: number): ReadonlySet<PeerHandle> {
    const { imports, wants, neighbours } = this.#parts
    if (imports.heldCount === 0) return NOBODY
    const lives = (peer: PeerHandle): boolean => {
      const debtor = neighbours.of(peer)
      return debtor?.isSilent === false && now - debtor.signAt < SILENT_MS
    }
    const idle = imports.idle(now, lives)
    const debtors = new Set<PeerHandle>()
    for (const piece of idle) {
      for (const peer of imports.debtorsOf(piece)) debtors.add(peer)
      imports.putOff(piece, CLAIM_FAILED_MS, now)
    }
    const orphans = [...imports.held].filter((piece) => wants.outsideCopies(piece) === 0)
    const all = new Set([...idle, ...orphans])
    if (all.size > 0) this.giveBack([...all])
    return debtors
  }

  /** What a member of the site has by now, although we were to import it. */
  giveBackHad(): void {
    const { imports, wants, ledger } = this.#parts
    const isHad = (piece: number): boolean => wants.local.of(piece) > 0 && imports.holdsFirst(piece)
    const had = [...imports.held].filter(isHad)
    for (const piece of had) ledger.doubted(piece)
    if (had.length > 0) this.giveBack(had)
  }

  /** One piece without a grant: waiting has led to nothing. */
  takeOne(now: number): void {
    const { host, imports, leadership } = this.#parts
    for (const piece of imports.held) if (imports.reasonOf(piece) === 'stalled') return
    const sources = this.#sources()
    const suits = (piece: number): boolean => !imports.holds(piece)
    const piece = lackingPiece(host.have, sources, suits, (bound) => host.below(bound))
    if (piece === undefined) return
    imports.taken(piece, this.#self, { reason: 'stalled', term: leadership.term }, now)
    this.scopesChanged()
  }

  /** We do not import these after all. */
  giveBack(pieces: readonly number[]): void {
    for (const piece of pieces) {
      this.#parts.ledger.doubted(piece, 'given-back')
      this.#end(piece, false)
    }
    this.scopesChanged()
  }

  /** The piece is here. */
  verified(piece: number): void {
    const isOurs = this.#parts.imports.holds(piece)
    if (isOurs) this.#end(piece, true)
    this.#parts.arbiter.book.settled(piece, this.#parts.host.now())
    if (!isOurs) return
    this.scopesChanged()
    this.ask()
  }

  /** What may be asked of outside peers is something else now. */
  scopesChanged(): void {
    const { host, neighbours } = this.#parts
    for (const { peer } of neighbours.in('outside')) host.changed('scope', peer)
  }

  #end(piece: number, isHere: boolean): void {
    const { imports, arbiter, voice, leadership } = this.#parts
    const decider = imports.arbiterOf(piece)
    imports.drop(piece)
    if (decider === undefined) return
    const verified = isHere ? [piece] : []
    const givenBack = isHere ? [] : [piece]
    if (decider === this.#self)
      arbiter.done(verified, givenBack, this.#self, this.#parts.host.now())
    else voice.tell(decider, { kind: 'claim-done', verified, givenBack, term: leadership.term })
  }

  /** Outside peers that would answer a request now. */
  #sources(): readonly PeerHandle[] {
    const { host, neighbours } = this.#parts
    const sources: PeerHandle[] = []
    for (const { peer, isSilent } of neighbours.in('outside')) {
      if (!isSilent && !host.chokesUs(peer)) sources.push(peer)
    }
    return sources
  }

  #ask(to: PeerId, pieces: readonly number[], now: number, as: Asking = {}): void {
    const { imports, arbiter, voice, leadership } = this.#parts
    const question = { pieces, ...as }
    const isOurs = to === this.#self
    const { term } = leadership
    const isSent = isOurs || voice.tell(to, { kind: 'claim', ...question, term })
    if (!isSent) return
    if (as.renewed === undefined) {
      for (const piece of pieces) imports.askedOf(piece, to, now, as.spill === true)
    }
    if (!isOurs) return
    const { grants } = arbiter.book
    this.decided(arbiter.asked(question, this.#self, now), this.#self)
    if (arbiter.book.grants > grants) voice.leaseToLeaders()
  }
}
