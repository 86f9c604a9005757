// The peers of one torrent: its components, and the table of who answers for which event of a peer.
//
// No policy, no protocol and no arithmetic lives here. A handler is one line that names the owner of the
// consequence; what needs content is behind `#exchange`, which is there once the store is open (`torrent.ts`).

import type { PieceGeometry } from '@bt/metainfo'
import type { FoundPeer, PeerOrigin } from '@bt/ports'
import { Bitfield, type InfoHash, type ReadonlyBitfield } from '@bt/primitives'
import type { PeerEvent } from '@bt/wire'
import { Connections } from './connections.ts'
import type { EngineParts, PeerHandlers } from './engine-parts.ts'
import type { Exchange } from './exchange.ts'
import { MetadataShell } from './extensions/metadata-shell.ts'
import { PeerExchangeShell } from './extensions/peer-exchange-shell.ts'
import { clientOf, Greeting, wantsNothing } from './greeting.ts'
import { answerHashes } from './transfer/hash-answers.ts'
import { knownPeersOptionsOf, mannersOf } from './manners.ts'
import { Dialer } from './peers/dialer.ts'
import { KnownPeers } from './peers/known-peers.ts'
import type { Peer } from './peers/peer.ts'
import type { PeerOwner } from './peers/peer-owner.ts'
import { PeerSet } from './peers/peer-set.ts'
import { Upkeep } from './peers/upkeep.ts'
import { PolicySeat } from './policy-seat.ts'
import { PolicyEffects } from './policy-effects.ts'
import { policyOf } from './torrent-options.ts'

const NO_PIECES: ReadonlyBitfield = new Bitfield(0)

export class Engine implements PeerOwner<Peer> {
  readonly peers = new PeerSet()
  readonly known: KnownPeers
  readonly seat: PolicySeat
  readonly connections: Connections
  readonly dialer: Dialer
  readonly #parts: EngineParts
  readonly #greeting: Greeting
  readonly #metadata: MetadataShell
  readonly #pex: PeerExchangeShell
  readonly #upkeep: Upkeep
  #exchange: Exchange | undefined
  #online = false
  #accepting = false

  readonly #handlers: PeerHandlers = {
    asked: () => {}, // the acceptor's, before the peer is ours
    handshake: (peer, event) => this.connections.shaken(peer, event.remote),
    'extension-handshake': (peer, event) => this.#introduced(peer, event.facts),
    choke: (peer) => this.#exchange?.downloader.choked(peer),
    unchoke: (peer) => this.#exchange?.unchoked(peer),
    interested: (peer) => this.#exchange?.slots.interestChanged(peer),
    'not-interested': (peer) => this.#exchange?.disinterested(peer),
    have: (peer, event) => this.peerHas(peer, event.piece),
    'dont-have': (peer, event) => this.#exchange?.downloader.lost(peer, event.piece),
    suggest: () => {}, // rarest-first is not steered by others
    'allowed-fast': (peer, event) => this.#exchange?.downloader.allowedFast(peer, event.piece),
    pieces: (peer, event) => this.#shown(peer, event.pieces),
    request: (peer, event) => this.#exchange?.uploader.requested(peer, event),
    cancel: (peer, event) => this.#exchange?.uploader.withdrawn(peer, event),
    'hold-expired': (peer, event) => this.#exchange?.uploader.withdrawn(peer, event),
    reject: (peer, event) => this.#exchange?.downloader.requestEnded(peer, event),
    block: (peer, event) => this.#exchange?.blockArrived(peer, event),
    'hash-request': (peer, event) => answerHashes(this.#exchange?.store, peer, event.range),
    hashes: (peer, event) => this.#parts.layers.heard(peer, event.range, event.hashes),
    'hash-reject': (peer, event) => this.#parts.layers.heard(peer, event.range, undefined),
    extended: (peer, event) => this.#extended(peer, event.name, event.payload),
    port: () => {}, // the DHT's, when there is one
  }

