// The life of one torrent: metadata → storage → check → online, paused, stopped by the disk, complete, closed.
//
// Owns the engine (peers), the contents (disk) and the sources; decides which state it is in and tells it.

import { type Magnet, type Metainfo, parseInfo, type Surroundings } from '@bt/metainfo'
import type { PieceStore, StoreCondition } from '@bt/piece-store'
import type { Done, FoundPeer, PeerOrigin } from '@bt/ports'
import { Bitfield, type InfoHash, type ReadonlyBitfield } from '@bt/primitives'
import { announcing } from './announcing.ts'
import type { Contents } from './contents.ts'
import type { Emitter } from './emitter.ts'
import { Engine } from './engine.ts'
import { SwarmError } from './errors.ts'
import type { SwarmEvents, SwarmState } from './events.ts'
import { Exchange } from './exchange.ts'
import { LayerShell } from './extensions/layer-shell.ts'
import { filePriorities, wantedFiles } from './selection.ts'
import { wantsNothing } from './greeting.ts'
import type { Hub } from './hub.ts'
import { keeping } from './keeping.ts'
import { Opening } from './opening.ts'
import type { FileSelection, SwarmLimits, TorrentOptions } from './options.ts'
import type { Peer } from './peers/peer.ts'
import type { Sources } from './sources.ts'
import { selectionOf, surroundingsOf, wireHashesOf } from './torrent-options.ts'
import type { SwarmCounts, SwarmStats } from './stats.ts'
import { stateOf } from './torrent-state.ts'
import { Meters } from './transfer/meters.ts'

export class Torrent {
  readonly infoHashes: readonly InfoHash[]
  readonly contents: Contents
  readonly #hub: Hub
  readonly #options: TorrentOptions
  readonly #events: Emitter<SwarmEvents>
  readonly #meters: Meters
  readonly #engine: Engine
  readonly #sources: Sources
  readonly #layers: LayerShell
  readonly #opening: Opening
  readonly #select: ReturnType<typeof selectionOf>
  readonly #around: Partial<Surroundings>
  /** Endpoints in the magnet: a stranger's word, so only public addresses are believed. */
  readonly #named: readonly FoundPeer[]
  #metainfo: Metainfo | undefined
  #priorities: readonly number[] = []
  #state: SwarmState
  #paused: boolean
  #wasComplete = false
  #failure: SwarmError | undefined
  #closed = false

