// Does what the choker says: collects the facts of a round, asks the policy, unchokes and chokes.
//
// Shell around Choker and ChokeRounds. Unchokes go out before chokes; a peer that may not be served by its link, or
// has everything, is never in the set. Who is neither interested nor unchoked is not looked at.

import type { Alarm, Clock } from '@bt/ports'
import type { ReadonlyBitfield } from '@bt/primitives'
import type { Peer } from '../peers/peer.ts'
import type { Turn } from '../peers/turn.ts'
import type { PolicySeat } from '../policy-seat.ts'
import type { UnchokeRound } from '../policy.ts'
import { Candidate } from './candidate.ts'
import type { Choker, ChokeRound } from './choker.ts'
import type { ChokeRounds } from './choke-rounds.ts'

/**
 * Milliseconds between two rounds of a torrent that wants nothing and has nobody connected: housekeeping alone. With a
 * round every 10 s each, ten thousand of them cost 3 % of a core.
 */
export const QUIET_ROUND_MS = 60_000

export interface SlotsParts {
  readonly choker: Choker<Candidate>
  readonly rounds: ChokeRounds
  readonly seat: PolicySeat
  readonly clock: Clock
  readonly turn: Turn
  readonly have: ReadonlyBitfield
  readonly isSeeding: () => boolean
  /** Nothing is wanted, and nobody connected. */
  readonly isQuiet: () => boolean
  /** It has everything, or says that it wants nothing. */
  readonly wantsNothing: (peer: Peer) => boolean
  readonly snubbed: (peer: Peer, now: number) => boolean
  readonly receivedPerSecond: (peer: Peer, now: number) => number
  /** It was choked: what it asked for is forgotten. */
  readonly choked: (peer: Peer) => void
  /** Each full round, every 10 s: the pulse of housekeeping. */
  readonly pulse: (now: number) => void
}

export class Slots {
  readonly #parts: SlotsParts
  readonly #look = (): void => this.#round()
  #alarm: Alarm | undefined
  #alarmAt = 0
  /** The alarm is that of a quiet torrent. */
  #isResting = false
  /** Those that a round is about: interested, or unchoked; in the order they came to be so. */
  readonly #concerned = new Set<Candidate>()
  /** Those that have a slot now. */
  #unchoked: Candidate[] = []
  readonly #rules = { mayUpload: (link: Peer): boolean => this.#mayUpload(link) }
  #closed = false

  constructor(parts: SlotsParts) {
    this.#parts = parts
    this.#arm()
  }

