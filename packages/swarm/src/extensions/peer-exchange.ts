// Peer exchange (BEP 11): tells each peer whom we are connected to, as differences once a minute, and hears of others.
//
// Only peers that are connected right now are told of, at the port they accept on. What is heard is bounded in peers
// per message and messages per minute: whoever floods is not listened to. Made only for torrents that are not private.

import type { FoundPeer } from '@bt/ports'
import { type Endpoint, endpointText } from '@bt/primitives'
import type { PexMessage, PexPeer } from '@bt/wire'

export interface PeerExchangeLimits {
  /** Between two messages to one peer, in ms. */
  readonly intervalMs: number
  /** Until the first one: time for a connection to prove itself. */
  readonly firstMs: number
  /** Peers added, and peers dropped, in one message of ours. */
  readonly peersMax: number
  /** Peers taken from the first message of a peer, which may be longer, and from later ones. */
  readonly firstAddedMax: number
  readonly addedMax: number
  /** Messages a peer may send at once beyond its one a minute. */
  readonly burst: number
}

export const PEER_EXCHANGE_LIMITS: PeerExchangeLimits = {
  intervalMs: 60_000, // BEP 11
  firstMs: 5_000,
  peersMax: 50, // BEP 11
  firstAddedMax: 100,
  addedMax: 50,
  burst: 3, // clocks differ, and some clients send the second one early
}

interface Listener {
  /** Endpoints it was told of and not told were dropped. */
  readonly told: Map<string, Endpoint>
  nextAt: number
}

interface Speaker {
  messages: number
  at: number
  isFirst: boolean
}

export class PeerExchange<P> {
  readonly #limits: PeerExchangeLimits
  /** Connected peers, at the endpoint that others could dial. */
  readonly #connected = new Map<P, PexPeer>()
  readonly #listeners = new Map<P, Listener>()
  readonly #speakers = new Map<P, Speaker>()

  constructor(limits?: Partial<PeerExchangeLimits>) {
    this.#limits = { ...PEER_EXCHANGE_LIMITS, ...limits }
  }

  /** A peer is connected. `listens`: where it accepts connections; undefined: not known, nobody is told of it. */
  opened(peer: P, listens: PexPeer | undefined): void {
    if (listens !== undefined) this.#connected.set(peer, listens)
  }

  /** Its extension handshake names ut_pex: it is told of others. */
  speaks(peer: P, now: number): void {
    if (this.#listeners.has(peer)) return
    this.#listeners.set(peer, { told: new Map(), nextAt: now + this.#limits.firstMs })
  }

  closed(peer: P): void {
    this.#connected.delete(peer)
    this.#listeners.delete(peer)
    this.#speakers.delete(peer)
  }

  /** When some peer's next message is due; Infinity: nobody listens. */
  deadline(): number {
    let first = Number.POSITIVE_INFINITY
    for (const { nextAt } of this.#listeners.values()) first = Math.min(first, nextAt)
    return first
  }

  /** What to tell this peer now; undefined: it is too early, or there is nothing new. Cost: O(connected). */
  messageFor(peer: P, now: number): PexMessage | undefined {
    const listener = this.#listeners.get(peer)
    if (listener === undefined || now < listener.nextAt) return undefined
    listener.nextAt = now + this.#limits.intervalMs
    const present = new Map<string, PexPeer>()
    for (const [other, listens] of this.#connected) {
      if (other !== peer) present.set(endpointText(listens.endpoint), listens)
    }
    const itself = this.#connected.get(peer)
    if (itself !== undefined) present.delete(endpointText(itself.endpoint))
    const added = [...present].filter(([key]) => !listener.told.has(key))
    const dropped = [...listener.told].filter(([key]) => !present.has(key))
    const { peersMax } = this.#limits
    for (const [key, { endpoint }] of added.slice(0, peersMax)) listener.told.set(key, endpoint)
    for (const [key] of dropped.slice(0, peersMax)) listener.told.delete(key)
    if (added.length === 0 && dropped.length === 0) return undefined
    return {
      added: added.slice(0, peersMax).map(([, listens]) => listens),
      dropped: dropped.slice(0, peersMax).map(([, endpoint]) => endpoint),
    }
  }

  /** Peers that it named, or 'too-often': the message is not listened to. */
  received(peer: P, message: PexMessage, now: number): readonly FoundPeer[] | 'too-often' {
    const { burst, intervalMs, firstAddedMax, addedMax } = this.#limits
    const speaker = this.#speakers.get(peer) ?? { messages: burst, at: now, isFirst: true }
    this.#speakers.set(peer, speaker)
    speaker.messages = Math.min(burst, speaker.messages + (now - speaker.at) / intervalMs)
    speaker.at = now
    if (speaker.messages < 1) return 'too-often'
    speaker.messages--
    const most = speaker.isFirst ? firstAddedMax : addedMax
    speaker.isFirst = false
    return message.added.slice(0, most).map(({ endpoint, seed, utp, encrypted }) => ({
      endpoint,
      seed: seed ?? false,
      utp: utp ?? false,
      encrypted: encrypted ?? false,
    }))
  }
}