  constructor(
    torrent: Metainfo | Magnet,
    hub: Hub,
    options: TorrentOptions,
    events: Emitter<SwarmEvents>,
  ) {
    this.infoHashes = wireHashesOf(torrent)
    this.#hub = hub
    this.#options = options
    this.#events = events
    this.#meters = new Meters(hub, options.limits ?? {})
    this.#paused = options.paused ?? false
    this.#select = selectionOf(torrent, options)
    this.#named = 'peers' in torrent ? torrent.peers.map((endpoint) => ({ endpoint })) : []
    this.#around = 'files' in torrent ? {} : surroundingsOf(torrent)
    this.#metainfo = 'files' in torrent ? torrent : undefined
    this.#state = this.#metainfo === undefined ? 'metadata' : 'checking'
    this.#sources = announcing({
      infoHashes: this.infoHashes,
      hub,
      sources: options.sources ?? [],
      meters: this.#meters,
      events,
      metainfo: () => this.#metainfo,
      engine: () => this.#engine,
    })
    this.contents = keeping({
      name: this.infoHashes[0] as InfoHash,
      hub,
      options,
      events,
      exchange: () => this.#engine.exchange,
      settle: () => this.#settle(),
    })
    this.#layers = new LayerShell(hub.ports.clock, hub.turn)
    this.#engine = new Engine({
      hub,
      layers: this.#layers,
      infoHashes: this.infoHashes,
      want: torrent,
      infoBytes: this.#metainfo?.infoBytes,
      options,
      events,
      downloadBudget: this.#meters.downloadBudget,
      limits: () => this.#meters.limits,
      have: () => this.have,
      exchangesPeers: () => options.pex !== false && this.#metainfo?.isPrivate !== true,
      metadataCame: (infoBytes) => this.#metadataCame(infoBytes),
      announce: () => this.#sources.wanted(),
    })
    this.#opening = new Opening({
      hub,
      options,
      contents: this.contents,
      layers: this.#layers,
      peers: () => this.#engine.peers.open(),
      isClosed: () => this.#closed,
      failed: (what, cause) => this.#fail(what, cause),
      opened: (metainfo, store) => this.#storeOpened(metainfo, store),
      settle: () => this.#settle(),
    })
  }

  get state(): SwarmState {
    return this.#state
  }

  get metainfo(): Metainfo | undefined {
    return this.#metainfo
  }

  get have(): ReadonlyBitfield {
    return this.contents.store?.have ?? new Bitfield(0)
  }

  get condition(): StoreCondition {
    return this.contents.store?.condition ?? { state: 'ok' }
  }

  get failure(): SwarmError | undefined {
    return this.#failure
  }

  get isComplete(): boolean {
    return this.#engine.exchange?.isComplete ?? false
  }
  /** Received payload by the reason that the policy gave. */
  get reasons(): ReadonlyMap<string, number> {
    return this.#meters.counters.byReason
  }
  counts(): SwarmCounts {
    return this.#meters.counts(this.#engine.peers.openCount)
  }
  stats(): SwarmStats {
    const { peers, known, exchange } = this.#engine
    let seedsConnected = 0
    for (const peer of peers.open()) if (wantsNothing(peer)) seedsConnected++
    return this.#meters.picture(this.#hub.ports.clock.now(), {
      ...this.counts(),
      seedsConnected,
      peersKnown: known.count,
      leftBytes: exchange?.leftBytes,
      bufferedBytes: exchange?.store.bufferedBytes ?? 0,
    })
  }

  start(): void {
    this.#engine.seat.attach()
    this.#engine.found(this.#named, 'tracker', undefined)
    if (this.#metainfo !== undefined) this.#openContents(this.#metainfo)
    this.#goOnline()
    this.#settle()
  }

  pause(): void {
    if (this.#paused || this.#closed) return
    this.#paused = true
    this.#engine.goOffline('paused', 'this torrent was paused')
    this.#sources.stop(() => {})
    this.contents.checkpoint(() => {})
    this.#settle()
  }

  /** After `pause`; and what the disk stopped is tried again: writing, or opening at all. */
  resume(): void {
    if (this.#closed) return
    if (this.condition.state === 'stopped') this.contents.retry()
    this.#paused = false
    if (this.#failure !== undefined && this.#metainfo !== undefined) {
      this.#failure = undefined
      this.#openContents(this.#metainfo)
    }
    this.#goOnline()
    this.#settle()
  }

  select(selection: FileSelection, done: Done): void {
    const metainfo = this.#metainfo
    const { clock } = this.#hub.ports
    if (metainfo === undefined) {
      const error = new SwarmError('NO_METADATA', 'files can be selected once the metadata is here')
      return void clock.at(clock.now(), () => done(error))
    }
    this.#priorities = filePriorities(metainfo, selection)
    const exchange = this.#engine.exchange
    if (exchange === undefined) return void clock.at(clock.now(), () => done(undefined))
    const wanted = wantedFiles(metainfo, this.#priorities)
    exchange.store.select(wanted ?? Bitfield.full(metainfo.files.length), (error) => {
      if (error === undefined) exchange.select(this.#priorities)
      this.#progressed()
      done(error)
      this.#hub.turn.end()
    })
  }

  addPeers(peers: readonly FoundPeer[], origin: PeerOrigin): void {
    this.#engine.found(peers, origin, undefined)
  }

  setLimits(limits: Partial<SwarmLimits>): void {
    this.#meters.setLimits(limits, this.#hub.ports.clock.now())
    this.#engine.connections.limitsChanged()
    this.#engine.dialer.go()
  }

  checkpoint(done: Done<Uint8Array>): void {
    this.contents.checkpoint(done)
  }

  /** Nothing is left when `done` runs: no timer, no socket, no descriptor. Called once. */
  close(done: Done): void {
    this.#closed = true
    let left = 2
    let failed: Error | undefined
    const finish = (error: Error | undefined): void => {
      failed ??= error
      if (--left === 0) done(failed)
    }
    this.#sources.stop(() => finish(undefined))
    this.#engine.close(() => {
      this.#layers.close()
      this.contents.close(finish)
    })
    this.#settle()
  }

  /** Somebody at our port asks for this torrent. */
  accept(peer: Peer): boolean {
    return this.#engine.connections.accept(peer)
  }

  /** An address is refused by the whole session now. */
  banned(reason: SwarmError): void {
    this.#engine.connections.banned(reason)
  }

  #metadataCame(infoBytes: Uint8Array): void {
    let metainfo: Metainfo
    try {
      metainfo = parseInfo(infoBytes, this.infoHashes[0] as InfoHash, this.#around)
    } catch (error) {
      return this.#fail('the metadata has the right hash and is no usable torrent', error)
    }
    this.#metainfo = metainfo
    this.#engine.serveMetadata(infoBytes)
    this.#events.emit('metadata', { metainfo })
    if (!this.#closed) this.#openContents(metainfo)
  }

  #openContents(metainfo: Metainfo): void {
    this.#priorities = filePriorities(metainfo, this.#select(metainfo))
    this.#settle()
    this.#opening.open(metainfo, wantedFiles(metainfo, this.#priorities))
  }

  #storeOpened(metainfo: Metainfo, store: PieceStore): void {
    const engine = this.#engine
    const exchange = new Exchange({
      hub: this.#hub,
      metainfo,
      store,
      seat: engine.seat,
      peers: engine.peers,
      meters: this.#meters,
      events: this.#events,
      priorities: this.#priorities,
      options: this.#options,
      wantsNothing,
      convicted: (conviction) => engine.connections.convicted(conviction),
      changed: () => {
        this.contents.changed()
        this.#progressed()
      },
      pulse: (now) => engine.pulse(now),
    })
    engine.contentOpened(exchange, metainfo.geometry)
    this.#progressed()
    this.#goOnline()
    this.#settle()
  }

  #goOnline(): void {
    if (this.#engine.isOnline || this.#paused || this.#closed) return
    if (this.#failure !== undefined) return
    if (!this.#lacksMetadata && !this.#engine.exchange) return this.#engine.openDoor()
    this.#engine.goOnline()
    this.#sources.start()
  }

  #fail(what: string, cause: unknown): void {
    if (this.#closed || this.#failure !== undefined) return
    const name = this.#metainfo?.name ?? this.infoHashes[0]
    const why = cause instanceof Error ? cause.message : String(cause)
    this.#failure = new SwarmError('CANNOT_START', `${name}: ${what}: ${why}`, { cause })
    this.#engine.goOffline('failed', what)
    this.#sources.stop(() => {})
    this.#settle()
    this.#events.emit('failed', { error: this.#failure })
  }

  #settle(): void {
    const state = stateOf({
      isClosed: this.#closed,
      hasFailed: this.#failure !== undefined,
      lacksMetadata: this.#lacksMetadata,
      isOpen: this.#engine.exchange !== undefined,
      isPaused: this.#paused,
      isStopped: this.condition.state === 'stopped',
      isComplete: this.isComplete,
    })
    if (state === this.#state) return
    this.#state = state
    this.#events.emit('state', { state })
  }

  get #lacksMetadata(): boolean {
    return this.#metainfo === undefined || this.#layers.isAsking
  }

  /** Pieces came or went, or others are wanted. */
  #progressed(): void {
    const exchange = this.#engine.exchange
    if (exchange === undefined) return
    const { isComplete } = exchange
    const isNew = isComplete && !this.#wasComplete
    if (this.#wasComplete && !isComplete) this.#engine.wantsAgain()
    this.#wasComplete = isComplete
    if (isNew) {
      this.#sources.changed(exchange.isPartialSeed ? 'partial-seed' : 'completed')
      this.contents.checkpoint(() => {})
      this.#engine.completed(exchange.isPartialSeed)
    }
    this.#settle()
    if (!isNew) return
    const { downloadedBytes, uploadedBytes, wastedBytes } = this.#meters.counters
    this.#events.emit('complete', { downloadedBytes, uploadedBytes, wastedBytes })
  }
}
