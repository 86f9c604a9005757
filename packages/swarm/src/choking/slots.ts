// Does what the choker says: collects the facts of a round, asks the policy, unchokes and chokes.
//
// Shell around Choker and ChokeRounds. Unchokes go out before chokes; a peer that may not be served by its link, or
// has everything, is never in the set.

import type { Alarm, Clock } from '@bt/ports'
import type { ReadonlyBitfield } from '@bt/primitives'
import type { Peer } from '../peers/peer.ts'
import type { Turn } from '../peers/turn.ts'
import type { PolicySeat } from '../policy-seat.ts'
import type { ChokeFacts, Choker } from './choker.ts'
import type { ChokeRounds } from './choke-rounds.ts'

export interface SlotsParts {
  readonly choker: Choker<Peer>
  readonly rounds: ChokeRounds
  readonly seat: PolicySeat
  readonly clock: Clock
  readonly turn: Turn
  readonly have: ReadonlyBitfield
  readonly peers: () => Iterable<Peer>
  readonly isSeeding: () => boolean
  /** It has everything, or says that it wants nothing. */
  readonly wantsNothing: (peer: Peer) => boolean
  readonly snubbed: (peer: Peer, now: number) => boolean
  readonly receivedPerSecond: (peer: Peer, now: number) => number
  readonly sentPerSecond: (peer: Peer, now: number) => number
  /** It was choked: what it asked for is forgotten. */
  readonly choked: (peer: Peer) => void
  /** Each full round, every 10 s: the pulse of housekeeping. */
  readonly pulse: (now: number) => void
}

export class Slots {
  readonly #parts: SlotsParts
  readonly #look = (): void => this.#round()
  #alarm: Alarm | undefined
  /** Peers that have a slot now. */
  #unchokedCount = 0
  #closed = false

  constructor(parts: SlotsParts) {
    this.#parts = parts
    this.#arm()
  }

  /** A round before its time is of use only where a slot is free for the peer, or comes free. */
  interestChanged(peer: Peer): void {
    const { choker, rounds, seat, turn } = this.#parts
    const { amChoking, peerInterested } = peer.session
    const isOfUse = amChoking
      ? peerInterested && this.#unchokedCount < choker.slotCount
      : !peerInterested
    if (!isOfUse && seat.policy?.unchoke === undefined) return
    rounds.interestChanged()
    turn.later(this.#look)
  }

  left(peer: Peer): void {
    const { choker, rounds, clock, turn } = this.#parts
    choker.left(peer, clock.now())
    if (!peer.session.amChoking) {
      this.#unchokedCount--
      rounds.slotFreed()
    }
    turn.later(this.#look)
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
    this.#alarm?.cancel()
    const { clock, rounds, turn } = this.#parts
    this.#alarm = clock.at(rounds.deadline(), () => {
      this.#round()
      turn.end()
    })
  }

  #apply(rotate: boolean, early: boolean): void {
    const { choker, seat, clock } = this.#parts
    const now = clock.now()
    const seeding = this.#parts.isSeeding()
    const facts: ChokeFacts<Peer>[] = []
    for (const peer of this.#parts.peers()) facts.push(this.#factsOf(peer, now))
    const answer = choker.round(facts, { now, seeding, rotate, early })
    const interested = facts.filter((fact) => fact.interested && fact.mayUpload)
    const chosen = seat.unchoke({
      interested: interested.map((fact) => fact.peer),
      proposed: answer.unchoked,
      seeding,
      now,
    })
    const unchoked = new Set(chosen)
    if (chosen !== answer.unchoked) choker.applied(chosen as readonly Peer[], now)
    for (const { peer, mayUpload } of facts) {
      if (!unchoked.has(peer) || !mayUpload || !peer.session.amChoking) continue
      peer.session.unchoke()
      this.#unchokedCount++
      peer.touch()
    }
    for (const { peer, mayUpload } of facts) {
      if ((unchoked.has(peer) && mayUpload) || peer.session.amChoking) continue
      peer.session.choke()
      this.#unchokedCount--
      this.#parts.choked(peer)
      peer.touch()
    }
  }

  #factsOf(peer: Peer, now: number): ChokeFacts<Peer> {
    const { seat, have } = this.#parts
    const interested = peer.session.peerInterested
    const canUse = have.count > 0 && !this.#parts.wantsNothing(peer)
    const mayUpload = canUse && seat.mayServe(peer)
    // rates matter of those only who can be chosen
    const isAble = interested && mayUpload
    return {
      peer,
      address: peer.address,
      interested,
      snubbed: isAble && this.#parts.snubbed(peer, now),
      mayUpload,
      connectedAt: peer.openedAt,
      receivedPerSecond: isAble ? this.#parts.receivedPerSecond(peer, now) : 0,
      sentPerSecond: isAble ? this.#parts.sentPerSecond(peer, now) : 0,
      sentBytes: peer.sentBytes,
    }
  }
}
