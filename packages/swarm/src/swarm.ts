// One torrent, as its user sees it: facts, events, promises. The work is done in `torrent.ts`.

import type { Magnet, Metainfo } from '@bt/metainfo'
import type { StoreCondition } from '@bt/piece-store'
import type { Done, Ports } from '@bt/ports'
import type { Endpoint, InfoHash, ReadonlyBitfield } from '@bt/primitives'
import { Emitter } from './emitter.ts'
import { SwarmError } from './errors.ts'
import type { SwarmEvents, SwarmState } from './events.ts'
import { Lobby } from './lobby.ts'
import type { FileSelection, SwarmLimits, SwarmOptions, TorrentOptions } from './options.ts'
import { answer, withSignal } from './swarm-promises.ts'
import type { SwarmCounts, SwarmStats } from './stats.ts'
import { Torrent } from './torrent.ts'

export class Swarm implements AsyncDisposable {
  readonly #lobby: Lobby
  readonly #ownsLobby: boolean
  readonly #torrent: Torrent
  readonly #events: Emitter<SwarmEvents>
  readonly #waiting: Done[] = []
  readonly #member: Parameters<Lobby['enter']>[0]
  #state: 'open' | 'closing' | 'closed' = 'open'
  #diskError: Error | undefined

  /**
   * Made by `Session.add`, `Session.start` and `Swarm.open`; starts at once.
   * @throws {SwarmError} CLOSED, ALREADY_ADDED
   */
  constructor(
    torrent: Metainfo | Magnet,
    lobby: Lobby,
    options: TorrentOptions,
    ownsLobby: boolean,
  ) {
    this.#lobby = lobby
    this.#ownsLobby = ownsLobby
    this.#events = new Emitter(lobby.hub.ports.log)
    this.#torrent = new Torrent(torrent, lobby.hub, options, this.#events)
    this.#member = {
      infoHashes: this.#torrent.infoHashes,
      accept: (peer) => this.#torrent.accept(peer),
      banned: (reason) => this.#torrent.banned(reason),
      limitsChanged: () => this.#torrent.setLimits({}),
      stop: (done) => this.#stop(() => done()),
    }
    lobby.enter(this.#member)
    this.#torrent.start()
    lobby.hub.turn.soon()
  }

  /**
   * A session of one torrent; closing the swarm closes it.
   * @throws {SwarmError} CANNOT_LISTEN, BAD_OPTION; the signal's reason when it is aborted; later that closes the swarm
   */
  static async open(
    torrent: Metainfo | Magnet,
    ports: Ports,
    options: SwarmOptions = {},
  ): Promise<Swarm> {
    const { sessionLimits, limits: _own, ...shared } = options
    options.signal?.throwIfAborted()
    const limits = sessionLimits === undefined ? {} : { limits: sessionLimits }
    const lobby = new Lobby(ports, { ...shared, ...limits })
    await answer<void>((done) => lobby.listen(options, done))
    const swarm = new Swarm(torrent, lobby, options, true)
    options.signal?.addEventListener('abort', () => void swarm.close(), { once: true })
    return swarm
  }

  get infoHashes(): readonly InfoHash[] {
    return this.#torrent.infoHashes
  }

  /** Undefined while a magnet's metadata is not here. */
  get metainfo(): Metainfo | undefined {
    return this.#torrent.metainfo
  }

  get state(): SwarmState {
    return this.#torrent.state
  }

  /** Verified pieces, live. Of length 0 until the storage is open. */
  get have(): ReadonlyBitfield {
    return this.#torrent.have
  }

  /** Whether pieces can be written now. */
  get condition(): StoreCondition {
    return this.#torrent.condition
  }

  /** Why the torrent cannot go on; undefined while it can. */
  get failure(): SwarmError | undefined {
    return this.#torrent.failure
  }

  /** Everything wanted is here. */
  get isComplete(): boolean {
    return this.#torrent.isComplete
  }

  get stats(): SwarmStats {
    return this.#torrent.stats()
  }

