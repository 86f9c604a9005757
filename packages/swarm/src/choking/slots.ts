// Does what the choker says: collects the facts of a round, asks the policy, unchokes and chokes.
//
// Shell around Choker and ChokeRounds. Unchokes go out before chokes; a peer that may not be served by its link, or
// has everything, is never in the set. Who is neither interested nor unchoked is not looked at: in a large swarm there
// are rounds between two beats for every piece.

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
  readonly isSeeding: () => boolean
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
  /** Peers that a round is about: interested, or unchoked; in the order they came to be so. */
  readonly #concerned = new Set<Peer>()
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
    if (peerInterested) this.#concerned.add(peer)
    else if (amChoking) this.#concerned.delete(peer)
    const isOfUse = amChoking
      ? peerInterested && this.#unchokedCount < choker.slotCount
      : !peerInterested
    if (!isOfUse && seat.policy?.unchoke === undefined) return
    rounds.interestChanged()
    turn.later(this.#look)
  }

  /** It may have said already that it is interested. */
  joined(peer: Peer): void {
    if (peer.session.peerInterested) this.#concerned.add(peer)
  }

  left(peer: Peer): void {
    this.#concerned.delete(peer)
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
    const { clock, rounds, turn } = this.#parts
    const deadline = rounds.deadline()
    if (this.#alarm !== undefined && this.#alarmAt === deadline) return
    this.#alarm?.cancel()
    this.#alarmAt = deadline
    this.#alarm = clock.at(deadline, () => {
      this.#alarm = undefined
      this.#round()
      turn.end()
    })
  }

  #apply(rotate: boolean, early: boolean): void {
    const { choker, seat, clock } = this.#parts
    const now = clock.now()
    const seeding = this.#parts.isSeeding()
    const facts: ChokeFacts<Peer>[] = []
    const interested: Peer[] = []
    for (const peer of this.#concerned) {
      const fact = this.#factsOf(peer, now, seeding)
      facts.push(fact)
      if (fact.interested && fact.mayUpload) interested.push(peer)
    }
    const answer = choker.round(facts, { now, seeding, rotate, early })
    const { unchoked: proposed } = answer
    const chosen = seat.unchoke({ interested, proposed, seeding, now }) as readonly Peer[]
    if (chosen !== proposed) choker.applied(chosen, now)
    for (const peer of chosen) {
      if (peer.isClosed || !peer.session.amChoking || !this.#mayUpload(peer)) continue
      peer.session.unchoke()
      this.#concerned.add(peer)
      this.#unchokedCount++
      peer.touch()
    }
    for (const { peer, mayUpload } of facts) {
      if (peer.session.amChoking || (mayUpload && chosen.includes(peer))) continue
      peer.session.choke()
      if (!peer.session.peerInterested) this.#concerned.delete(peer)
      this.#unchokedCount--
      this.#parts.choked(peer)
      peer.touch()
    }
  }

  #factsOf(peer: Peer, now: number, seeding: boolean): ChokeFacts<Peer> {
    const interested = peer.session.peerInterested
    const mayUpload = this.#mayUpload(peer)
    // rates matter of those only who can be chosen, and where they can pay back
    const isAble = interested && mayUpload && !seeding
    return {
      peer,
      address: peer.address,
      interested,
      snubbed: isAble && this.#parts.snubbed(peer, now),
      mayUpload,
      connectedAt: peer.openedAt,
      receivedPerSecond: isAble ? this.#parts.receivedPerSecond(peer, now) : 0,
      sentBytes: peer.sentBytes,
    }
  }
  /** There is something for it here, and its link allows it. */
  #mayUpload(peer: Peer): boolean {
    const { seat, have, wantsNothing } = this.#parts
    return have.count > 0 && !wantsNothing(peer) && seat.mayServe(peer)
  }
}
