// One torrent's member of a site: puts neighbours, leadership, claims and copies together, and speaks `bt_cache`.
//
// Shell of the pure parts. Everything with a deadline is looked at four times a second; what cannot wait (an answer, a
// piece that came) is acted on at once. Exists from the moment the number of pieces is known.

import type { PeerId, SiteId } from '@bt/primitives'
import type { PeerHandle, PieceScope, PolicyHost } from '@bt/swarm'
import type { CacheReply } from './announce-reply.ts'
import { ArbiterDesk, type Verdict } from './arbiter-desk.ts'
import type { CacheOptions } from './cache-options.ts'
import { Claiming } from './claiming.ts'
import { CopyCount } from './copy-count.ts'
import { ImportDesk } from './import-desk.ts'
import { Leadership } from './leadership.ts'
import type { Ledger } from './ledger.ts'
import { START_MS } from './limits.ts'
import type { CacheMessage, Role } from './messages.ts'
import { type Neighbour, Neighbours } from './neighbours.ts'
import { Rotation } from './rotation.ts'
import { siteToken } from './site-token.ts'
import { Voice } from './voice.ts'

/** 'waiting' for a tracker's first word, at most 2 s; 'plain': all rules of BitTorrent and none of these. */
export type Mode = 'waiting' | 'cached' | 'plain'

export class SiteMember {
  readonly ledger: Ledger
  readonly neighbours: Neighbours
  readonly leadership: Leadership
  readonly imports: ImportDesk
  readonly arbiter: ArbiterDesk
  readonly rotation = new Rotation()
  readonly local: CopyCount
  readonly #host: PolicyHost
  readonly #self: PeerId
  readonly #upload: number
  readonly #startedAt: number
  #mode: Mode = 'waiting'
  #site: SiteId | undefined
  #hasReply = false
  /** A tracker answered, without leaders. */
  #isAnswered = false
  #living: readonly PeerId[] = []
  readonly #voice: Voice
  readonly #claiming: Claiming

