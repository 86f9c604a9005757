// One site of one swarm as the tracker sees it: members that may lead, who leads, in which term.

import { type Endpoint, endpointText, type InfoHash, type PeerId } from '@bt/primitives'
import type { Declared } from './announce-parameters.ts'
import type { ReplyLeader } from './announce-reply.ts'
import { Capacities, type Capable } from './capacities.ts'
import {
  type Candidate,
  elect,
  type ElectedLeader,
  importerCount,
  inOrder,
  leaderCount,
} from './election.ts'
import type { SitePace } from './cross-budget.ts'
import type { Elected } from './election-words.ts'
import { DEPUTIES_MAX, ELECTION_MS, LARGE_SITE, LEADERS_MIN } from './limits.ts'
import { Promises } from './promises.ts'
import { Roster } from './roster.ts'

export interface SiteMember extends Candidate, Capable, Endpoint {
  /** Speaks CacheTorrent, is where it says it is, and did not vanish lately. */
  readonly eligible: boolean
  /** It has everything. */
  readonly isSeed: boolean
  /** What it said of itself last; undefined: it speaks no CacheTorrent. */
  readonly declared: Declared | undefined
}

export class SiteSwarm {
  /** By what names a member, whatever peer id it has now. */
  readonly members = new Roster<SiteMember>()
  readonly #infoHash: InfoHash
  readonly #capacities = new Capacities()
  readonly promises = new Promises()
  readonly #ofSwarm: Capacities
  /** Members that were told of the seeds. */
  readonly #tellsSeeds = new Set<string>()
  #leaders: readonly ReplyLeader[] = []
  #deputies: readonly ReplyLeader[] = []
  #term = 0
  #electedAtSeconds = 0
  #electedAt = Number.NEGATIVE_INFINITY
  #reviewedAt = Number.NEGATIVE_INFINITY
  #reviewedSize = 0
  #importers: ReadonlySet<string> = new Set()
  #importersAt = Number.NEGATIVE_INFINITY
  /** One of the leaders went. */
  #lacksLeader = false
  /** When other trackers were last told of the leaders, or told of the same. */
  agreedAt = Number.NEGATIVE_INFINITY

  /** `ofSwarm`: of all sites, kept up with ours. */
  constructor(infoHash: InfoHash, ofSwarm = new Capacities()) {
    this.#infoHash = infoHash
    this.#ofSwarm = ofSwarm
  }

  get size(): number {
    return this.members.size
  }

  get term(): number {
    return this.#term
  }

  get leaders(): readonly ReplyLeader[] {
    return this.#leaders
  }

  /** Who leads when none of them is left: the next in the order of elections as of the last review, then who came since. */
  get deputies(): readonly ReplyLeader[] {
    return this.#deputies.filter(({ peerId }) => !this.leads(peerId)).slice(0, DEPUTIES_MAX)
  }

