// One torrent's member of a site: puts neighbours, leadership, claims and copies together, and speaks `bt_cache`.
//
// Shell of the pure parts. Everything with a deadline is looked at four times a second; what cannot wait (an answer, a
// piece that came) is acted on at once. Exists from the moment the number of pieces is known.

import type { PeerId, SiteId } from '@bt/primitives'
import type { PeerHandle, PieceScope, PolicyHost } from '@bt/swarm'
import type { CacheReply } from './announce-reply.ts'
import { arbiterSeed } from './arbiter.ts'
import { ArbiterDesk } from './arbiter-desk.ts'
import type { CacheOptions } from './cache-options.ts'
import { Claiming } from './claiming.ts'
import { CrossBudget } from './cross-budget.ts'
import { Crowd } from './crowd.ts'
import { Departures } from './departures.ts'
import { GoBetween } from './go-between.ts'
import { Hearing } from './hearing.ts'
import { ImportDesk } from './import-desk.ts'
import { ImportLimit } from './import-limit.ts'
import { Leadership } from './leadership.ts'
import { Leaving } from './leaving.ts'
import type { Ledger } from './ledger.ts'
import { LinkRoom } from './link-room.ts'
import { claimsMax, END_SHARE } from './limits.ts'
import type { CacheMessage, Role } from './messages.ts'
import { type Mode, ModeRule } from './mode.ts'
import { Neighbours, type Where } from './neighbours.ts'
import { OriginDesk, OWN_SITE } from './origin-desk.ts'
import { PassedOn } from './passed-on.ts'
import { Patience } from './patience.ts'
import { Rotation } from './rotation.ts'
import { scopeOf } from './scopes.ts'
import { Sight } from './sight.ts'
import { Signs } from './signs.ts'
import { siteToken } from './site-token.ts'
import { SiteView } from './site-view.ts'
import { Spill } from './spill.ts'
import { Voice } from './voice.ts'
import { Wants } from './wants.ts'
import { Yielding } from './yielding.ts'

export class SiteMember {
  readonly ledger: Ledger
  readonly neighbours: Neighbours
  readonly leadership: Leadership
  readonly imports: ImportDesk
  readonly limit: ImportLimit
  readonly arbiter: ArbiterDesk
  readonly rotation: Rotation
  readonly origin: OriginDesk
  readonly yielding: Yielding
  readonly wants: Wants
  readonly budget: CrossBudget
  readonly leaving: Leaving
  readonly #host: PolicyHost
  readonly #self: PeerId
  #mode: Mode = 'waiting'
  #site: SiteId | undefined
  /** Few pieces are missing. */
  #isEnding = false
  readonly #modeRule: ModeRule
  readonly #view: SiteView
  readonly #voice: Voice
  readonly #claiming: Claiming
  readonly #hearing: Hearing
  readonly #departures: Departures
  readonly #room: LinkRoom
  readonly #sight: Sight
  readonly #signs: Signs
  readonly #patience: Patience

