// The sources of peers of one torrent: started and stopped together, heard through one sink.
//
// Stopping is bounded: sources that do not say goodbye within 5 s are left behind. Private torrents hear nothing
// from DHT, local discovery or peer exchange (BEP 27).

import type { Alarm, Clock, FoundPeer, PeerOrigin, PeerSink, PeerSource } from '@bt/ports'
import type { InfoHash, PeerId } from '@bt/primitives'
import type { SwarmEvents } from './events.ts'
import { STOP_SOURCES_MS } from './options.ts'

/** What the sink answers with, by the engine's hand. */
export interface SinkParts {
  readonly infoHashes: readonly InfoHash[]
  readonly peerId: PeerId
  readonly clock: Clock
  readonly isPrivate: () => boolean
  readonly listenPort: () => number
  readonly progress: () => ReturnType<PeerSink['progress']>
  readonly peersWanted: () => number
  readonly announce: () => ReadonlyMap<string, string>
  readonly announced: (reply: ReadonlyMap<string, unknown>, tracker: string) => void
  readonly found: (
    peers: readonly FoundPeer[],
    origin: PeerOrigin,
    source: string | undefined,
  ) => void
  readonly noted: (facts: SwarmEvents['source']) => void
}

const PUBLIC_ORIGINS: ReadonlySet<PeerOrigin> = new Set(['dht', 'lsd', 'pex'])

export class Sources {
  readonly #sources: readonly PeerSource[]
  readonly #parts: SinkParts
  #running = false
  #stopping = false
  /** Started while it stopped: once that is over. */
  #again = false
  readonly #waiting: (() => void)[] = []

  constructor(sources: readonly PeerSource[], parts: SinkParts) {
    this.#sources = sources
    this.#parts = parts
  }

  start(): void {
    if (this.#running) return
    if (this.#stopping) {
      this.#again = true
      return
    }
    this.#running = true
    for (const source of this.#sources) source.start(this.#sink())
  }

  /** Everything wanted is here, or what we want changed: peers should hear of it soon. */
  changed(what: 'completed' | 'partial-seed'): void {
    if (this.#running) for (const source of this.#sources) source.changed?.(what)
  }

  wanted(): void {
    if (this.#running) for (const source of this.#sources) source.wanted?.()
  }

  /** `done` runs when all said goodbye, or after 5 s; never before this returned. */
  stop(done: () => void): void {
    const { clock } = this.#parts
    this.#again = false
    this.#waiting.push(done)
    if (this.#stopping) return
    this.#stopping = true
    let left = this.#running ? this.#sources.length : 0
    this.#running = false
    let alarm: Alarm | undefined
    const finish = (): void => {
      if (!this.#stopping || left < 0) return
      left = -1
      alarm?.cancel()
      this.#stopped()
    }
    alarm = clock.at(clock.now() + (left === 0 ? 0 : STOP_SOURCES_MS), finish)
    if (left === 0) return
    for (const source of this.#sources) {
      source.stop(() => {
        left--
        if (left === 0) finish()
      })
    }
  }

  #stopped(): void {
    this.#stopping = false
    for (const told of this.#waiting.splice(0)) told()
    if (!this.#again) return
    this.#again = false
    this.start()
  }

  #sink(): PeerSink {
    const parts = this.#parts
    const running = (): boolean => this.#running
    return {
      infoHashes: parts.infoHashes,
      peerId: parts.peerId,
      get isPrivate() {
        return parts.isPrivate()
      },
      listenPort: () => parts.listenPort(),
      progress: () => parts.progress(),
      peersWanted: () => (running() ? parts.peersWanted() : 0),
      announce: () => parts.announce(),
      announced: (reply, tracker) => {
        if (running()) parts.announced(reply, tracker)
      },
      found: (peers, origin, source) => {
        if (!running()) return
        if (parts.isPrivate() && PUBLIC_ORIGINS.has(origin)) return
        parts.found(peers, origin, source)
      },
      noted: (facts) => parts.noted(facts),
    }
  }
}