  constructor(parts: EngineParts) {
    this.#parts = parts
    const { hub, limits } = parts
    const { turn, addresses, bans } = hub
    const { clock, random, transport } = hub.ports
    const manners = mannersOf(parts.options)
    this.known = new KnownPeers(random, knownPeersOptionsOf(manners, addresses), bans)
    this.known.ourId(hub.identity.peerId)
    const effects = new PolicyEffects({
      turn,
      peers: () => this.peers.open(),
      exchange: () => this.#exchange,
      refused: (peer) => this.#refused(peer),
      redial: () => this.dialer.go(),
      announce: parts.announce,
    })
    this.seat = new PolicySeat(policyOf(parts.options), {
      clock,
      random,
      peerId: hub.identity.peerId,
      port: () => hub.port(),
      have: parts.have,
      geometry: () => this.#exchange?.metainfo.geometry,
      peersMax: () => limits().peersMax,
      peers: () => this.peers.open(),
      send: (peer, extension, payload) => effects.send(peer as Peer, extension, payload),
      dial: (endpoint) => this.found([{ endpoint }], 'policy', undefined),
      drop: (peer, reason) => (peer as Peer).drop('policy', reason),
      changed: (question, peer, piece) => effects.changed(question, peer, piece),
      endTurn: () => turn.end(),
    })
    this.#upkeep = new Upkeep({
      evicts: manners.evicts,
      peers: this.peers,
      isFull: () => this.peers.size >= limits().peersMax || hub.caps.isFull,
      othersWait: (now) => this.known.hasDue(now, this.#exchange?.isComplete ?? false),
      isSnubbed: (peer, now) => this.#exchange?.downloader.snubbed(peer, now) ?? false,
    })
    this.connections = new Connections({
      hub,
      known: this.known,
      peers: this.peers,
      owner: this,
      downloadBudget: parts.downloadBudget,
      limits,
      infoHashes: parts.infoHashes,
      infoHashV2: parts.want.infoHashV2,
      events: parts.events,
      geometry: () => this.#exchange?.metainfo.geometry,
      isOpen: () => this.#accepting,
      full: () => this.#upkeep.knocked(),
      opened: (peer) => this.#opened(peer),
    })
    this.dialer = new Dialer({
      known: this.known,
      transport,
      clock,
      caps: hub.caps,
      turn,
      infoHash: parts.infoHashes[0] as InfoHash,
      score: this.seat.dialScore,
      dialsMax: () => limits().dialsMax,
      room: () => limits().peersMax - this.peers.size,
      skipSeeds: () => this.#exchange?.isComplete ?? false,
      dialed: (channel, candidate) => this.connections.dialed(channel, candidate),
    })
    this.#greeting = new Greeting({
      known: this.known,
      seat: this.seat,
      client: hub.client,
      port: () => hub.port(),
      exchangesPeers: () => parts.exchangesPeers(),
      metadataLength: () => this.#metadata.length,
      isUploadOnly: () => this.#exchange?.isComplete ?? false,
    })
    this.#metadata = new MetadataShell(
      {
        want: parts.want,
        clock,
        turn,
        done: (infoBytes) => parts.metadataCame(infoBytes),
        blamed: (peer, reason, drop) => {
          hub.ports.log?.('info', 'metadata.wrong', { peer: peer.endpoint, reason })
          if (drop) peer.drop('metadata', reason)
        },
      },
      parts.infoBytes,
    )
    this.#pex = new PeerExchangeShell({
      clock,
      turn,
      peers: () => this.peers.open(),
      wantsNothing,
      found: (peers, from) => this.found(peers, 'pex', from.endpoint.host),
    })
  }

  get exchange(): Exchange | undefined {
    return this.#exchange
  }

  get isOnline(): boolean {
    return this.#online
  }

  /** Answers those who come, who hear of our pieces when they are checked. */
  openDoor(): void {
    this.#accepting = true
  }

  /** Dials, and answers those who come. */
  goOnline(): void {
    this.#accepting = true
    this.#online = true
    this.dialer.start()
  }

  /** Every connection ends, no other begins. */
  goOffline(detail: string, message: string): void {
    this.#online = false
    this.#accepting = false
    this.dialer.stop()
    this.connections.dropAll(detail, message)
  }

  /** What the policy has left to do in order, then nothing any more. */
  close(done: () => void): void {
    this.dialer.stop()
    this.seat.leave(() => {
      this.goOffline('closed', 'this torrent was closed')
      this.seat.detach()
      for (const part of [this.#exchange, this.#pex, this.#metadata]) part?.close()
      done()
    })
  }

  found(peers: readonly FoundPeer[], origin: PeerOrigin, source: string | undefined): void {
    const now = this.#parts.hub.ports.clock.now()
    this.known.found(peers, origin, source, now)
    this.dialer.go()
  }

  /** The metadata is here, checked and parsed: it is served from now on. */
  serveMetadata(infoBytes: Uint8Array): void {
    this.#metadata.serve(infoBytes)
  }

  /** The store is open: peers that are connected already (magnet) go on with content. */
  contentOpened(exchange: Exchange, geometry: PieceGeometry): void {
    this.#exchange = exchange
    for (const peer of this.peers.all()) {
      const isOpen = this.peers.isOpen(peer)
      if (isOpen) exchange.joined(peer)
      peer.adopt(geometry)
      if (!isOpen || peer.isClosed) continue
      if (peer.isGreeted) exchange.haves.catchUp(peer)
      else this.#greet(peer)
      this.#greeting.sendHandshake(peer)
    }
  }

  /** Everything wanted is here: seeds are of no more use, and the others may know (BEP 21). */
  completed(isPartialSeed: boolean): void {
    for (const peer of Array.from(this.peers.open())) {
      this.#dropIfUseless(peer)
      if (isPartialSeed && !peer.isClosed) this.#greeting.sendHandshake(peer)
    }
  }

  /** More is wanted than we have, after all had been here. */
  wantsAgain(): void {
    this.known.wantAgain(this.#parts.hub.ports.clock.now())
    for (const peer of this.peers.open()) this.#greeting.sendHandshake(peer)
    this.dialer.go()
  }

  /** The choker's round: once in 10 s. */
  pulse(now: number): void {
    this.#exchange?.tick(now)
    this.#upkeep.pulse(now)
    if (this.peers.openCount === 0 || this.#exchange?.isStarved === true) this.#parts.announce()
  }

  peerEvent(peer: Peer, event: PeerEvent): void {
    const handler = this.#handlers[event.type] as (peer: Peer, event: PeerEvent) => void
    handler(peer, event)
  }

  peerHas(peer: Peer, piece: number): void {
    this.#exchange?.downloader.gained(peer, piece)
    if (this.seat.hearsHaves) this.seat.observe({ type: 'have', peer, piece })
    this.#dropIfUseless(peer)
  }

  peerDrained(peer: Peer): void {
    this.#exchange?.downloader.fill(peer)
  }

  glance(peer: Peer, piece: number): number {
    return (this.#exchange?.picker.glance(piece) ?? 0) + this.seat.glance(peer, piece)
  }

  peerWritable(peer: Peer): void {
    this.#exchange?.uploader.writable(peer)
  }

  peerClosed(peer: Peer, reason: Error | undefined): void {
    const { events, hub } = this.#parts
    const wasOpen = this.peers.isOpen(peer)
    this.#exchange?.left(peer)
    this.#metadata.left(peer)
    this.#parts.layers.left(peer)
    this.#pex.left(peer)
    this.connections.closed(peer, reason)
    hub.ports.log?.('debug', 'peer.closed', { peer: peer.endpoint, reason })
    if (wasOpen) {
      this.seat.observe({ type: 'closed', peer })
      const { endpoint, origin } = peer
      events.emit('peer', { endpoint, origin, change: 'closed', ...(reason ? { reason } : {}) })
    }
    this.seat.closed(peer)
    this.dialer.go()
  }

  #opened(peer: Peer): void {
    this.#exchange?.joined(peer)
    this.seat.observe({ type: 'opened', peer })
    if (this.#refused(peer)) return
    this.#greeting.sendHandshake(peer)
    this.#greet(peer)
    this.#parts.layers.joined(peer)
    const client = clientOf(peer)
    const about = { endpoint: peer.endpoint, origin: peer.origin, ...(client ? { client } : {}) }
    this.#parts.events.emit('peer', { ...about, change: 'connected' })
  }

  /** Without metadata we have nothing; with it, and while what is there is checked, we say nothing yet. */
  #greet(peer: Peer): void {
    if (this.#exchange !== undefined) this.#exchange.greet(peer)
    else if (this.#metadata.length === undefined) peer.session.sendPieces(NO_PIECES)
    else return
    peer.isGreeted = true
  }

  #introduced(peer: Peer, facts: Parameters<Greeting['heard']>[1]): void {
    this.#greeting.heard(peer, facts)
    this.#metadata.heard(peer)
    if (this.#parts.exchangesPeers()) this.#pex.heard(peer)
    this.#exchange?.downloader.requestsMaxOfPeer(peer)
    this.#dropIfUseless(peer)
  }

  #shown(peer: Peer, pieces: ReadonlyBitfield): void {
    this.#exchange?.downloader.pieces(peer, pieces)
    if (this.seat.observes) this.seat.observe({ type: 'pieces', peer })
    this.#dropIfUseless(peer)
  }

  #extended(peer: Peer, name: string, payload: Uint8Array): void {
    if (name === 'ut_metadata') this.#metadata.received(peer, payload)
    else if (name === 'ut_pex') {
      if (this.#parts.exchangesPeers()) this.#pex.received(peer, payload)
    } else {
      for (const extension of this.seat.policy?.extensions ?? []) {
        if (extension.name === name) extension.received(peer, payload)
      }
    }
  }

  /** Two that have everything have nothing to say to each other. */
  #dropIfUseless(peer: Peer): void {
    if (this.#exchange?.isComplete !== true || peer.isClosed || !wantsNothing(peer)) return
    this.known.seedMet(peer.endpoint)
    peer.drop('both-seeds', 'neither of us wants anything')
  }

  #refused(peer: Peer): boolean {
    if (this.seat.link(peer) === 'refuse') peer.drop('policy', 'the policy refuses this link')
    return peer.isClosed
  }
}
