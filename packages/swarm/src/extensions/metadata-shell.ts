// Metadata between peers (BEP 9): asks several at once for a magnet, serves it to others afterwards.
//
// Shell around MetadataExchange and MetadataServer: bytes to messages and back, one alarm.

import type { Alarm, Clock } from '@bt/ports'
import type { InfoHash, InfoHashV2 } from '@bt/primitives'
import { decodeMetadataMessage, encodeMetadataMessage } from '@bt/wire'
import type { Peer } from '../peers/peer.ts'
import type { Turn } from '../peers/turn.ts'
import { MetadataExchange } from './metadata-exchange.ts'
import { MetadataServer } from './metadata-server.ts'

export interface MetadataShellParts {
  readonly want: { readonly infoHashV1?: InfoHash; readonly infoHashV2?: InfoHashV2 }
  readonly clock: Clock
  readonly turn: Turn
  /** Whole, and its hash is right. Called once. */
  readonly done: (infoBytes: Uint8Array) => void
  readonly blamed: (peer: Peer, reason: string, drop: boolean) => void
}

const NAME = 'ut_metadata'

export class MetadataShell {
  readonly #parts: MetadataShellParts
  #exchange: MetadataExchange<Peer> | undefined
  #server: MetadataServer<Peer> | undefined
  #alarm: Alarm | undefined
  #length: number | undefined

  /** With `infoBytes` it only serves. */
  constructor(parts: MetadataShellParts, infoBytes: Uint8Array | undefined) {
    this.#parts = parts
    if (infoBytes === undefined) this.#exchange = new MetadataExchange<Peer>(parts.want)
    else this.serve(infoBytes)
  }

  /** Bytes of the metadata; undefined: not here yet. */
  get length(): number | undefined {
    return this.#length
  }

  serve(infoBytes: Uint8Array): void {
    this.#exchange = undefined
    this.#alarm?.cancel()
    this.#length = infoBytes.length
    this.#server = new MetadataServer<Peer>(infoBytes)
  }

  /** An extension handshake came. */
  heard(peer: Peer): void {
    if (this.#exchange === undefined || !peer.session.speaks(NAME)) return
    this.#exchange.offered(peer, peer.extensions.get('metadata_size'), peer.now)
    this.#drain()
  }

  received(peer: Peer, payload: Uint8Array): void {
    const message = decodeMetadataMessage(payload)
    if (message.type === 'unknown') return
    if (message.type === 'request') this.#requested(peer, message.piece)
    else {
      this.#exchange?.received(peer, message, peer.now)
      this.#drain()
    }
  }

  left(peer: Peer): void {
    this.#server?.left(peer)
    this.#exchange?.left(peer, this.#parts.clock.now())
    this.#drain()
  }

  close(): void {
    this.#alarm?.cancel()
    this.#exchange = undefined
    this.#server = undefined
  }

  #requested(peer: Peer, piece: number): void {
    if (!peer.session.speaks(NAME)) return
    const answer = this.#server?.requested(peer, piece, peer.now) ?? { type: 'reject', piece }
    peer.session.sendExtended(NAME, encodeMetadataMessage(answer))
    peer.touch()
  }

  #drain(): void {
    const exchange = this.#exchange
    if (exchange === undefined) return
    for (let action = exchange.next(); action !== undefined; action = exchange.next()) {
      if (action.type === 'done') {
        this.#exchange = undefined
        this.#alarm?.cancel()
        this.#parts.done(action.infoBytes)
        return
      }
      if (action.type === 'blame') {
        this.#parts.blamed(action.peer, action.reason, action.drop)
      } else if (!action.peer.isClosed && action.peer.session.speaks(NAME)) {
        const request = encodeMetadataMessage({ type: 'request', piece: action.piece })
        action.peer.session.sendExtended(NAME, request)
        action.peer.touch()
      }
    }
    this.#arm(exchange)
  }

  #arm(exchange: MetadataExchange<Peer>): void {
    this.#alarm?.cancel()
    const deadline = exchange.deadline()
    if (deadline === Number.POSITIVE_INFINITY) return
    this.#alarm = this.#parts.clock.at(deadline, () => {
      exchange.tick(this.#parts.clock.now())
      this.#drain()
      this.#parts.turn.end()
    })
  }
}
