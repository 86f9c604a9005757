// Asks connected peers for piece layers while a torrent lacks them, and then never again.
//
// Shell around LayerExchange: messages in and out, one alarm.

import type { Metainfo } from '@bt/metainfo'
import type { Alarm, Clock } from '@bt/ports'
import type { HashRange } from '@bt/wire'
import type { Peer } from '../peers/peer.ts'
import type { Turn } from '../peers/turn.ts'
import { LayerExchange } from './layer-exchange.ts'

export class LayerShell {
  readonly #clock: Clock
  readonly #turn: Turn
  #exchange: LayerExchange<Peer> | undefined
  #alarm: Alarm | undefined
  #done: () => void = () => {}

  constructor(clock: Clock, turn: Turn) {
    this.#clock = clock
    this.#turn = turn
  }

  /** Layers are missing and asked for. */
  get isAsking(): boolean {
    return this.#exchange !== undefined
  }

  /** `peers` are connected already; `done` runs once, later, when `metainfo` has every layer. */
  ask(metainfo: Metainfo, peers: Iterable<Peer>, done: () => void): void {
    this.#exchange = new LayerExchange<Peer>(metainfo)
    this.#done = done
    for (const peer of peers) this.joined(peer)
  }

  joined(peer: Peer): void {
    if (peer.session.version !== '2') return
    this.#exchange?.joined(peer, peer.now)
    this.#drain()
  }

  left(peer: Peer): void {
    this.#exchange?.left(peer, this.#clock.now())
    this.#drain()
  }

  /** `hashes` undefined: a reject. Lent. */
  heard(peer: Peer, range: HashRange, hashes: Uint8Array | undefined): void {
    if (hashes === undefined) this.#exchange?.rejected(peer, range, peer.now)
    else this.#exchange?.received(peer, range, hashes, peer.now)
    this.#drain()
  }

  close(): void {
    this.#alarm?.cancel()
    this.#exchange = undefined
  }

  #drain(): void {
    const exchange = this.#exchange
    if (exchange === undefined) return
    for (let action = exchange.next(); action !== undefined; action = exchange.next()) {
      if (action.type === 'done') {
        this.close()
        this.#done()
        return
      }
      if (action.type === 'blame') action.peer.drop('hashes', action.reason)
      else if (!action.peer.isClosed) {
        action.peer.session.sendHashRequest(action.range)
        action.peer.touch()
      }
    }
    this.#arm(exchange)
  }

  #arm(exchange: LayerExchange<Peer>): void {
    this.#alarm?.cancel()
    const deadline = exchange.deadline()
    if (deadline === Number.POSITIVE_INFINITY) return
    this.#alarm = this.#clock.at(deadline, () => {
      exchange.tick(this.#clock.now())
      this.#drain()
      this.#turn.end()
    })
  }
}