  /** Who leads, for other trackers; undefined: there was no election. */
  get elected(): Elected | undefined {
    if (this.#term === 0) return undefined
    return { term: this.#term, leaders: this.#leaders, atSeconds: this.#electedAtSeconds }
  }

  /** Milliseconds since the leaders last changed. */
  settledFor(now: number): number {
    return now - this.#electedAt
  }

  put(key: string, member: SiteMember): void {
    const before = this.members.get(key)
    if (before?.peerId !== member.peerId || !member.eligible) this.#mayLack(before)
    this.members.put(key, member)
    this.#standsBy(member)
    if (before?.capacity === member.capacity && before.isSource === member.isSource) return
    if (before !== undefined) this.#leaves(before)
    this.#capacities.came(member)
    this.#ofSwarm.came(member)
  }

  remove(key: string): boolean {
    this.#tellsSeeds.delete(key)
    this.promises.left(key)
    const member = this.members.get(key)
    this.#mayLack(member)
    if (member !== undefined) this.#leaves(member)
    return this.members.remove(key)
  }

  /** What decides whether the site keeps up with the swarm; undefined: too few say what they can. */
  get pace(): SitePace | undefined {
    const { downloaders } = this.#capacities
    const upload = this.#capacities.meanUpload(this.#ofSwarm.capStep())
    const pace = this.#ofSwarm.pace()
    if (upload === undefined || pace === undefined || upload < 1 || pace < 1) return undefined
    return { downloaders, upload, pace }
  }

  /** A crowd comes faster than reviews: until the next one those who came first do. */
  #standsBy({ eligible, peerId, host, port }: SiteMember): void {
    if (!eligible || this.#deputies.length >= DEPUTIES_MAX + LEADERS_MIN) return
    if (this.#deputies.some((deputy) => deputy.peerId === peerId)) return
    this.#deputies = [...this.#deputies, { endpoint: { host, port }, peerId, weight: 1 }]
  }

  #leaves(member: SiteMember): void {
    this.#capacities.left(member)
    this.#ofSwarm.left(member)
  }

  /**
   * Whether a member may import where only so many percent of those that came to download may: the first in the order of
   * elections. In a large site this order is as old as an election may be: it takes half of a microsecond a member.
   */
  mayImport(key: string, leaderPercent: number, now: number): boolean {
    const member = this.members.get(key)
    if (member === undefined || member.isSource) return true
    if (this.size <= LARGE_SITE || now - this.#importersAt >= ELECTION_MS) {
      const sharers = this.members
        .values()
        .filter(({ declared, isSource }) => declared !== undefined && !isSource)
      const count = importerCount(sharers.length, leaderPercent)
      const sitting = this.#leaders.map(({ peerId }) => peerId)
      const first = inOrder(this.#infoHash, sharers, sitting).slice(0, count)
      this.#importers = new Set(first.map((one) => endpointText(one)))
      this.#importersAt = now
    }
    return this.#importers.has(key)
  }

  /** Whether this member is one of at most `count` that are told of the seeds; 0: it is to be told no longer. */
  namesSeeds(key: string, count: number): boolean {
    if (count === 0) this.#tellsSeeds.delete(key)
    if (this.#tellsSeeds.has(key)) return true
    if (this.#tellsSeeds.size >= count) return false
    this.#tellsSeeds.add(key)
    return true
  }

  #mayLack(member: SiteMember | undefined): void {
    if (member !== undefined && this.leads(member.peerId)) this.#lacksLeader = true
  }

  leads(peerId: PeerId): boolean {
    return this.#leaders.some((leader) => leader.peerId === peerId)
  }

  /** Large, and half as large again as at the last look. */
  get #hasGrown(): boolean {
    return this.size > LARGE_SITE && 2 * this.size >= 3 * this.#reviewedSize
  }

  /**
   * Holds an election if one is due: a leader is gone, there are fewer than two, or 10 s have passed. While one of them is
   * left, the next comes 10 s after the last: storms of leaders must not be storms of terms. There are more
   * leaders only after the first two cases: each change of leaders is a time in which members disagree on them. A change
   * begins a new term, at least `wallSeconds`, so that a tracker that forgot everything goes on above its old ones.
   */
  review(now: number, wallSeconds: number): void {
    const isShort = this.#lacksLeader || this.#leaders.length < LEADERS_MIN || this.#hasGrown
    if (!isShort && now - this.#reviewedAt < ELECTION_MS) return
    const candidates = this.members.values().filter(({ eligible }) => eligible)
    const present = new Set(candidates.map(({ peerId }) => peerId))
    const sitting = this.#leaders.map(({ peerId }) => peerId).filter((id) => present.has(id))
    const isSoon = now - this.#electedAt < ELECTION_MS
    if (this.#lacksLeader && isSoon && sitting.length > 0) return
    this.#reviewedAt = now
    this.#reviewedSize = this.size
    this.#lacksLeader = false
    if (this.#electAmong(candidates, sitting, now)) {
      this.#term = Math.max(this.#term + 1, wallSeconds)
      this.#electedAtSeconds = wallSeconds
      this.#electedAt = now
    }
    const rest = candidates.filter(({ peerId }) => !this.leads(peerId))
    this.#deputies = named(elect(this.#infoHash, rest, DEPUTIES_MAX), rest)
  }

  /** Whether there are other leaders now. */
  #electAmong(candidates: readonly SiteMember[], sitting: readonly PeerId[], now: number): boolean {
    const most = leaderCount(candidates.length)
    const short = sitting.length < Math.min(LEADERS_MIN, most)
    const grows = candidates.length > LARGE_SITE && 2 * most >= 3 * sitting.length
    const lost = sitting.length < this.#leaders.length || grows
    if (!short && !lost && now - this.#electedAt < ELECTION_MS) return false
    const count = short || lost ? most : sitting.length
    const elected = elect(this.#infoHash, candidates, count, sitting)
    const before = new Set(sitting)
    if (!lost && elected.length === before.size && elected.every((one) => before.has(one.peerId))) {
      return false
    }
    this.#leaders = named(elected, candidates)
    return true
  }

  /**
   * What another tracker of the swarm elected: the higher term holds. Two that elected at once did so in the same term:
   * both then take the same one of the two sets, a term above, so that members that heard of the other one ask again.
   * What is to be told: nothing, or our leaders, which are news to the other one.
   */
  heard(other: Elected, now: number, wallSeconds: number): 'nothing' | 'leaders' {
    const own = this.elected
    if (own !== undefined && other.term < own.term) return 'nothing'
    const isSplit = other.term === own?.term
    if (isSplit && sameLeaders(other.leaders, own.leaders)) {
      this.agreedAt = now
      return 'nothing'
    }
    const winner = isSplit && isBefore(own.leaders, other.leaders) ? own : other
    this.#leaders = winner.leaders
    this.#term = isSplit ? winner.term + 1 : winner.term
    this.#electedAtSeconds = isSplit ? wallSeconds : winner.atSeconds
    this.#electedAt = now - 1000 * Math.max(0, wallSeconds - this.#electedAtSeconds)
    this.#reviewedAt = now
    this.#reviewedSize = this.size
    const here = new Set<PeerId>()
    for (const { peerId, eligible } of this.members.values()) if (eligible) here.add(peerId)
    this.#lacksLeader = this.#leaders.some(({ peerId }) => !here.has(peerId))
    this.agreedAt = now
    return isSplit ? 'leaders' : 'nothing'
  }
}

/** As they are told to members: with where they are. */
function named(
  elected: readonly ElectedLeader[],
  candidates: readonly SiteMember[],
): readonly ReplyLeader[] {
  const endpoints = new Map(candidates.map(({ peerId, host, port }) => [peerId, { host, port }]))
  return elected.map(({ peerId, weight }) => ({
    endpoint: endpoints.get(peerId) as Endpoint,
    peerId,
    weight,
  }))
}

function sameLeaders(some: readonly ReplyLeader[], others: readonly ReplyLeader[]): boolean {
  return (
    some.length === others.length && some.every(({ peerId }, at) => peerId === others[at]?.peerId)
  )
}

/** Of two sets of leaders, which one all trackers take: the larger one, or the one with the smaller peer id where they differ. */
function isBefore(some: readonly ReplyLeader[], others: readonly ReplyLeader[]): boolean {
  if (some.length !== others.length) return some.length > others.length
  const at = some.findIndex(({ peerId }, place) => peerId !== others[place]?.peerId)
  return at >= 0 && (some[at]?.peerId ?? '') < (others[at]?.peerId ?? '')
}
