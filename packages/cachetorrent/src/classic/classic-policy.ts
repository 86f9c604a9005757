// CacheTorrent as published in 2018 (§1), for one torrent: the component Peer, which wraps BitTorrent and a role.
//
// To reproduce its tables and to show what was improved; in the simulator only. A peer leads or follows; with several
// ranges (MultiTorrent) it may lead one and follows the others. Until the tracker has named leaders nothing is asked of
// anybody.

import type {
  Link,
  PeerHandle,
  PieceScope,
  PolicyExtension,
  PolicyFact,
  PolicyHost,
  SwarmPolicy,
  UnchokeRound,
} from '@bt/swarm'
import type { ReadonlyBitfield } from '@bt/primitives'
import { CacheTorrentError } from '../errors.ts'
import type { SiteLookup } from '../site-map.ts'
import { ClassicChoker } from './classic-choker.ts'
import { CLASSIC_EXTENSION, decodeClassic } from './classic-messages.ts'
import { Follower } from './follower.ts'
import { Leader } from './leader.ts'
import { CLASSIC_REPLY_KEY, decodeLeaders, type LeaderLists } from './leaders-reply.ts'
import { PieceRanges } from './piece-ranges.ts'

export interface ClassicOptions {
  /** The site of a peer's address. */
  readonly siteOf: SiteLookup
  /** Our own. */
  readonly site: string
  /** Bytes per second, for the election. */
  readonly uploadBytesPerSecond: number
  readonly downloadBytesPerSecond: number
}

/** What a peer is once the leaders are named. */
interface Roles {
  readonly ranges: PieceRanges
  readonly leader: Leader | undefined
  readonly follower: Follower | undefined
  /** What it may import: the pieces of the ranges that it leads. */
  readonly imports: ReadonlyBitfield
}

export class ClassicPolicy implements SwarmPolicy {
  readonly extensions: readonly PolicyExtension[]
  readonly #options: ClassicOptions
  #host: PolicyHost | undefined
  #leaders: LeaderLists | undefined
  #roles: Roles | undefined
  #chokers: readonly ClassicChoker[] = [new ClassicChoker()]
  #refused = 0

  constructor(options: ClassicOptions) {
    this.#options = options
    const received = (peer: PeerHandle, payload: Uint8Array): void => this.#received(peer, payload)
    this.extensions = [{ name: CLASSIC_EXTENSION, received }]
  }

