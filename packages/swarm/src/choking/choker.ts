// One round of choking: facts in, the set of unchoked peers out.
//
// Leeching: those who send us most over 20 s, snubbed ones left out, and one by chance, newly connected peers three
// times as likely. Seeding: by turns, whoever has waited longest, so that a fast or greedy peer takes no more than its
// share. What an address got is remembered beyond its connections: reconnecting, or coming as many, gains nothing.
// BEP 3 "choking"; the attack on seeds by Adamsky and others (2014).

import type { Random } from '@bt/ports'
import { ChokeHistory } from './choke-history.ts'

export interface ChokeFacts<P> {
  readonly peer: P
  /** `addressKey` of its host; undefined: loopback, where caps do not apply. */
  readonly address: string | undefined
  readonly interested: boolean
  readonly snubbed: boolean
  /** The link allows it, and it is no seed. */
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
  #ranked: ReadonlySet<P> = new Set()

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

  /** Who is unchoked from now on, `optimistic` among them; in order of rank. Cost: O(n log n). */
  round(
    peers: readonly ChokeFacts<P>[],
    round: ChokeRound,
  ): { readonly unchoked: readonly P[]; readonly optimistic: readonly P[] } {
    for (const facts of peers) this.#history.sent(facts.peer, facts.address, facts.sentBytes)
    const able = peers.filter((facts) => facts.interested && facts.mayUpload)
    const slots = new Slots<P>(this.#limits.slotsPerAddressMax)
    let optimistic: readonly P[] = []
    if (round.seeding) {
      slots.fill(this.#byTurn(able, round.now), this.#limits.slots + this.#limits.optimisticSlots)
    } else {
      slots.fill(this.#byRate(able, round), this.#limits.slots)
      this.#ranked = new Set(slots.taken)
      optimistic = this.#byChance(able, slots, round)
    }
    this.#optimistic = optimistic
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

  /** Its connection is closed; what its address got stays known. */
  left(peer: P, now: number): void {
    if (this.#unchokedSince.delete(peer)) this.#history.turnEnded(peer, now)
    this.#optimistic = this.#optimistic.filter((other) => other !== peer)
    this.#history.left(peer)
  }

  /** Best senders first; among equals those on trial, then who has waited longest. */
  #byRate(able: readonly ChokeFacts<P>[], round: ChokeRound): readonly ChokeFacts<P>[] {
    const { now, early = false } = round
    const { trialMs } = this.#limits
    const ranked = able.filter((facts) => !facts.snubbed)
    return inOrder(ranked, (facts) => {
      const onTrial = this.#isWithin(facts.peer, trialMs, now)
      const ended = this.#unchokedSince.has(facts.peer) && !onTrial
      const keeps = early && this.#ranked.has(facts.peer)
      return [
        keeps ? 0 : 1,
        -facts.receivedPerSecond,
        onTrial ? 0 : 1,
        ended ? now : this.#waitingSince(facts),
      ]
    })
  }

  /** Who has a turn keeps it to its end; then who has waited longest; the greedy last. */
  #byTurn(able: readonly ChokeFacts<P>[], now: number): readonly ChokeFacts<P>[] {
    const { turnMs, greedyBytes } = this.#limits
    return inOrder(able, (facts) => {
      const greedy = this.#history.sentTo(facts.address) > greedyBytes
      const inTurn = this.#isWithin(facts.peer, turnMs, now)
      const ended = this.#unchokedSince.has(facts.peer) && !inTurn
      return [greedy ? 1 : 0, inTurn ? 0 : 1, ended ? now : this.#waitingSince(facts)]
    })
  }

  /** Those by chance: they stay until the rotation. Slots that rank could not fill go the same way. */
  #byChance(able: readonly ChokeFacts<P>[], slots: Slots<P>, round: ChokeRound): readonly P[] {
    const count = this.#limits.slots + this.#limits.optimisticSlots - slots.taken.length
    const chosen: P[] = []
    const unchoke = (facts: ChokeFacts<P>): void => {
      if (chosen.length < count && slots.take(facts)) chosen.push(facts.peer)
    }
    if (!round.rotate) {
      for (const facts of able) if (this.#optimistic.includes(facts.peer)) unchoke(facts)
    }
    const drawn = able.filter((facts) => !slots.has(facts.peer))
    // At a rotation the last one gives way, unless nobody else is there.
    const others = drawn.filter((facts) => !this.#optimistic.includes(facts.peer))
    const last = drawn.filter((facts) => this.#optimistic.includes(facts.peer))
    for (const facts of this.#shuffled(others, round.now)) unchoke(facts)
    for (const facts of last) unchoke(facts)
    return chosen
  }

  /** Weighted draws without replacement. */
  #shuffled(peers: readonly ChokeFacts<P>[], now: number): readonly ChokeFacts<P>[] {
    const { newMs, newWeight, slots, optimisticSlots } = this.#limits
    const left = peers.map((facts) => ({
      facts,
      weight: now - facts.connectedAt < newMs ? newWeight : 1,
    }))
    let total = left.reduce((sum, { weight }) => sum + weight, 0)
    const drawn: ChokeFacts<P>[] = []
    // Refusals (slots per address) may cost a few more draws than there are slots.
    const draws = Math.min(left.length, 4 * (slots + optimisticSlots))
    while (drawn.length < draws) {
      let at = this.#random.below(total)
      const index = left.findIndex(({ weight }) => (at -= weight) < 0)
      const [taken] = left.splice(index, 1)
      if (taken === undefined) break
      total -= taken.weight
      drawn.push(taken.facts)
    }
    return drawn
  }

  #isWithin(peer: P, ms: number, now: number): boolean {
    const since = this.#unchokedSince.get(peer)
    return since !== undefined && now - since < ms
  }

  /** Since it came, or since its address last had a turn, whichever is later. */
  #waitingSince(facts: ChokeFacts<P>): number {
    return Math.max(facts.connectedAt, this.#history.lastTurn(facts.peer, facts.address))
  }
}

/** The unchoked of a round, so many per address. */
class Slots<P> {
  readonly taken: P[] = []
  readonly #peers = new Set<P>()
  readonly #perAddress = new Map<string, number>()
  readonly #perAddressMax: number

  constructor(perAddressMax: number) {
    this.#perAddressMax = perAddressMax
  }

  has(peer: P): boolean {
    return this.#peers.has(peer)
  }

  take({ peer, address }: ChokeFacts<P>): boolean {
    const used = address === undefined ? 0 : (this.#perAddress.get(address) ?? 0)
    if (this.#peers.has(peer) || used >= this.#perAddressMax) return false
    if (address !== undefined) this.#perAddress.set(address, used + 1)
    this.#peers.add(peer)
    this.taken.push(peer)
    return true
  }

  fill(ranked: readonly ChokeFacts<P>[], count: number): void {
    for (const facts of ranked) {
      if (this.taken.length >= count) return
      this.take(facts)
    }
  }
}

/** By numbers, the first that differs; equals stay in the order they came. */
function inOrder<T>(items: readonly T[], key: (item: T) => readonly number[]): readonly T[] {
  return items
    .map((item, at) => ({ item, at, keys: key(item) }))
    .sort((one, other) => {
      for (let index = 0; index < one.keys.length; index++) {
        const difference = (one.keys[index] as number) - (other.keys[index] as number)
        if (difference !== 0) return difference
      }
      return one.at - other.at
    })
    .map(({ item }) => item)
}
