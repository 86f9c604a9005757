// Many torrents behind one port, one set of limits and one memory budget: the façade over a lobby of swarms.

import type { Magnet, Metainfo } from '@bt/metainfo'
import type { Done, Ports } from '@bt/ports'
import type { PeerId } from '@bt/primitives'
import { Lobby } from './lobby.ts'
import type { SessionLimits, SessionOptions, TorrentOptions } from './options.ts'
import { answer } from './swarm-promises.ts'
import { Swarm } from './swarm.ts'

export class Session implements AsyncDisposable {
  readonly #lobby: Lobby
  readonly #swarms = new Set<Swarm>()

  /** Accepts nothing yet: `listen` comes next. `Session.open` does both. */
  constructor(ports: Ports, options: SessionOptions = {}) {
    this.#lobby = new Lobby(ports, options)
  }

  /**
   * Listens, unless told not to.
   * @throws {SwarmError} CANNOT_LISTEN; the signal's reason when it is aborted; later that closes the session
   */
  static async open(ports: Ports, options: SessionOptions = {}): Promise<Session> {
    options.signal?.throwIfAborted()
    const session = new Session(ports, options)
    await answer<void>((done) => session.listen(options, done))
    options.signal?.addEventListener('abort', () => void session.close(), { once: true })
    return session
  }

  /** Port we accept on; 0: none. */
  get port(): number {
    return this.#lobby.port
  }

  get peerId(): PeerId {
    return this.#lobby.hub.identity.peerId
  }

  /** Bytes of pieces in memory, over all torrents. */
  get memoryBytes(): number {
    return this.#lobby.hub.memory.usedBytes
  }

  /** Connections of all torrents, with dials under way and handshakes not done. */
  get connections(): number {
    return this.#lobby.hub.caps.connections
  }

  /** For callers that may not await (simulations). Error: SwarmError CANNOT_LISTEN. */
  listen(options: Pick<SessionOptions, 'port' | 'host' | 'listen'>, done: Done): void {
    this.#lobby.listen(options, done)
  }

  /**
   * Adds a torrent and starts it. Its check, metadata and download go on by themselves: listen to its events, or
   * await `completed`.
   * @throws {SwarmError} ALREADY_ADDED, CLOSED; the signal's reason when it is aborted; later that closes the torrent
   */
  async add(torrent: Metainfo | Magnet, options: TorrentOptions = {}): Promise<Swarm> {
    options.signal?.throwIfAborted()
    const swarm = this.start(torrent, options)
    options.signal?.addEventListener('abort', () => void swarm.close(), { once: true })
    return swarm
  }

  /** `add` for callers that may not await. */
  start(torrent: Metainfo | Magnet, options: TorrentOptions = {}): Swarm {
    const swarm = new Swarm(torrent, this.#lobby, options, false)
    this.#swarms.add(swarm)
    swarm.on('state', ({ state }) => {
      if (state === 'closed') this.#swarms.delete(swarm)
    })
    return swarm
  }

  /** In the order they were added. */
  swarms(): IterableIterator<Swarm> {
    return this.#swarms.values()
  }

  /** Closes the torrent; its content and resume data stay. */
  async remove(swarm: Swarm): Promise<void> {
    await swarm.close()
  }

  /** New limits, at once. */
  setLimits(limits: Partial<SessionLimits>): void {
    this.#lobby.setLimits(limits)
  }

  /** Stops all: events end, `stopped` is announced while policies leave in order (at most 5 s), disk is flushed; no timer, socket or descriptor is left. */
  async close(): Promise<void> {
    await answer<void>((done) => this.stop(done))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** `close` for callers that may not await. What the disk said is in the answers of each swarm's own `close`. */
  stop(done: Done): void {
    this.#lobby.stop(() => done(undefined))
  }
}
