// CacheTorrent for one torrent, as a policy of @bt/swarm (rules 1 to 12 of the protocol): `policy: new CachePolicy(…)`.
//
// A thin seat: answers the engine's questions from a SiteMember, which exists once the number of pieces is known. While
// nothing is known of leaders, every answer is the engine's own.

import type { BencodeValue } from '@bt/bencode'
import type { Alarm, PeerOrigin } from '@bt/ports'
import type { Endpoint, PeerId, SiteId } from '@bt/primitives'
import type {
  OpenRequest,
  PeerHandle,
  PieceScope,
  PolicyExtension,
  PolicyFact,
  PolicyHost,
  SwarmPolicy,
  UnchokeRound,
} from '@bt/swarm'
import { announceParameters } from './announce-parameters.ts'
import { type CacheReply, decodeReply, REPLY_KEY } from './announce-reply.ts'
import type { CacheOptions } from './cache-options.ts'
import type { Again } from './claim-book.ts'
import { delayOfOne } from './cross-budget.ts'
import { CacheTorrentError } from './errors.ts'
import type { HeldClaim } from './import-desk.ts'
import { encodeIntroduction, EXTENSION_NAME } from './introduction.ts'
import { type CrossingReason, Ledger } from './ledger.ts'
import { TICK_MS } from './limits.ts'
import { decodeMessage } from './message-reader.ts'
import type { Role } from './messages.ts'
import type { Mode } from './mode.ts'
import { SentRate } from './sent-rate.ts'
import { SiteMember } from './site-member.ts'
import { siteToken } from './site-token.ts'
import { whetherToDial } from './whether-to-dial.ts'

/** A picture of one moment, for people. */
export interface CacheStatus {
  readonly mode: Mode
  readonly role: Role
  readonly term: number
  readonly site: SiteId | undefined
  /** False: others of the site are to. */
  readonly mayImport: boolean
  /** Those whom the tracker named last. */
  readonly leaders: readonly PeerId[]
  /** Pieces that we may import now. */
  readonly claims: readonly HeldClaim[]
  /** Linked members of the site that speak CacheTorrent, or are known to be here. */
  readonly localPeers: number
  readonly outsidePeers: number
  /** Payload that came through us from other sites, by reason. */
  readonly crossed: ReadonlyMap<CrossingReason, number>
  readonly crossedBytes: number
  /** Pieces that we, as arbiter, granted a second time, and why. */
  readonly grantedAgain: ReadonlyMap<number, Again>
  /** Copies of each piece that may cross into the site, on average; 1 unless its uplinks cannot keep up. */
  readonly crossBudget: number
  /** Seconds that importing each piece once costs the site; undefined: too few say what they can upload. */
  readonly onceDelaySeconds: number | undefined
  /** Messages of others that were refused. */
  readonly refused: number
}

const NONE_AGAIN: ReadonlyMap<number, Again> = new Map()

export class CachePolicy implements SwarmPolicy {
  readonly extensions: readonly PolicyExtension[]
  readonly #options: CacheOptions
  readonly #ledger = new Ledger()
  /** Measured where nothing is declared. */
  readonly #sentRate = new SentRate()
  #host: PolicyHost | undefined
  #alarm: Alarm | undefined
  #lookAlarm: Alarm | undefined
  #lookTime = Number.POSITIVE_INFINITY
  #member: SiteMember | undefined
  #reply: CacheReply | undefined
  #startedAt = 0
  /** A tracker answered that speaks none of it. */
  #isAnswered = false
  #refused = 0
  readonly #reveal = (piece: number): readonly PeerHandle[] => {
    const shown: PeerHandle[] = []
    for (const peer of this.#host?.peers() ?? []) {
      if (this.#member?.origin.isShown(piece, peer) === true) shown.push(peer)
    }
    return shown
  }

