// Peer exchange (BEP 11): tells connected peers of one another, once a minute, and hears of others.
//
// Shell around PeerExchange. Made only for torrents that are not private.

import type { Alarm, Clock, FoundPeer } from '@bt/ports'
import { decodePex, encodePex } from '@bt/wire'
import type { Peer } from '../peers/peer.ts'
import type { Turn } from '../peers/turn.ts'
import { PeerExchange } from './peer-exchange.ts'

const NAME = 'ut_pex'

export interface PeerExchangeShellParts {
  readonly clock: Clock
  readonly turn: Turn
  readonly peers: () => Iterable<Peer>
  readonly wantsNothing: (peer: Peer) => boolean
  readonly found: (peers: readonly FoundPeer[], from: Peer) => void
}

export class PeerExchangeShell {
  readonly #parts: PeerExchangeShellParts
  readonly #exchange = new PeerExchange<Peer>()
  #alarm: Alarm | undefined

  constructor(parts: PeerExchangeShellParts) {
    this.#parts = parts
  }

  /** Its extension handshake came: we know where it listens, and whether it speaks this. */
  heard(peer: Peer): void {
    const { listenPort, endpoint } = peer
    if (listenPort !== undefined) {
      this.#exchange.opened(peer, {
        endpoint: { host: endpoint.host, port: listenPort },
        seed: this.#parts.wantsNothing(peer),
        reachable: peer.role === 'dialed',
      })
    }
    if (peer.session.speaks(NAME)) this.#exchange.speaks(peer, peer.now)
    this.#arm()
  }

  left(peer: Peer): void {
    this.#exchange.closed(peer)
  }

  received(peer: Peer, payload: Uint8Array): void {
    const found = this.#exchange.received(peer, decodePex(payload), peer.now)
    if (found !== 'too-often' && found.length > 0) this.#parts.found(found, peer)
  }

  close(): void {
    this.#alarm?.cancel()
  }

  #arm(): void {
    this.#alarm?.cancel()
    const deadline = this.#exchange.deadline()
    if (deadline === Number.POSITIVE_INFINITY) return
    const { clock, turn } = this.#parts
    this.#alarm = clock.at(deadline, () => {
      const now = clock.now()
      for (const peer of this.#parts.peers()) {
        if (!peer.session.speaks(NAME)) continue
        const message = this.#exchange.messageFor(peer, now)
        if (message === undefined) continue
        peer.session.sendExtended(NAME, encodePex(message))
        peer.touch()
      }
      this.#arm()
      turn.end()
    })
  }
}
