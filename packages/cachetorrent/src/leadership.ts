// Who leads our site as far as we know, and who of them is alive: the two clocks of §2.1.
//
// A term comes from the tracker alone, and nothing waits for it. A leader without a sign of life for 5 s is passed
// over, and its standby decides. When none of those named is left, their deputies lead, whom the tracker named with them;
// when none of these is left, or a tracker names no deputies, the members that we see rank themselves (term 0).

import type { Endpoint, InfoHash, PeerId } from '@bt/primitives'
import type { CacheReply, ReplyLeader } from './announce-reply.ts'
import { type Arbiter, arbiterOf, arbiterSeed, arbitersOf } from './arbiter.ts'
import { leaderCount, rankLocally } from './election.ts'
import { leadersToLink } from './leader-links.ts'
import { lateMs, LEADERS_FIRST_MS, LEASE_LOST_MS, LINK_TRY_MS, STEPS_MAX } from './limits.ts'

/** Seen: linked, with a sign of life; awaited: not yet lost; lost: passed over. */
export type Standing = 'seen' | 'awaited' | 'lost'

export interface Leader extends Arbiter {
  readonly endpoint: Endpoint | undefined
}

/** Whom a tracker named. */
interface NamedLeader extends Arbiter, ReplyLeader {}

/** A member of the site that we are linked to, or ourselves. */
export interface SeenMember {
  readonly peerId: PeerId
  readonly upload: number
  /** When it last showed life. */
  readonly signAt: number
}

/** Milliseconds for which a leader that left a question unanswered is passed over. */
export const PASSED_OVER_MS = 30_000
/** Twice as long each time that it does so again, up to this. */
export const PASSED_OVER_MS_MAX = 600_000

interface PassedOver {
  readonly until: number
  readonly ms: number
}

export class Leadership {
  readonly #infoHash: InfoHash
  readonly #self: PeerId
  readonly #peersMax: () => number
  /** How much longer than 5 s we wait, ±20 %: members must not all change their minds at once. */
  readonly #patienceMs: number
  #named: readonly NamedLeader[] = []
  /** Of these, whom we link to; and to whom we do not. */
  #links: readonly NamedLeader[] = []
  /** Since when we link to these, and how many did not let us in. */
  #linksAt = 0
  #isToLink = false
  #tried = 0
  /** We see none of the leaders, and neighbours do. */
  #isCutOff = false
  #steps = 0
  #unlinked: ReadonlySet<PeerId> = new Set()
  #term = 0
  /** Since when each leader named has not been seen. */
  readonly #missedSince = new Map<PeerId, number>()
  readonly #passedOver = new Map<PeerId, PassedOver>()
  /** Leaders and deputies that said that they leave. */
  readonly #left = new Set<PeerId>()
  #deputies: readonly NamedLeader[] = []
  #inForce: readonly Leader[] = []
  /** We are one of those in force: asked for far more often than it changes. */
  #leadsItself = false
  #reign: 'leaders' | 'deputies' | 'members' = 'leaders'
  #seen: (peerId: PeerId) => SeenMember | undefined = () => undefined

  /** `peersMax`: links that we may have. */
  constructor(infoHash: InfoHash, self: PeerId, jitterPercent: number, peersMax: () => number) {
    this.#infoHash = infoHash
    this.#peersMax = peersMax
    this.#self = self
    this.#patienceMs = (LEASE_LOST_MS * (80 + jitterPercent)) / 100
  }

  get term(): number {
    return this.#term
  }

  get leaders(): readonly Leader[] {
    return this.#inForce
  }

  /** None that a tracker named is left: members rank themselves. */
  get isLocal(): boolean {
    return this.#reign === 'members'
  }

  /** Whom the tracker named. */
  get named(): readonly PeerId[] {
    return this.#named.map(({ peerId }) => peerId)
  }

  get isNamed(): boolean {
    return this.#named.length > 0
  }

  /** The tracker names nobody but us. */
  get isOnly(): boolean {
    return this.#named.length === 1 && this.#named[0]?.peerId === this.#self
  }

  get leadsItself(): boolean {
    return this.#leadsItself
  }

  leads(peerId: PeerId): boolean {
    return this.#inForce.some((leader) => leader.peerId === peerId)
  }