  get role(): 'undecided' | 'leader' | 'follower' {
    if (this.#roles === undefined) return 'undecided'
    return this.#roles.leader === undefined ? 'follower' : 'leader'
  }

  /** Requests for pieces that were not here yet, held so far. */
  get heldCount(): number {
    return this.#roles?.leader?.heldCount ?? 0
  }

  /** Messages and replies that were refused. */
  get refused(): number {
    return this.#refused
  }

  attach(host: PolicyHost): void {
    this.#host = host
  }

  detach(): void {
    this.#host = undefined
  }

  announce(): ReadonlyMap<string, string> {
    const { uploadBytesPerSecond, downloadBytesPerSecond } = this.#options
    return new Map([
      ['cc_up', String(Math.floor(uploadBytesPerSecond))],
      ['cc_down', String(Math.floor(downloadBytesPerSecond))],
    ])
  }

  announced(reply: ReadonlyMap<string, unknown>): void {
    if (this.#leaders !== undefined || !reply.has(CLASSIC_REPLY_KEY)) return
    try {
      this.#leaders = decodeLeaders(reply.get(CLASSIC_REPLY_KEY))
    } catch (error) {
      this.#refuse(error)
    }
    this.#begin()
  }

  observe(fact: PolicyFact): void {
    this.#begin()
    if (fact.type === 'have') this.#roles?.leader?.has(fact.peer, fact.piece)
    else if (fact.type === 'progress') {
      const range = this.#roles?.ranges.of(fact.piece) ?? 0
      this.#chokers[range]?.received(fact.peer, fact.bytes)
    } else if (fact.type === 'verified') this.#roles?.leader?.picker.came(fact.piece)
    else if (fact.type === 'opened') this.#met(fact.peer)
    else if (fact.type === 'pieces') this.#showed(fact.peer)
    else if (fact.type === 'closed') this.#left(fact.peer)
  }

  link(peer: PeerHandle): Link {
    const roles = this.#roles
    if (roles === undefined) return 'idle'
    return roles.leader !== undefined || this.#isLocal(peer) ? 'both' : 'upload-only'
  }

  scope(peer: PeerHandle): PieceScope | undefined {
    const roles = this.#roles
    if (roles === undefined) return { had: 'none', reason: 'undecided' }
    if (!this.#isLocal(peer)) return { had: roles.imports, reason: 'leader' }
    const promised = roles.follower?.download.promisedBy(peer)
    if (promised === undefined) return LOCAL
    return { had: 'all', promised, promisedBusy: true, reason: 'local' }
  }

  /** Pieces that followers wait for come first; asked for only once there was one. */
  get prefer(): SwarmPolicy['prefer'] {
    const picker = this.#roles?.leader?.picker
    if (picker === undefined || !picker.wasAsked) return undefined
    return { within: 'same-rarity', rank: picker.rank }
  }

  hold(peer: PeerHandle, piece: number, heldNow: number): number {
    const leader = this.#roles?.leader
    if (leader === undefined) return 0
    const wasAsked = leader.picker.wasAsked
    const holdMs = leader.hold(peer, piece, heldNow)
    if (!wasAsked && leader.picker.wasAsked) this.#host?.changed('prefer')
    return holdMs
  }

  /** Each range chooses its own. */
  unchoke(round: UnchokeRound): readonly PeerHandle[] {
    const host = this.#host
    if (host === undefined) return round.proposed
    const chosen = new Set<PeerHandle>()
    for (const choker of this.#chokers) {
      for (const peer of choker.round(round, host)) chosen.add(peer)
    }
    return [...chosen]
  }

  /** Takes its role, once it knows leaders and pieces. */
  #begin(): void {
    const host = this.#host
    const leaders = this.#leaders
    if (this.#roles !== undefined || leaders === undefined) return
    if (host?.geometry === undefined || host.have.length === 0) return
    const { peerId } = host.self
    const ranges = new PieceRanges(leaders.length, host.have.length)
    const all = [...leaders.keys()]
    const led = new Set(all.filter((range) => leaders[range]?.some((one) => one.peerId === peerId)))
    const followed = all.filter((range) => !led.has(range))
    const isLocal = (peer: PeerHandle): boolean => this.#isLocal(peer)
    this.#roles = {
      ranges,
      leader: led.size === 0 ? undefined : new Leader({ host, led, ranges, isLocal }),
      follower: followed.length === 0 ? undefined : new Follower({ host, leaders, followed }),
      imports: ranges.pieces(led),
    }
    this.#chokers = all.map(() => new ClassicChoker())
    for (const peer of host.peers()) this.#met(peer)
    host.changed('scope')
    host.changed('link')
  }

  #isLocal(peer: PeerHandle): boolean {
    return this.#options.siteOf(peer.endpoint.host) === this.#options.site
  }

  #met(peer: PeerHandle): void {
    const follower = this.#roles?.follower
    if (follower === undefined) return
    if (this.#isLocal(peer)) follower.look()
    else follower.met(peer)
  }

  #showed(peer: PeerHandle): void {
    const leader = this.#roles?.leader
    if (leader === undefined) return
    for (let piece = 0; piece < peer.pieces.length; piece++) {
      if (peer.pieces.has(piece)) leader.has(peer, piece)
    }
  }

  #left(peer: PeerHandle): void {
    this.#roles?.leader?.left(peer)
    this.#roles?.follower?.left(peer)
    for (const choker of this.#chokers) choker.left(peer)
  }

  #received(peer: PeerHandle, payload: Uint8Array): void {
    const host = this.#host
    const roles = this.#roles
    if (host === undefined || roles === undefined) return
    try {
      const message = decodeClassic(payload, host.have.length)
      if (message?.kind === 'leader-start') roles.leader?.started(peer, message)
      if (message?.kind === 'forwarded-have' && this.#isLocal(peer)) {
        const isNew = roles.follower?.download.forwarded(peer, message.pieces) ?? false
        if (isNew) host.changed('scope', peer)
      }
    } catch (error) {
      this.#refuse(error)
    }
  }

  #refuse(error: unknown): void {
    if (!(error instanceof CacheTorrentError)) throw error
    this.#refused++
  }
}

const LOCAL: PieceScope = { had: 'all', reason: 'local' }
