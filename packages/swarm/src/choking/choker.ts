// One round of choking: facts in, the set of unchoked peers out.
//
// Leeching: those who send us most over 20 s, snubbed ones left out, and one by chance, newly connected peers three
// times as likely. Seeding: by turns, whoever has waited longest, so that a fast or greedy peer takes no more than its
// share. What an address got is remembered beyond its connections: reconnecting, or coming as many, gains nothing.
// BEP 3 "choking"; the attack on seeds by Adamsky and others (2014).

import type { Random } from '@bt/ports'
import { ChokeHistory } from './choke-history.ts'
import { type OrderOf, Ranking } from './ranking.ts'

export interface ChokeFacts<P> {
  readonly peer: P
  /** `addressKey` of its host; undefined: loopback, where caps do not apply. */
  readonly address: string | undefined
  readonly interested: boolean
  readonly snubbed: boolean
  /** The link allows it, and it is no seed. Asked only of those that would be chosen. */
  readonly mayUpload: boolean
  readonly connectedAt: number
  /** What it sent us, over the last 20 s. */
  readonly receivedPerSecond: number
  /** Payload sent to it on this connection. */
  readonly sentBytes: number
}

export interface ChokeLimits {
  /** Unchoked by rank. */
  readonly slots: number
  /** Unchoked by chance, besides. */
  readonly optimisticSlots: number
  /** Of one address at a time. */
  readonly slotsPerAddressMax: number
  /** How long a turn is while seeding. */
  readonly turnMs: number
  /** How long a peer that sends us nothing keeps its slot against another that sends nothing. */
  readonly trialMs: number
  /** Connected for less than this is new. */
  readonly newMs: number
  /** How much likelier than an old peer a new one is to be unchoked by chance. */
  readonly newWeight: number
  /** An address that got more than this comes after all others while seeding. */
  readonly greedyBytes: number
}

export const CHOKE_LIMITS: ChokeLimits = {
  slots: 4, // BEP 3: enough to keep TCP busy, few enough that each is worth having
  optimisticSlots: 1, // BEP 3
  slotsPerAddressMax: 2, // two people behind one router, not twenty ids of one
  turnMs: 30_000, // three rounds: a rate worth having, and nobody waits for minutes
  trialMs: 30_000, // as long as an optimistic unchoke
  newMs: 60_000, // two optimistic rotations
  newWeight: 3, // BEP 3
  greedyBytes: Number.POSITIVE_INFINITY, // the engine says 1.5 times the content
}

export interface ChokeRound {
  readonly now: number
  /** We have all that is wanted: nobody can pay us back. */
  readonly seeding: boolean
  /** Time for another optimistic peer. */
  readonly rotate: boolean
  /** Between two beats: whoever has a slot keeps it, only free ones are given. */
  readonly early?: boolean
}

export class Choker<P> {
  readonly #random: Random
  #limits: ChokeLimits
  readonly #history = new ChokeHistory<P>()
  /** Since when each unchoked peer has its slot, in the order they got it. */
  #unchokedSince = new Map<P, number>()
  #optimistic: readonly P[] = []
  /** Who was unchoked by rank in the last round. */
  #ranked: readonly P[] = []
  readonly #ranking = new Ranking<ChokeFacts<P>>()

  constructor(random: Random, limits?: Partial<ChokeLimits>) {
    this.#random = random
    this.#limits = { ...CHOKE_LIMITS, ...limits }
  }

  /** How many peers a round unchokes when as many are interested. */
  get slotCount(): number {
    return this.#limits.slots + this.#limits.optimisticSlots
  }

  /** Counts from the next round on. */
  setLimits(limits: Partial<ChokeLimits>): void {
    this.#limits = { ...this.#limits, ...limits }
  }

