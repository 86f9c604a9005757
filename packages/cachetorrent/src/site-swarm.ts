// One site of one swarm as the tracker sees it: members that may lead, who leads, in which term.

import type { Endpoint, InfoHash, PeerId } from '@bt/primitives'
import type { ReplyLeader } from './announce-reply.ts'
import { type Candidate, elect, leaderCount } from './election.ts'
import { ELECTION_MS, LEADERS_MIN } from './limits.ts'

export interface SiteMember extends Candidate {
  readonly endpoint: Endpoint
  /** Speaks CacheTorrent, is where it says it is, and did not vanish lately. */
  readonly eligible: boolean
}

export class SiteSwarm {
  readonly #infoHash: InfoHash
  readonly #members = new Map<string, SiteMember>()
  #leaders: readonly ReplyLeader[] = []
  #term = 0
  #electedAt = Number.NEGATIVE_INFINITY

  constructor(infoHash: InfoHash) {
    this.#infoHash = infoHash
  }

  get size(): number {
    return this.#members.size
  }

  get term(): number {
    return this.#term
  }

  get leaders(): readonly ReplyLeader[] {
    return this.#leaders
  }

  /** Milliseconds since the leaders last changed. */
  settledFor(now: number): number {
    return now - this.#electedAt
  }

  /** `key` names the member, whatever peer id it has now. */
  put(key: string, member: SiteMember): void {
    this.#members.set(key, member)
  }

  remove(key: string): boolean {
    return this.#members.delete(key)
  }

  leads(peerId: PeerId): boolean {
    return this.#leaders.some((leader) => leader.peerId === peerId)
  }

  /**
   * Holds an election if one is due: a leader is gone, there are fewer than two, or 10 s have passed. There are more
   * leaders only after the first two cases: each change of leaders is a time in which members disagree on them. A change
   * begins a new term, at least `termAtLeast`, so that a tracker that forgot everything goes on above its old ones.
   */
  review(leaderPercent: number, now: number, termAtLeast: number): void {
    const members = [...this.#members.values()]
    const candidates = members.filter(({ eligible }) => eligible)
    const present = new Set(candidates.map(({ peerId }) => peerId))
    const sitting = this.#leaders.map(({ peerId }) => peerId).filter((id) => present.has(id))
    const most = leaderCount(candidates.length, leaderPercent)
    const short = sitting.length < Math.min(LEADERS_MIN, most)
    const lost = sitting.length < this.#leaders.length
    if (!short && !lost && now - this.#electedAt < ELECTION_MS) return
    const count = short || lost ? most : sitting.length
    const elected = elect(this.#infoHash, candidates, count, sitting)
    const before = new Set(sitting)
    if (!lost && elected.length === before.size && elected.every((one) => before.has(one.peerId))) {
      return
    }
    const endpoints = new Map(candidates.map(({ peerId, endpoint }) => [peerId, endpoint]))
    this.#leaders = elected.map(({ peerId, weight }) => ({
      endpoint: endpoints.get(peerId) as Endpoint,
      peerId,
      weight,
    }))
    this.#term = Math.max(this.#term + 1, termAtLeast)
    this.#electedAt = now
  }
}
