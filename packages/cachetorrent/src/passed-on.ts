// Claims that a leader passes on: a member that cannot be linked to the leader of a piece asks another one, which asks for it.
//
// It asks in its own name, so that the leader of the piece needs no link to the member, and answers what it was answered. One
// step only: what a leader passes on is decided where it comes to. Kept until the member says how it ended, or is gone.

import type { PeerId } from '@bt/primitives'
import type { ArbiterDesk, Verdict } from './arbiter-desk.ts'
import type { GoBetween } from './go-between.ts'
import type { ImportDesk } from './import-desk.ts'
import type { Leadership } from './leadership.ts'
import { CLAIM_LAPSE_MS, PASSED_ON_MS } from './limits.ts'
import type { CacheMessage } from './messages.ts'
import type { Voice } from './voice.ts'

type Claim = Extract<CacheMessage, { readonly kind: 'claim' }>

export interface PassedOnParts {
  readonly self: PeerId
  /** Claims that one member may hold. */
  readonly claimsMaxOf: (member: PeerId) => number
  readonly leadership: Pick<Leadership, 'silent' | 'term'>
  readonly goBetween: Pick<GoBetween, 'whomToAsk'>
  readonly imports: Pick<ImportDesk, 'isAfter'>
  readonly arbiter: Pick<ArbiterDesk, 'isHad'>
  readonly voice: Pick<Voice, 'tell'>
}

interface Passed {
  readonly asker: PeerId
  arbiter: PeerId
  isGranted: boolean
  /** When it was asked for, or renewed. */
  at: number
}

/** What is said to a member at once, and what is left for us to decide. */
export interface Parting {
  readonly verdicts: ReadonlyMap<number, Verdict>
  readonly rest: readonly number[]
}

export class PassedOn {
  readonly #parts: PassedOnParts
  readonly #passed = new Map<number, Passed>()

  constructor(parts: PassedOnParts) {
    this.#parts = parts
  }

  has(piece: number): boolean {
    return this.#passed.has(piece)
  }

  /** A member that is no leader asks for first copies. */
  asked(
    { pieces, renewed }: Pick<Claim, 'pieces' | 'renewed'>,
    asker: PeerId,
    now: number,
  ): Parting {
    const verdicts = new Map<number, Verdict>()
    const rest: number[] = []
    const questions = new Map<PeerId, number[]>()
    const most = this.#parts.claimsMaxOf(asker)
    let held = 0
    for (const passed of this.#passed.values()) if (passed.asker === asker) held++
    for (const piece of pieces) {
      const arbiter = this.#otherOf(piece, now)
      const passed = this.#passed.get(piece)
      if (arbiter === undefined) {
        if (passed?.asker === asker) this.#passed.delete(piece)
        rest.push(piece)
      } else if (this.#parts.arbiter.isHad(piece, now)) verdicts.set(piece, 'have')
      else if (this.#isAnothers(passed, piece, asker)) verdicts.set(piece, 'taken')
      else if (passed === undefined && held >= most) verdicts.set(piece, 'taken')
      else {
        if (passed === undefined) held++
        const isGranted = passed?.isGranted === true || renewed === true
        this.#passed.set(piece, { asker, arbiter, isGranted, at: now })
        questions.set(arbiter, [...(questions.get(arbiter) ?? []), piece])
      }
    }
    for (const [arbiter, asked] of questions) {
      if (this.#ask(arbiter, asked, renewed === true)) continue
      for (const piece of asked) verdicts.set(piece, this.#ended(piece))
    }
    return { verdicts, rest }
  }

  /** A leader's verdicts: those on what we passed on to it, by whom they are for. */
  answered(
    verdicts: ReadonlyMap<number, Verdict>,
    arbiter: PeerId,
  ): ReadonlyMap<PeerId, ReadonlyMap<number, Verdict>> {
    const answers = new Map<PeerId, Map<number, Verdict>>()
    for (const [piece, verdict] of verdicts) {
      const passed = this.#passed.get(piece)
      if (passed?.arbiter !== arbiter) continue
      if (verdict === 'granted' || verdict === 'again') passed.isGranted = true
      else this.#passed.delete(piece)
      const answer = answers.get(passed.asker) ?? new Map<number, Verdict>()
      answers.set(passed.asker, answer.set(piece, verdict))
    }
    return answers
  }

  /** How a member's claims ended. */
  done(verified: readonly number[], givenBack: readonly number[], member: PeerId): void {
    const isIts = (piece: number): boolean => this.#passed.get(piece)?.asker === member
    this.#end(verified.filter(isIts), givenBack.filter(isIts))
  }

  /** The member is gone: what it held is free. */
  gone(member: PeerId): void {
    const its = [...this.#passed].filter(([, { asker }]) => asker === member)
    this.#end(
      [],
      its.map(([piece]) => piece),
    )
  }

  /**
   * Claims move to who decides now; what was left unanswered, or is not renewed, ends. Answers what members are to be told.
   */
  look(now: number): ReadonlyMap<PeerId, ReadonlyMap<number, Verdict>> {
    const answers = new Map<PeerId, Map<number, Verdict>>()
    if (this.#passed.size === 0) return answers
    const moved = new Map<PeerId, number[]>()
    for (const [piece, passed] of Array.from(this.#passed)) {
      const arbiter = this.#otherOf(piece, now)
      if (passed.isGranted) {
        if (now - passed.at >= CLAIM_LAPSE_MS) this.#end([], [piece])
        else if (arbiter !== undefined && arbiter !== passed.arbiter) {
          passed.arbiter = arbiter
          moved.set(arbiter, [...(moved.get(arbiter) ?? []), piece])
        }
        continue
      }
      const isLate = now - passed.at >= PASSED_ON_MS
      if (!isLate && arbiter === passed.arbiter) continue
      if (isLate) this.#parts.leadership.silent(passed.arbiter, now)
      this.#end([], [piece])
      const answer = answers.get(passed.asker) ?? new Map<number, Verdict>()
      answers.set(passed.asker, answer.set(piece, 'taken'))
    }
    for (const [arbiter, pieces] of moved) this.#ask(arbiter, pieces, true)
    return answers
  }

  /** Whom we ask about a piece ourselves; undefined: we do, or nobody that we see. */
  #otherOf(piece: number, now: number): PeerId | undefined {
    const { goBetween, self } = this.#parts
    const arbiter = goBetween.whomToAsk(piece, now)
    return arbiter === self ? undefined : arbiter
  }

  #isAnothers(passed: Passed | undefined, piece: number, asker: PeerId): boolean {
    return passed === undefined ? this.#parts.imports.isAfter(piece) : passed.asker !== asker
  }

  #ended(piece: number): Verdict {
    this.#passed.delete(piece)
    return 'taken'
  }

  #ask(arbiter: PeerId, pieces: readonly number[], renewed: boolean): boolean {
    const message = { kind: 'claim', pieces, term: this.#parts.leadership.term } as const
    return this.#parts.voice.tell(arbiter, renewed ? { ...message, renewed } : message)
  }

  #end(verified: readonly number[], givenBack: readonly number[]): void {
    for (const piece of [...verified, ...givenBack]) {
      const arbiter = this.#passed.get(piece)?.arbiter
      this.#passed.delete(piece)
      if (arbiter === undefined) continue
      const isHere = verified.includes(piece)
      this.#parts.voice.tell(arbiter, {
        kind: 'claim-done',
        verified: isHere ? [piece] : [],
        givenBack: isHere ? [] : [piece],
        term: this.#parts.leadership.term,
      })
    }
  }
}