  /** Who is unchoked from now on, `optimistic` among them; in order of rank. Cost: O(n) for each slot to be given. */
  round(
    peers: readonly ChokeFacts<P>[],
    round: ChokeRound,
  ): { readonly unchoked: readonly P[]; readonly optimistic: readonly P[] } {
    const { slots: ranks, optimisticSlots, slotsPerAddressMax } = this.#limits
    // What an address got counts while seeding; until then it is enough to count it when the peer leaves.
    if (round.seeding) for (const facts of peers) this.#sent(facts)
    const able = peers.filter((facts) => facts.interested)
    const slots = new Slots<P>(slotsPerAddressMax)
    let optimistic: readonly P[] = []
    if (round.seeding) {
      this.#fill(slots, able, ranks + optimisticSlots, this.#byTurn(round.now))
    } else {
      const ranked = able.filter((facts) => !facts.snubbed)
      this.#fill(slots, ranked, ranks, this.#byRate(round))
      this.#ranked = Array.from(slots.taken)
      optimistic = this.#byChance(able, slots, round)
    }
    this.#optimistic = optimistic
    for (const facts of slots.facts) if (!this.#unchokedSince.has(facts.peer)) this.#sent(facts)
    this.applied(slots.taken, round.now)
    return { unchoked: slots.taken, optimistic }
  }

  /** Who is really unchoked, where a policy changed the round's answer. */
  applied(unchoked: readonly P[], now: number): void {
    const since = new Map<P, number>()
    for (const peer of unchoked) since.set(peer, this.#unchokedSince.get(peer) ?? now)
    for (const peer of this.#unchokedSince.keys()) {
      if (!since.has(peer)) this.#history.turnEnded(peer, now)
    }
    this.#unchokedSince = since
  }

  /** Its connection is closed, over which it got so many bytes; what its address got stays known. */
  left(peer: P, now: number, sentBytes = 0): void {
    if (this.#unchokedSince.delete(peer)) this.#history.turnEnded(peer, now)
    this.#optimistic = this.#optimistic.filter((other) => other !== peer)
    this.#history.left(peer, sentBytes)
  }

  /** Gives slots to the best until so many are taken. */
  #fill(
    slots: Slots<P>,
    peers: readonly ChokeFacts<P>[],
    count: number,
    order: OrderOf<ChokeFacts<P>>,
  ): void {
    const left = Array.from(peers.keys())
    this.#ranking.begin(peers, order)
    while (slots.taken.length < count && left.length > 0) {
      let best = 0
      for (let at = 1; at < left.length; at++) {
        if (this.#ranking.goesBefore(left[at] as number, left[best] as number)) best = at
      }
      slots.take(peers[left[best] as number] as ChokeFacts<P>)
      left.splice(best, 1)
    }
    this.#ranking.end()
  }

  /** Best senders first; among equals those on trial, then who has waited longest. */
  #byRate({ now, early = false }: ChokeRound): OrderOf<ChokeFacts<P>> {
    const { trialMs } = this.#limits
    return [
      ({ peer }) => (early && this.#ranked.includes(peer) ? 0 : 1),
      (facts) => -facts.receivedPerSecond,
      ({ peer }) => (this.#isWithin(peer, trialMs, now) ? 0 : 1),
      (facts) => this.#waitingSince(facts, trialMs, now),
    ]
  }

  /** Who has a turn keeps it to its end; then who has waited longest; the greedy last. */
  #byTurn(now: number): OrderOf<ChokeFacts<P>> {
    const { turnMs, greedyBytes } = this.#limits
    return [
      ({ address }) => (this.#history.sentTo(address) > greedyBytes ? 1 : 0),
      ({ peer }) => (this.#isWithin(peer, turnMs, now) ? 0 : 1),
      (facts) => this.#waitingSince(facts, turnMs, now),
    ]
  }

  /** Those by chance: they stay until the rotation. Slots that rank could not fill go the same way. */
  #byChance(able: readonly ChokeFacts<P>[], slots: Slots<P>, round: ChokeRound): readonly P[] {
    const count = this.#limits.slots + this.#limits.optimisticSlots
    const chosen: P[] = []
    const unchoke = (facts: ChokeFacts<P>): void => {
      if (slots.taken.length < count && slots.take(facts)) chosen.push(facts.peer)
    }
    const last = able.filter(({ peer }) => this.#optimistic.includes(peer) && !slots.has(peer))
    if (!round.rotate) for (const facts of last) unchoke(facts)
    if (slots.taken.length < count) {
      const others = able.filter(({ peer }) => !slots.has(peer) && !this.#optimistic.includes(peer))
      this.#draw(others, round.now, (facts) => {
        unchoke(facts)
        return slots.taken.length < count
      })
    }
    // At a rotation the last one gives way, unless nobody else is there.
    for (const facts of last) unchoke(facts)
    return chosen
  }

  /** Weighted draws without replacement, as long as `goOn` says so. */
  #draw(
    peers: readonly ChokeFacts<P>[],
    now: number,
    goOn: (facts: ChokeFacts<P>) => boolean,
  ): void {
    const { newMs, newWeight, slots, optimisticSlots } = this.#limits
    const left = Array.from(peers)
    const weights = left.map((facts) => (now - facts.connectedAt < newMs ? newWeight : 1))
    let total = weights.reduce((sum, weight) => sum + weight, 0)
    // Refusals (slots per address) may cost a few more draws than there are slots.
    for (let draws = Math.min(left.length, 4 * (slots + optimisticSlots)); draws > 0; draws--) {
      let at = this.#random.below(total)
      const index = weights.findIndex((weight) => (at -= weight) < 0)
      total -= weights.splice(index, 1)[0] as number
      if (!goOn(left.splice(index, 1)[0] as ChokeFacts<P>)) return
    }
  }

  #sent({ peer, address, sentBytes }: ChokeFacts<P>): void {
    this.#history.sent(peer, address, sentBytes)
  }

  #isWithin(peer: P, ms: number, now: number): boolean {
    const since = this.#unchokedSince.get(peer)
    return since !== undefined && now - since < ms
  }

  /** Since it came, or since its address last had a turn, whichever is later; a turn that ends now ends now. */
  #waitingSince(facts: ChokeFacts<P>, turnMs: number, now: number): number {
    const { peer, address, connectedAt } = facts
    if (this.#unchokedSince.has(peer) && !this.#isWithin(peer, turnMs, now)) return now
    return Math.max(connectedAt, this.#history.lastTurn(peer, address))
  }
}

/** The unchoked of a round, so many per address. */
class Slots<P> {
  readonly taken: P[] = []
  readonly facts: ChokeFacts<P>[] = []
  readonly #perAddressMax: number

  constructor(perAddressMax: number) {
    this.#perAddressMax = perAddressMax
  }

  has(peer: P): boolean {
    return this.taken.includes(peer)
  }

  take(facts: ChokeFacts<P>): boolean {
    if (this.has(facts.peer) || !this.#hasRoomFor(facts.address) || !facts.mayUpload) return false
    this.taken.push(facts.peer)
    this.facts.push(facts)
    return true
  }

  #hasRoomFor(address: string | undefined): boolean {
    if (address === undefined) return true
    let used = 0
    for (const other of this.facts) if (other.address === address) used++
    return used < this.#perAddressMax
  }
}