  /** A tracker's word; an older term than the one in force is ignored. */
  heard(reply: CacheReply, now: number): boolean {
    if (reply.term < this.#term) return false
    const isNew = reply.term > this.#term
    this.#term = reply.term
    this.#named = this.#seeded(reply.leaders)
    this.#deputies = this.#seeded(reply.deputies ?? [])
    for (const peerId of this.#left) if (!this.#knows(peerId)) this.#left.delete(peerId)
    if (isNew) {
      this.#linksAt = now + LEADERS_FIRST_MS
      this.#isToLink = true
      this.#tried = 0
    }
    this.#draw()
    for (const { peerId } of this.#named) {
      if (isNew && !this.#missedSince.has(peerId)) this.#missedSince.set(peerId, now)
    }
    return true
  }

  /** Of those whom a tracker named to lead, the ones that we link to; while deputies lead, leaders that come back as well. */
  get toLink(): readonly ReplyLeader[] {
    if (this.#reign !== 'deputies') return this.#links
    return [
      ...this.#links,
      ...leadersToLink(this.#deputies, this.#self, this.#infoHash, this.#peersMax()),
    ]
  }

  /** A leader named and seen; ourselves, too. */
  seesLeader(now: number): boolean {
    return this.#named.some(({ peerId }) => this.standing(peerId, now) === 'seen')
  }

  /** Through how many others we ask until a leader named is asked; 0: we see one. */
  get steps(): number {
    return this.#steps
  }

  /** We see none, and neighbours do: they ask for us. */
  get isCutOff(): boolean {
    return this.#isCutOff
  }

  /** A leader's links to other leaders come first, in a new term. */
  waitsToLink(now: number): boolean {
    return this.#unlinked.size > 0 && now < this.#linksAt
  }

  /** Who sees no leader, and was not let in by those it links to, tries others; true: it is time to link. */
  triesToLink(now: number): boolean {
    if (this.#unlinked.size === 0 || now < this.#linksAt || this.seesLeader(now)) return false
    if (this.#isToLink) {
      this.#isToLink = false
      return true
    }
    if (now - this.#linksAt < LINK_TRY_MS) return false
    this.#linksAt = now
    this.#tried += this.#links.length
    this.#draw()
    return true
  }

  /** It left a claim unanswered. */
  silent(peerId: PeerId, now: number): void {
    const before = this.#passedOver.get(peerId)
    if (peerId === this.#self || (before !== undefined && now < before.until)) return
    const ms = Math.min(PASSED_OVER_MS_MAX, 2 * (before?.ms ?? PASSED_OVER_MS / 2))
    this.#passedOver.set(peerId, { until: now + ms, ms })
  }

  isPassedOver(peerId: PeerId, now: number): boolean {
    return (this.#passedOver.get(peerId)?.until ?? now) > now
  }

  /** It leaves in order: nobody waits for it, or goes by it any more. */
  left(peerId: PeerId): void {
    if (this.#knows(peerId)) this.#left.add(peerId)
  }

  hasLeft(peerId: PeerId): boolean {
    return this.#left.has(peerId)
  }

  answered(peerId: PeerId): void {
    this.#passedOver.delete(peerId)
  }

  /**
   * Looks at who is there; true: the leaders in force are others than before. `all`: every member seen, ourselves
   * among them; asked for only while members rank themselves. `othersSteps`: of a neighbour that sees leaders or asks
   * through others (`steps`), asked for when we see none.
   */
  look(
    seen: (peerId: PeerId) => SeenMember | undefined,
    all: () => readonly SeenMember[],
    now: number,
    othersSteps: () => number | undefined = () => undefined,
  ): boolean {
    this.#seen = seen
    this.#miss(this.#named, now)
    this.#miss(this.#inForce, now)
    const before = this.#inForce
    this.#inForce = this.#whoLeads(all, now, othersSteps)
    if (before === this.#inForce) return false
    this.#leadsItself = this.leads(this.#self)
    this.#miss(this.#inForce, now)
    const same =
      before.length === this.#inForce.length &&
      before.every(({ peerId }, at) => peerId === this.#inForce[at]?.peerId)
    return !same
  }

  #whoLeads(
    all: () => readonly SeenMember[],
    now: number,
    othersSteps: () => number | undefined,
  ): readonly Leader[] {
    const isLeft = ({ peerId }: Leader): boolean => this.standing(peerId, now) !== 'lost'
    const isLost = !this.#named.some(isLeft)
    const haveLeft = this.#named.every(({ peerId }) => this.#left.has(peerId))
    const isShutOut = !haveLeft && (isLost || (this.#tried > 0 && !this.seesLeader(now)))
    const others = isShutOut ? othersSteps() : undefined
    this.#steps = isShutOut ? 1 + (others ?? STEPS_MAX) : 0
    this.#isCutOff = others !== undefined
    if (!isLost || this.#isCutOff) {
      this.#reign = 'leaders'
      return this.#named
    }
    // the wait for them begins when they are needed: most members are not linked to them yet
    if (this.#reign === 'leaders') for (const one of this.#deputies) this.#awaited(one, now)
    this.#reign = this.#deputies.some(isLeft) ? 'deputies' : 'members'
    return this.#reign === 'deputies' ? this.#deputies : this.#ranked(all(), now)
  }

  standing(peerId: PeerId, now: number): Standing {
    if (peerId === this.#self) return 'seen'
    if (this.#left.has(peerId) || this.isPassedOver(peerId, now)) return 'lost'
    if (this.#isFresh(peerId, now)) return 'seen'
    const since = this.#missedSince.get(peerId)
    return since !== undefined && now - since < this.#patienceMs ? 'awaited' : 'lost'
  }

  /** Who decides about a piece now; undefined: nobody yet, an awaited leader may come. */
  arbiterOf(piece: number, now: number): Leader | undefined {
    for (const leader of arbitersOf(this.#inForce, piece)) {
      const standing = this.standing(leader.peerId, now)
      if (standing === 'seen') return leader
      // whom we do not link to need not be waited for: others pass on what we ask them
      if (standing === 'awaited' && !this.#unlinked.has(leader.peerId)) return undefined
    }
    return undefined
  }

  /** It decides about the piece while it lives; others only stand by, and so do deputies: others may see a leader yet. */
  isFirst(peerId: PeerId, piece: number): boolean {
    if (this.#reign === 'deputies') return false
    return arbiterOf(this.#inForce, piece)?.peerId === peerId
  }

  #draw(): void {
    const self = this.#self
    const leaders = leadersToLink(this.#named, self, this.#infoHash, this.#peersMax(), this.#tried)
    const links = new Set<PeerId>([this.#self, ...leaders.map(({ peerId }) => peerId)])
    this.#links = leaders
    this.#unlinked = new Set(this.named.filter((peerId) => !links.has(peerId)))
  }

  #knows(peerId: PeerId): boolean {
    const all = [...this.#named, ...this.#deputies, ...this.#inForce]
    return all.some((leader) => leader.peerId === peerId)
  }

  #awaited({ peerId }: Leader, now: number): void {
    if (!this.#isFresh(peerId, now)) this.#missedSince.set(peerId, now)
  }

  #seeded(leaders: readonly ReplyLeader[]): readonly NamedLeader[] {
    return leaders.map((one) => ({ ...one, seed: arbiterSeed(this.#infoHash, one.peerId) }))
  }

  /** Begins or ends the wait for each of them. */
  #miss(leaders: readonly Leader[], now: number): void {
    for (const { peerId } of leaders) {
      if (this.#isFresh(peerId, now)) this.#missedSince.delete(peerId)
      else if (!this.#missedSince.has(peerId)) this.#missedSince.set(peerId, now)
    }
  }

  #isFresh(peerId: PeerId, now: number): boolean {
    if (peerId === this.#self) return true
    const member = this.#seen(peerId)
    if (member === undefined) return false
    return now - member.signAt < this.#patienceMs + lateMs(member.upload)
  }

  #ranked(members: readonly SeenMember[], now: number): readonly Leader[] {
    const alive = members.filter(
      ({ peerId }) => !this.#missedSince.has(peerId) || this.standing(peerId, now) !== 'lost',
    )
    return rankLocally(this.#infoHash, alive, leaderCount(alive.length, 0)).map((leader) => ({
      ...leader,
      seed: arbiterSeed(this.#infoHash, leader.peerId),
      endpoint: undefined,
    }))
  }
}