  readonly #serve = (
    open: readonly OpenRequest[],
    now: number,
  ): OpenRequest | 'later' | undefined => {
    const member = this.#member
    if (member === undefined) return undefined
    const { rotation, origin } = member
    const answer = origin.isActive
      ? rotation.oldest(open, now)
      : rotation.next(open, (peer) => member.groupOf(peer), now)
    if (answer === 'later') this.#lookAt(rotation.turns.opensAt(now), now)
    return answer
  }

  /** @throws {CacheTorrentError} `BAD_SITE_NAME` */
  constructor(options: CacheOptions) {
    if (options.site !== undefined) siteToken(options.infoHash, options.site)
    this.#options = options
    this.extensions = [
      {
        name: EXTENSION_NAME,
        handshake: () => new Map([['ct', this.#introduction()]]),
        received: (peer, payload) => this.#received(peer, payload),
      },
    ]
  }

  get status(): CacheStatus {
    const member = this.#member
    const pace = member?.budget.pace
    const length = this.#host?.geometry?.totalLength ?? 0
    return {
      mode: member?.mode ?? 'waiting',
      role: member?.role ?? 'undecided',
      term: member?.leadership.term ?? 0,
      site: member?.site,
      mayImport: member?.limit.mayImport ?? true,
      leaders: member?.leadership.named ?? [],
      claims: member?.imports.claims ?? [],
      localPeers: member === undefined ? 0 : [...member.neighbours.in('local')].length,
      outsidePeers: member === undefined ? 0 : [...member.neighbours.in('outside')].length,
      crossed: this.#ledger.bytes,
      crossedBytes: this.#ledger.totalBytes,
      grantedAgain: member?.arbiter.book.again ?? NONE_AGAIN,
      crossBudget: member?.budget.copies ?? 1,
      onceDelaySeconds: pace === undefined ? undefined : delayOfOne(pace, length),
      refused: this.#refused,
    }
  }

  /** Pieces that nobody else who stays here has, and somebody lacks: `leave` hands them out. Costs pieces × members to count. */
  get onlyOurs(): number {
    return this.#member?.leaving.onlyOurs ?? 0
  }

  /** Why bytes of a piece crossed into the site through us. */
  reasonsOf(piece: number): ReadonlySet<CrossingReason> {
    return this.#ledger.reasonsOf(piece)
  }

  /**
   * Arbiters and seeds count copies by haves. To another site each have costs a packet and an acknowledgement, and it is news
   * only of the first here that has the piece. A seed that shows its pieces one by one goes on when it hears of the last.
   */
  promptHaves(peer: PeerHandle, piece: number): boolean | undefined {
    const isSeed = peer.pieces.count === peer.pieces.length
    if (isSeed || this.#member?.whereIs(peer) !== 'outside') return true
    if (this.#member.wants.local.of(piece) > 0) return false
    return saysItWantsNothing(peer) ? true : undefined
  }

  attach(host: PolicyHost): void {
    this.#host = host
    this.#startedAt = host.now()
    this.#tick()
  }

  detach(): void {
    this.#alarm?.cancel()
    this.#lookAlarm?.cancel()
    this.#host = undefined
    this.#member = undefined
  }

  leave(done: () => void): void {
    if (this.#member === undefined) done()
    else this.#member.leaving.begin(done)
  }

  observe(fact: PolicyFact): void {
    const isNew = this.#member === undefined
    const member = this.#known()
    if (member === undefined) return
    // haves first: two dozen of them for each other fact
    if (fact.type === 'have') member.gained(fact.peer, fact.piece)
    else if (fact.type === 'opened') {
      if (!isNew) member.opened(fact.peer)
    } else if (fact.type === 'closed') member.closed(fact.peer)
    else if (fact.type === 'pieces') member.gained(fact.peer)
    else if (fact.type === 'progress') member.progressed(fact.peer, fact.piece, fact.bytes)
    else if (fact.type === 'requested') member.requested(fact.peer, fact.piece)
    else if (fact.type === 'failed') member.requested(fact.peer, fact.piece, true)
    else if (fact.type === 'verified') member.verified(fact.piece)
    else if (fact.type === 'corrupt') member.corrupted(fact.piece)
    else if (fact.type === 'served' || fact.type === 'sent') {
      this.#gave(member, fact, this.#host?.now() ?? 0)
    }
  }

  glance(peer: PeerHandle, piece: number): number {
    return this.#member?.glance(peer, piece) ?? 0
  }

  /** Bytes were handed to a channel, or have left it. */
  #gave(
    member: SiteMember,
    { type, peer, bytes }: Extract<PolicyFact, { readonly type: 'served' | 'sent' }>,
    now: number,
  ): void {
    const { rotation, origin } = member
    if (type === 'served') rotation.served(peer, member.groupOf(peer), bytes, now)
    else {
      if (origin.isActive) origin.sent(peer, bytes)
      this.#sentRate.sent(bytes, now)
      rotation.turns.sent(peer, bytes, now)
    }
  }

  dial(endpoint: Endpoint, origin: PeerOrigin): number {
    return whetherToDial(endpoint, origin, {
      infoHash: this.#options.infoHash,
      host: this.#host,
      member: this.#member,
      reply: this.#reply,
    })
  }

  scope(peer: PeerHandle): PieceScope | undefined {
    const member = this.#known()
    return member === undefined ? undefined : member.scope(peer)
  }

  unchoke(round: UnchokeRound): readonly PeerHandle[] {
    const member = this.#member
    if (member?.origin.isActive === true) return [...(this.#host?.peers() ?? [])]
    if (member?.mode !== 'cached') return round.proposed
    return member.rotation.unchoke(
      round.interested,
      (peer) => member.whereIs(peer) === 'local',
      round.now,
    )
  }

  /** In a site, and while we send first copies; a plain member serves as any client does. */
  get serve(): SwarmPolicy['serve'] {
    const member = this.#member
    return member?.mode === 'cached' || member?.origin.isActive === true ? this.#serve : undefined
  }

  /** Only while we are a seed that sends first copies. */
  get reveal(): SwarmPolicy['reveal'] {
    return this.#member?.origin.isActive === true ? this.#reveal : undefined
  }

  announce(): ReadonlyMap<string, string> {
    const { site, uploadBytesPerSecond, downloadBytesPerSecond, neverLeads } = this.#options
    const sent = this.#sentRate.most
    return announceParameters({
      ...(site === undefined ? {} : { site }),
      ...(uploadBytesPerSecond === undefined && sent > 0 ? { sent } : {}),
      ...(neverLeads === true ? { neverLeads } : {}),
      upload: uploadBytesPerSecond ?? 0,
      download: downloadBytesPerSecond ?? 0,
    })
  }

  announced(reply: ReadonlyMap<string, unknown>): void {
    if (!reply.has(REPLY_KEY)) {
      this.#isAnswered = true
      this.#member?.heardNothing()
      return
    }
    try {
      const heard = decodeReply(reply.get(REPLY_KEY))
      if (heard === undefined) return
      this.#reply = heard
      this.#member?.heard(heard)
      this.#known()
    } catch (error) {
      if (!(error instanceof CacheTorrentError)) throw error
      this.#refused++
    }
  }

  /** The member of the site, once there is a geometry. */
  #known(): SiteMember | undefined {
    const host = this.#host
    if (this.#member !== undefined || host?.geometry === undefined) return this.#member
    if (host.have.length === 0) return undefined
    this.#member = new SiteMember(host, this.#options, this.#ledger, this.#startedAt)
    if (this.#reply !== undefined) this.#member.heard(this.#reply)
    else if (this.#isAnswered) this.#member.heardNothing()
    return this.#member
  }

  #tick(): void {
    const host = this.#host
    if (host === undefined) return
    this.#known()?.tick()
    // whoever takes nothing may hold up the rest no longer
    if (this.#member?.rotation.turns.isWaiting === true) host.changed('budget')
    if (this.#member?.rotation.isIdle === true) host.changed('unchoke')
    this.#alarm = host.at(host.now() + TICK_MS, () => this.#tick())
  }

  /** The uplink will stand idle before anything more is sent: whoever waits is looked at then. */
  #lookAt(at: number, now: number): void {
    const host = this.#host
    if (host === undefined || at >= this.#lookTime || at > now + TICK_MS) return
    this.#lookAlarm?.cancel()
    this.#lookTime = at
    this.#lookAlarm = host.at(at, () => {
      this.#lookTime = Number.POSITIVE_INFINITY
      host.changed('budget')
    })
  }

  #introduction(): BencodeValue {
    const { uploadBytesPerSecond, downloadBytesPerSecond } = this.#options
    const member = this.#member
    return encodeIntroduction({
      role: member?.role ?? 'undecided',
      site: member?.site,
      term: member?.leadership.term ?? 0,
      upload: uploadBytesPerSecond ?? 0,
      download: downloadBytesPerSecond ?? 0,
      ...(this.#options.neverLeads === true ? { neverLeads: true } : {}),
      ...(member?.limit.mayImport === false ? { importsNothing: true } : {}),
    })
  }

  #received(peer: PeerHandle, payload: Uint8Array): void {
    const member = this.#known()
    if (member === undefined || this.#host === undefined) return
    try {
      const message = decodeMessage(payload, this.#host.have.length)
      if (message !== undefined) member.received(peer, message)
    } catch (error) {
      if (!(error instanceof CacheTorrentError)) throw error
      this.#refused++
    }
  }
}

/** As a seed does (BEP 21), whatever it shows. */
function saysItWantsNothing({ extensions }: PeerHandle): boolean {
  return extensions.get('upload_only') === 1
}