  /** A round before its time is of use only where a slot is free for the peer, or comes free. */
  interestChanged(peer: Peer): void {
    const { choker, rounds, seat, turn } = this.#parts
    const candidate = this.#candidateOf(peer)
    const { isUnchoked } = candidate
    const interested = peer.session.peerInterested
    candidate.interested = interested
    if (interested) this.#concerned.add(candidate)
    else if (!isUnchoked) this.#concerned.delete(candidate)
    const isOfUse = isUnchoked
      ? !interested
      : interested && this.#unchoked.length < choker.slotCount
    if (!isOfUse && seat.policy?.unchoke === undefined) return
    rounds.interestChanged()
    turn.later(this.#look)
  }

  /** It lets us ask, or sent a block: from now on it has a rate. */
  gave(peer: Peer): void {
    this.#candidateOf(peer).gives = true
  }

  /** It may have said already that it is interested. */
  joined(peer: Peer): void {
    this.wake()
    const candidate = this.#candidateOf(peer)
    if (candidate.interested) this.#concerned.add(candidate)
  }

  left(peer: Peer): void {
    const candidate = this.#candidateOf(peer)
    peer.candidate = undefined
    this.#concerned.delete(candidate)
    const { choker, rounds, clock, turn } = this.#parts
    choker.left(candidate, clock.now(), peer.sentBytes)
    if (candidate.isUnchoked) {
      this.#unchoked = this.#unchoked.filter((other) => other !== candidate)
      rounds.slotFreed()
    }
    turn.later(this.#look)
  }

  /** It may not be quiet any more: rounds are on the beat again. */
  wake(): void {
    if (!this.#isResting || this.#parts.isQuiet()) return
    this.#parts.rounds.resume(this.#parts.clock.now())
    this.#arm()
  }

  /** A policy's answer changed: a round as soon as this turn ends. */
  changed(): void {
    this.#apply(false, true)
  }

  close(): void {
    this.#closed = true
    this.#alarm?.cancel()
  }

  #round(): void {
    if (this.#closed) return
    const now = this.#parts.clock.now()
    const due = this.#parts.rounds.due(now)
    if (due !== undefined) {
      this.#apply(due.rotate, due.early)
      if (!due.early) this.#parts.pulse(now)
    }
    this.#arm()
  }

  #arm(): void {
    if (this.#closed) return
    const { clock, rounds, turn, isQuiet } = this.#parts
    const isResting = isQuiet()
    const isSet = this.#alarm !== undefined && this.#isResting === isResting
    this.#isResting = isResting
    const deadline = isResting ? clock.now() + QUIET_ROUND_MS : rounds.deadline()
    if (isSet && (isResting || this.#alarmAt === deadline)) return
    this.#alarm?.cancel()
    this.#alarmAt = deadline
    this.#alarm = clock.at(deadline, () => {
      this.#alarm = undefined
      this.#round()
      turn.end()
    })
  }

  #apply(rotate: boolean, early: boolean): void {
    const { have, clock, isSeeding, seat } = this.#parts
    const now = clock.now()
    const candidates = have.count > 0 ? Array.from(this.#concerned) : []
    const round = { now, seeding: isSeeding(), rotate, early }
    const isByPolicy = seat.policy?.unchoke !== undefined
    const chosen = isByPolicy ? this.#decided(candidates, round) : this.#ranked(candidates, round)
    for (const one of chosen) {
      if (one.isUnchoked || one.link.isClosed || (isByPolicy && !one.mayUpload)) continue
      one.link.session.unchoke()
      one.isUnchoked = true
      this.#concerned.add(one)
      this.#unchoked.push(one)
      one.link.touch()
    }
    for (const one of Array.from(this.#unchoked)) {
      if (!chosen.includes(one) || (isByPolicy && !one.mayUpload)) this.#choke(one)
    }
  }

  /** The choker's answer. */
  #ranked(candidates: readonly Candidate[], round: ChokeRound): readonly Candidate[] {
    if (!round.seeding) {
      for (const one of candidates) if (one.gives) this.#measure(one, round.now)
    }
    return this.#parts.choker.round(candidates, round).unchoked
  }

  /** What the policy makes of it; ranked only if it asks. */
  #decided(candidates: readonly Candidate[], round: ChokeRound): readonly Candidate[] {
    const { seat, choker } = this.#parts
    const { now, seeding } = round
    const interested = candidates.filter((one) => one.interested && one.mayUpload).map(linkOf)
    let proposed: readonly Peer[] | undefined
    const propose = (): readonly Peer[] =>
      (proposed ??= this.#ranked(candidates, round).map(linkOf))
    const asked: UnchokeRound = {
      interested,
      seeding,
      now,
      get proposed() {
        return propose()
      },
    }
    const chosen = seat.unchoke(asked)
    const decided = (chosen as readonly Peer[]).map((peer) => this.#candidateOf(peer))
    if (chosen !== proposed) choker.applied(decided, now)
    return decided
  }

  #choke(one: Candidate): void {
    this.#unchoked = this.#unchoked.filter((other) => other !== one)
    one.isUnchoked = false
    if (!one.interested) this.#concerned.delete(one)
    one.link.session.choke()
    this.#parts.choked(one.link)
    one.link.touch()
  }

  /** What it gives now. Who chokes us and sent nothing for long is not asked again until it gives something. */
  #measure(one: Candidate, now: number): void {
    const { link } = one
    one.snubbed = this.#parts.snubbed(link, now)
    one.receivedPerSecond = Math.round(this.#parts.receivedPerSecond(link, now))
    one.gives = !link.session.peerChoking || one.receivedPerSecond > 0
  }

  #candidateOf(peer: Peer): Candidate {
    peer.candidate ??= new Candidate(peer, this.#rules)
    return peer.candidate as Candidate
  }

  #mayUpload(peer: Peer): boolean {
    const { seat, have, wantsNothing } = this.#parts
    return have.count > 0 && !wantsNothing(peer) && seat.mayServe(peer)
  }
}

function linkOf({ link }: Candidate): Peer {
  return link
}