  constructor(host: PolicyHost, options: CacheOptions, ledger: Ledger, startedAt: number) {
    this.#host = host
    this.ledger = ledger
    this.#self = host.self.peerId
    this.#upload = options.uploadBytesPerSecond ?? 0
    this.#startedAt = startedAt
    this.#site = options.site === undefined ? undefined : siteToken(options.infoHash, options.site)
    this.neighbours = new Neighbours({
      ourSite: () => this.#site,
      siteName: options.site,
      siteOf: options.siteOf,
    })
    this.leadership = new Leadership(options.infoHash, this.#self, host.below(41))
    this.imports = new ImportDesk(host.have.length)
    this.local = new CopyCount(host.have.length)
    const { neighbours, leadership, imports, local } = this
    this.arbiter = new ArbiterDesk({
      self: this.#self,
      decides: (piece, now) => leadership.arbiterOf(piece, now)?.peerId === this.#self,
      isHad: (piece) => host.have.has(piece) || local.of(piece) > 0,
      isHere: (member) => member === this.#self || neighbours.named(member) !== undefined,
      isAlone: () => neighbours.isAlone,
    })
    const { arbiter } = this
    const role = (): Role => this.role
    const site = (): SiteId | undefined => this.#site
    this.#voice = new Voice({ host, neighbours, leadership, arbiter, role, site })
    const voice = this.#voice
    this.#claiming = new Claiming({
      host,
      neighbours,
      leadership,
      imports,
      arbiter,
      local,
      voice,
      ledger,
    })
    for (const peer of host.peers()) this.opened(peer)
  }

  get mode(): Mode {
    return this.#mode
  }

  get site(): SiteId | undefined {
    return this.#site
  }

  get role(): Role {
    if (this.#mode !== 'cached') return 'undecided'
    return this.leadership.leadsItself ? 'leader' : 'follower'
  }

  heard(reply: CacheReply): void {
    const now = this.#host.now()
    if (!this.leadership.heard(reply, now)) return
    this.#hasReply = true
    this.#site = reply.site
    for (const { endpoint, peerId } of reply.leaders) {
      if (peerId !== this.#self && this.neighbours.named(peerId) === undefined)
        this.#host.dial(endpoint)
    }
    this.tick()
  }

  /** A tracker answered without a word of leaders: nothing is gained by waiting for one. */
  heardNothing(): void {
    if (this.#isAnswered) return
    this.#isAnswered = true
    this.tick()
  }

  opened(peer: PeerHandle): void {
    this.neighbours.opened(peer, this.#host.now())
  }

  closed(peer: PeerHandle): void {
    const { peerId } = peer
    this.ledger.left(peer)
    this.neighbours.closed(peer)
    this.local.left(peer)
    this.rotation.left(peer)
    if (this.neighbours.named(peerId) !== undefined) return
    this.arbiter.book.gone(peerId)
    this.imports.lostArbiter(peerId)
  }

  /** It showed pieces; `piece`: one more. */
  gained(peer: PeerHandle, piece?: number): void {
    const neighbour = this.neighbours.of(peer)
    if (neighbour === undefined) return
    this.#look(neighbour)
    if (neighbour.where !== 'local') return
    if (piece === undefined) this.local.look(peer)
    else this.local.gained(peer, piece)
    const had = [...this.imports.held].filter((held) => this.local.of(held) > 0)
    for (const held of had) this.ledger.doubted(held)
    if (had.length > 0) this.#claiming.giveBack(had)
  }

  progressed(peer: PeerHandle, piece: number, bytes: number): void {
    const neighbour = this.neighbours.of(peer)
    this.imports.progressed(piece, this.#host.now())
    if (neighbour === undefined || neighbour.where === 'local') return
    const reason = this.#mode === 'cached' ? this.imports.reasonOf(piece) : 'plain'
    this.ledger.crossed(peer, piece, bytes, reason)
  }

  verified(piece: number): void {
    if (this.imports.holds(piece) && this.local.of(piece) > 0) this.ledger.doubted(piece)
    this.#claiming.verified(piece)
  }

  scope(peer: PeerHandle): PieceScope | undefined {
    if (this.#mode === 'plain') return undefined
    const neighbour = this.neighbours.of(peer)
    if (neighbour?.where === 'local') return LOCAL
    if (neighbour?.where !== 'outside' || this.#mode === 'waiting') return NOTHING
    return { had: this.imports.may, reason: 'claim', interested: neighbour.interested }
  }

  isLocal(peer: PeerHandle): boolean {
    return this.neighbours.of(peer)?.where === 'local'
  }

  /** For fairness in serving: the site itself, another site, or a peer of none. */
  groupOf(peer: PeerHandle): string {
    if (this.isLocal(peer)) return 'local'
    return this.neighbours.of(peer)?.site ?? peer.endpoint.host
  }

  tick(): void {
    const now = this.#host.now()
    for (const neighbour of this.neighbours.all) this.#look(neighbour)
    this.#lead(now)
    this.#setMode(now)
    if (this.#mode === 'cached') {
      for (const silent of this.imports.unanswered(now)) this.leadership.silent(silent, now)
      this.#claiming.giveBackIdle(now)
      this.#claiming.renew(now)
      this.#claiming.ask()
      this.#voice.lease(now)
    }
    this.#declareInterest()
    this.#voice.introduce()
  }

  received(peer: PeerHandle, message: CacheMessage): void {
    const neighbour = this.neighbours.of(peer)
    if (neighbour === undefined) return
    const now = this.#host.now()
    neighbour.signAt = now
    if (message.kind === 'role') this.#heardRole(neighbour, message)
    if (neighbour.where !== 'local') return
    if ('term' in message && message.term > this.leadership.term && this.#hasReply) {
      this.#host.changed('announce')
    }
    if (message.kind === 'lease') this.#heardLease(neighbour, message, now)
    else if (message.kind === 'claim') this.#heardClaim(neighbour, message, now)
    else if (message.kind === 'claim-answer') {
      this.leadership.answered(peer.peerId)
      const verdicts = new Map<number, Verdict>()
      for (const piece of message.granted) verdicts.set(piece, 'granted')
      for (const piece of message.taken) verdicts.set(piece, 'taken')
      for (const piece of message.have) verdicts.set(piece, 'have')
      this.#claiming.decided(verdicts, peer.peerId)
      if (this.#mode === 'cached') this.#claiming.ask()
    } else if (message.kind === 'claim-done') {
      this.arbiter.done(message.verified, message.givenBack, peer.peerId)
    }
  }

  #heardRole(
    neighbour: Neighbour,
    message: Extract<CacheMessage, { readonly kind: 'role' }>,
  ): void {
    if (message.term < neighbour.term) return
    neighbour.role = message.role
    neighbour.term = message.term
    if (message.site !== undefined) neighbour.site = message.site
    this.#look(neighbour)
  }

  #heardLease(
    neighbour: Neighbour,
    message: Extract<CacheMessage, { readonly kind: 'lease' }>,
    now: number,
  ): void {
    const { peerId } = neighbour.peer
    const leads = this.leadership.leaders.some((leader) => leader.peerId === peerId)
    if (!leads && neighbour.role !== 'leader') return
    this.arbiter.heardLease(peerId, message.claims, now)
    for (const [piece, holder] of message.claims) {
      if (holder === this.#self) continue
      if (this.imports.holds(piece)) this.ledger.doubted(piece)
      this.imports.heard(piece, now)
    }
  }

  #heardClaim(
    neighbour: Neighbour,
    message: Extract<CacheMessage, { readonly kind: 'claim' }>,
    now: number,
  ): void {
    const { peerId } = neighbour.peer
    const verdicts = this.arbiter.asked(message, peerId, now)
    if (verdicts.size === 0) return
    const which = (verdict: Verdict): number[] =>
      [...verdicts].filter(([, one]) => one === verdict).map(([piece]) => piece)
    this.#voice.tell(peerId, {
      kind: 'claim-answer',
      granted: which('granted'),
      taken: which('taken'),
      have: which('have'),
      term: this.leadership.term,
    })
    this.#voice.leaseToLeaders()
  }

  #look(neighbour: Neighbour): void {
    const before = neighbour.where
    if (!this.neighbours.look(neighbour, this.#host.now())) return
    const { peer } = neighbour
    if (before === 'local') this.local.left(peer)
    if (neighbour.where === 'local') this.local.look(peer)
    if (neighbour.where === 'outside') this.ledger.met(peer)
    else this.ledger.isLocal(peer)
    this.#host.changed('scope', peer)
    this.#host.changed('link', peer)
    if (neighbour.where === 'local') this.#voice.leaseTo([neighbour])
  }

  /** Who leads and lives now; where that changed, standing claims come first. */
  #lead(now: number): void {
    const members = [{ peerId: this.#self, upload: this.#upload, signAt: now }]
    for (const { peer, upload, signAt, speaks } of this.neighbours.in('local')) {
      if (speaks) members.push({ peerId: peer.peerId, upload, signAt })
    }
    this.leadership.look(members, now)
    const before = this.#living
    this.#living = this.leadership.leaders
      .map(({ peerId }) => peerId)
      .filter((peerId) => this.leadership.standing(peerId, now) !== 'lost')
    const lost = before.filter((peerId) => !this.#living.includes(peerId))
    const isNew = this.#living.length > 1 && this.#living.some((one) => !before.includes(one))
    if (!this.leadership.leadsItself || (lost.length === 0 && !isNew)) return
    this.arbiter.tookOver(lost, now)
  }

  #setMode(now: number): void {
    const mode = this.#modeAt(now)
    if (mode === this.#mode) return
    this.#mode = mode
    this.#host.changed('scope')
    this.#host.changed('link')
  }

  #modeAt(now: number): Mode {
    if (this.leadership.isNamed) return 'cached'
    if (this.#hasReply) return 'plain'
    if (!this.#isAnswered && now - this.#startedAt < START_MS) return 'waiting'
    return this.#site !== undefined && !this.neighbours.isAlone ? 'cached' : 'plain'
  }

  /** Outside peers that have what the site lacks should know that we want it, before any claim. */
  #declareInterest(): void {
    const { have } = this.#host
    for (const neighbour of this.neighbours.in('outside')) {
      const { pieces } = neighbour.peer
      let interested = false
      for (let piece = 0; piece < pieces.length && !interested; piece++) {
        interested = pieces.has(piece) && !have.has(piece) && this.local.of(piece) === 0
      }
      if (interested === neighbour.interested) continue
      neighbour.interested = interested
      this.#host.changed('scope', neighbour.peer)
      this.#host.changed('link', neighbour.peer)
    }
  }
}

const LOCAL: PieceScope = { had: 'all', reason: 'local' }
const NOTHING: PieceScope = { had: 'none', reason: 'unknown' }