  constructor(host: PolicyHost, options: CacheOptions, ledger: Ledger, startedAt: number) {
    this.#host = host
    this.ledger = ledger
    this.#self = host.self.peerId
    this.#site = options.site === undefined ? undefined : siteToken(options.infoHash, options.site)
    this.neighbours = new Neighbours({
      ourSite: () => this.#site,
      siteName: options.site,
      siteOf: options.siteOf,
    })
    const peersMax = (): number => host.peersMax
    this.leadership = new Leadership(options.infoHash, this.#self, host.below(41), peersMax)
    this.imports = new ImportDesk(host.have.length, host.geometry?.blockLength ?? 0)
    this.wants = new Wants(host.have)
    this.limit = new ImportLimit(this.leadership)
    const { neighbours, leadership, imports, wants, limit } = this
    const hasSite = (): boolean => this.#site !== undefined
    this.#modeRule = new ModeRule({ neighbours, leadership, hasSite, startedAt }, host.now())
    const upload = options.uploadBytesPerSecond ?? 0
    this.rotation = new Rotation(upload, host.geometry?.pieceLength ?? 1, options.trust)
    this.origin = new OriginDesk(
      host,
      (peer) => this.groupOf(peer),
      (peer) => neighbours.of(peer)?.importsNothing !== true,
      upload,
      this.rotation.turns,
    )
    const isOrigin = (): boolean => this.origin.isActive
    this.yielding = new Yielding({
      own: arbiterSeed(options.infoHash, this.#self),
      isOrigin,
      changed: (most) => {
        this.rotation.outsideMost = most
        host.changed('unchoke')
      },
    })
    this.budget = new CrossBudget({ option: options.crossBudget ?? 'auto', upload, neighbours })
    const spill = new Spill({ host, wants, budget: this.budget })
    const patience = { host, neighbours, wants, spill, limit }
    this.#patience = new Patience({ ...patience, underWay: () => this.arbiter.book.inGoodHands })
    const own = { self: this.#self, upload, neverLeads: options.neverLeads === true }
    const isQuiet = (now: number): boolean => this.#patience.isQuiet(now)
    const goBetween = new GoBetween({ neighbours, leadership, isQuiet })
    this.#view = new SiteView({ ...own, neighbours, leadership, goBetween })
    const most = claimsMax(host.geometry?.pieceLength ?? 1)
    this.#room = new LinkRoom({ host, neighbours, leadership, isOrigin })
    const crowd = new Crowd({ neighbours, leadership, host }, most)
    this.arbiter = new ArbiterDesk({
      self: this.#self,
      pieceLength: host.geometry?.pieceLength ?? 0,
      claimsMax: most,
      claimsMaxOf: crowd.claimsMaxOf,
      seesAll: crowd.seesAll,
      leads: () => this.role === 'leader',
      isSplit: () => this.#view.isSplit,
      decides: (piece, now) => leadership.arbiterOf(piece, now)?.peerId === this.#self,
      isFirst: (piece) => leadership.isFirst(this.#self, piece),
      isHad: (piece) =>
        wants.local.of(piece) > 0 || (host.have.has(piece) && !this.origin.isActive),
      wasHad: (piece) => wants.wasHad(piece),
      copiesMax: () => this.budget.copies,
      confirmLater: (at) => void host.at(at, () => this.#hearing.late(host.now())),
      isHere: (member) => member === this.#self || neighbours.named(member) !== undefined,
    })
    const { arbiter } = this
    const role = (): Role => this.role
    const { yielding } = this
    const site = (): SiteId | undefined => this.#site
    this.#voice = new Voice({ host, neighbours, leadership, arbiter, yielding, role, site, limit })
    const voice = this.#voice
    const { claimsMaxOf } = crowd
    const asking = { self: this.#self, claimsMaxOf, leadership, goBetween, imports, arbiter, voice }
    const passedOn = new PassedOn(asking)
    const parts = { ...asking, yielding, host, neighbours, ledger, passedOn }
    this.#sight = new Sight({ ...parts, wants, origin: this.origin })
    const claiming = new Claiming({ ...parts, wants, spill, limit, goBetween })
    this.#claiming = claiming
    this.leaving = new Leaving({ ...parts, limit, claiming })
    const departures = new Departures({ ...parts, wants, changed: () => this.tick() })
    this.#departures = departures
    const signs = new Signs({
      neighbours,
      ask: (neighbour) => this.#voice.sign(neighbour, true),
      changed: (neighbour) => this.#sight.lifeChanged(neighbour),
    })
    this.#signs = signs
    this.#hearing = new Hearing({
      ...parts,
      claiming,
      departures,
      signs,
      patience: this.#patience,
      look: (neighbour) => this.#sight.look(neighbour),
      limited: (neighbour) => this.#sight.limited(neighbour),
      hasReply: () => this.#modeRule.hasReply,
      isCached: () => this.#mode === 'cached',
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
    if (this.leaving.isUnderWay) return 'follower'
    return this.leadership.leadsItself ? 'leader' : 'follower'
  }

  heard(reply: CacheReply): void {
    const now = this.#host.now()
    if (!this.leadership.heard(reply, now)) return
    this.#modeRule.hasReply = true
    this.#site = reply.site
    this.budget.heard(reply.pace)
    this.limit.heard(reply.importsNothing === true)
    for (const neighbour of this.neighbours.all) this.#sight.look(neighbour)
    this.#room.link(now)
    this.tick()
  }

  /** A tracker answered without a word of leaders: nothing is gained by waiting for one. */
  heardNothing(): void {
    if (this.#modeRule.isAnswered) return
    this.#modeRule.isAnswered = true
    this.tick()
  }

  opened(peer: PeerHandle): void {
    this.neighbours.opened(peer, this.#host.now())
    this.origin.opened(peer)
  }

  closed(peer: PeerHandle): void {
    this.ledger.left(peer)
    this.#departures.closed(peer)
    this.rotation.left(peer)
    this.origin.closed(peer)
  }

  /** It showed pieces; `piece`: one more. */
  gained(peer: PeerHandle, piece?: number): void {
    const neighbour = this.neighbours.of(peer)
    if (neighbour === undefined) return
    // who speaks of itself says so when it is elsewhere
    if (!neighbour.speaks) this.#sight.look(neighbour)
    this.#signs.heard(neighbour, this.#host.now())
    const { wants, imports } = this
    this.origin.looked(peer, piece)
    if (neighbour.isSilent) return
    if (neighbour.where === 'outside') {
      if (piece === undefined) wants.outside(neighbour)
      else wants.outsideGained(neighbour, piece)
      this.#patience.declareInterest(neighbour, this.#host.now())
      if (piece !== undefined && this.#mode === 'cached') this.#claiming.askFor(piece, peer)
    }
    if (neighbour.where !== 'local') return
    if (piece === undefined) wants.local.look(neighbour)
    else wants.local.gained(neighbour, piece)
    if (imports.heldCount > 0) this.#claiming.giveBackHad()
  }

  glance(peer: PeerHandle, piece: number): number {
    const neighbour = this.neighbours.of(peer)
    return neighbour === undefined ? 0 : neighbour.signAt + this.wants.glance(neighbour, piece)
  }

  progressed(peer: PeerHandle, piece: number, bytes: number): void {
    const neighbour = this.neighbours.of(peer)
    const now = this.#host.now()
    this.imports.progressed(piece, now)
    this.#patience.renewed(now)
    if (neighbour === undefined) return
    this.#signs.delivered(neighbour, now)
    if (neighbour.where === 'local') return
    const reason = this.#mode === 'cached' ? this.imports.reasonOf(piece) : 'plain'
    this.ledger.crossed(peer, piece, bytes, reason)
  }

  /** Blocks were asked of it; `failed`: or will not come from it. */
  requested(peer: PeerHandle, piece: number, failed = false): void {
    if (failed) this.imports.failed(piece, peer)
    else if (this.whereIs(peer) !== 'local') this.imports.requested(piece, peer)
  }

  /** The whole piece was wrong: it crosses once more. */
  corrupted(piece: number): void {
    this.ledger.doubted(piece, 'corrupt')
  }

  verified(piece: number): void {
    if (this.imports.holdsFirst(piece) && this.wants.local.of(piece) > 0) this.ledger.doubted(piece)
    this.wants.had(piece)
    const { have } = this.#host
    if (!this.#isEnding && have.length - have.count <= have.length * END_SHARE) {
      this.#isEnding = true
      this.#host.changed('scope')
    }
    this.#claiming.verified(piece)
  }

  scope(peer: PeerHandle): PieceScope | undefined {
    const facts = { mode: this.#mode, isEnding: this.#isEnding, may: this.imports.may }
    return scopeOf(this.neighbours.of(peer), facts)
  }

  whereIs(peer: PeerHandle): Where | undefined {
    return this.neighbours.of(peer)?.where
  }

  /** For fairness in serving: the site itself, another site, or a peer of none. */
  groupOf(peer: PeerHandle): string {
    if (this.whereIs(peer) === 'local') return OWN_SITE
    return this.neighbours.of(peer)?.site ?? peer.endpoint.host
  }

  tick(): void {
    const now = this.#host.now()
    for (const neighbour of this.neighbours.all) if (!neighbour.speaks) this.#sight.look(neighbour)
    const { have } = this.#host
    this.#signs.look(now, have.count < have.length)
    this.#lead(now)
    this.#setMode(now)
    if (this.#mode === 'plain' && !this.leadership.isNamed) this.origin.end()
    this.origin.look()
    if (this.origin.isHindered) this.#voice.askToYield(now)
    else if (this.origin.isOut) this.#voice.endYielding(now)
    this.yielding.look(now)
    if (this.#mode === 'cached' && !this.leaving.isUnderWay) {
      const signAt = (id: PeerId): number => this.neighbours.named(id)?.signAt ?? 0
      for (const silent of this.imports.unanswered(now, signAt)) this.leadership.silent(silent, now)
      this.#hearing.late(now)
      for (const debtor of this.#claiming.giveBackIdle(now)) {
        const owing = this.neighbours.of(debtor)
        if (owing?.where === 'outside') this.#signs.heldUp(owing, now)
      }
      for (const boaster of this.#patience.boasters(now)) this.#signs.heldUp(boaster, now)
      if (this.#patience.look(now)) {
        this.limit.lift()
        this.#claiming.takeOne(now)
      }
      this.budget.look(now)
      this.#claiming.renew(now)
      this.#claiming.ask()
      this.#voice.lease(now)
    }
    for (const neighbour of this.neighbours.in('outside')) {
      this.#patience.declareInterest(neighbour, now)
    }
    this.#voice.introduce()
  }

  received(peer: PeerHandle, message: CacheMessage): void {
    this.#hearing.heard(peer, message)
  }

  /** Who leads and lives now; where that changed, standing claims come first. */
  #lead(now: number): void {
    const { lost, hasNew, living } = this.#view.look(now)
    this.#room.look(now, lost.length > 0)
    if (!this.leadership.leadsItself || (lost.length === 0 && !hasNew)) return
    const others = living.filter((peerId) => peerId !== this.#self)
    this.arbiter.tookOver(lost, others, now, hasNew)
  }

  #setMode(now: number): void {
    const mode = this.#modeRule.at(now)
    if (mode === this.#mode) return
    this.#mode = mode
    this.#patience.renewed(this.#host.now())
    this.#host.changed('scope')
  }
}