  /** The part of `stats` that costs nothing. */
  get counts(): SwarmCounts {
    return this.#torrent.counts()
  }

  /** Received payload by the reason that the policy's scope gave; 'swarm' without one. */
  get reasons(): ReadonlyMap<string, number> {
    return this.#torrent.reasons
  }

  /** Port we accept on; 0: none. */
  get port(): number {
    return this.#lobby.port
  }

  /** Answers its own undo. A listener that throws is reported through the log. */
  on<Name extends keyof SwarmEvents>(
    event: Name,
    listener: (facts: SwarmEvents[Name]) => void,
  ): () => void {
    return this.#events.on(event, listener)
  }

  /** Peers that the user named: any address is believed. */
  addPeers(peers: readonly Endpoint[]): void {
    const found = peers.map((endpoint) => ({ endpoint }))
    this.#torrent.addPeers(found, 'user')
    this.#lobby.hub.turn.end()
  }

  /**
   * Which files are wanted from now on.
   * @throws {SwarmError} NO_METADATA; a PieceStoreError when bytes could not be moved
   */
  async select(selection: FileSelection): Promise<void> {
    await answer<void>((done) => {
      this.#torrent.select(selection, done)
      this.#lobby.hub.turn.end()
    })
  }

  setLimits(limits: Partial<SwarmLimits>): void {
    this.#torrent.setLimits(limits)
    this.#lobby.hub.turn.end()
  }

  /** Ends connections and announces; content stays open. */
  pause(): void {
    this.#torrent.pause()
    this.#lobby.hub.turn.end()
  }

  /** Goes on after `pause`, and tries again where the disk stopped it. */
  resume(): void {
    this.#torrent.resume()
    this.#lobby.hub.turn.end()
  }

  /** Of the newest checkpoint; undefined before the first. */
  resumeData(): Uint8Array | undefined {
    return this.#torrent.contents.resume
  }

  /** Syncs what was written and answers (and keeps) resume data that say so. */
  async checkpoint(): Promise<Uint8Array> {
    return await answer<Uint8Array>((done) => this.#torrent.checkpoint(done))
  }

  /**
   * Resolves when everything wanted is here and verified; at once when it is.
   * @throws {SwarmError} CLOSED, or why the torrent failed; the signal's reason, which leaves the torrent running
   */
  completed(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return withSignal<void>(options.signal, (resolve, reject) => {
      const settle = (): boolean => {
        if (this.isComplete) resolve()
        else if (this.#torrent.failure !== undefined) reject(this.#torrent.failure)
        else if (this.#state !== 'open') reject(new SwarmError('CLOSED', 'this torrent is closed'))
        else return false
        return true
      }
      if (settle()) return () => {}
      const undo = [
        this.#events.on('complete', () => settle()),
        this.#events.on('failed', () => settle()),
        this.#events.on('state', () => settle()),
      ]
      return () => {
        for (const each of undo) each()
      }
    })
  }

  /**
   * Announces `stopped` and lets the policy leave in order (both at once, at most 5 s), flushes the disk, keeps resume data. Idempotent.
   * @throws {Error} what the disk said at the end; everything is closed all the same
   */
  async close(): Promise<void> {
    await answer<void>((done) => this.stop(done))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** `close` for callers that may not await (simulations). */
  stop(done: Done): void {
    this.#stop((error) => {
      if (this.#ownsLobby) this.#lobby.stop(() => done(error))
      else done(error)
    })
  }

  #stop(done: (error: Error | undefined) => void): void {
    const { clock } = this.#lobby.hub.ports
    if (this.#state === 'closed') {
      clock.at(clock.now(), () => done(this.#diskError))
      return
    }
    this.#waiting.push(done)
    if (this.#state === 'closing') return
    this.#state = 'closing'
    this.#torrent.close((error) => {
      this.#state = 'closed'
      this.#diskError = error
      this.#events.clear()
      this.#lobby.leave(this.#member)
      for (const told of this.#waiting.splice(0)) told(error, undefined)
    })
    this.#lobby.hub.turn.end()
  }
}
