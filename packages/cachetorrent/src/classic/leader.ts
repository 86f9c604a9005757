// The role Leader (§1.3): imports from anybody, and for followers of its site connects to whom they name.

import type { PeerHandle, PolicyHost } from '@bt/swarm'
import { CachePicker } from './cache-picker.ts'
import { CacheUpload } from './cache-upload.ts'
import { type ClassicMessage, encodeClassic, CLASSIC_EXTENSION } from './classic-messages.ts'
import { Forwarder } from './forwarder.ts'
import type { PieceRanges } from './piece-ranges.ts'

/** Milliseconds over which forwarded haves are gathered into one message; the tables' network ticked every 1,500. */
export const FORWARD_MS = 1_000

export interface LeaderParts {
  readonly host: PolicyHost
  /** Those that it leads; all of one without MultiTorrent. */
  readonly led: ReadonlySet<number>
  readonly ranges: PieceRanges
  readonly isLocal: (peer: PeerHandle) => boolean
}

export class Leader {
  readonly picker = new CachePicker()
  readonly #upload = new CacheUpload(this.picker)
  readonly #forwarder: Forwarder
  readonly #parts: LeaderParts
  #isArmed = false
  /** Requests of followers that were held. */
  heldCount = 0

  constructor(parts: LeaderParts) {
    this.#parts = parts
    this.#forwarder = new Forwarder(parts.host.have.length)
  }

  leads(piece: number): boolean {
    return this.#parts.led.has(this.#parts.ranges.of(piece))
  }

  /** A follower asks it to connect on its behalf. */
  started(follower: PeerHandle, message: ClassicMessage & { readonly kind: 'leader-start' }): void {
    const { host, led, isLocal } = this.#parts
    if (!led.has(message.range) || !isLocal(follower)) return
    if (!this.#forwarder.register(follower, message.peerId)) return
    for (const peer of host.peers()) if (peer.peerId === message.peerId) return
    host.dial(message.endpoint)
  }

  /** A peer has a piece: whoever asked to hear of it will. */
  has(peer: PeerHandle, piece: number): void {
    if (this.#parts.host.have.has(piece) || !this.leads(piece)) return
    this.#forwarder.has(peer.peerId, piece)
    this.#arm()
  }

  /** Milliseconds that a request for a piece that is not here may wait; 0: not. */
  hold(peer: PeerHandle, piece: number, heldNow: number): number {
    if (!this.leads(piece) || !this.#parts.isLocal(peer)) return 0
    const holdMs = this.#upload.hold(piece, heldNow)
    if (holdMs > 0) this.heldCount++
    return holdMs
  }

  left(peer: PeerHandle): void {
    this.#forwarder.left(peer)
  }

  #arm(): void {
    const { host } = this.#parts
    if (this.#isArmed || !this.#forwarder.isWaiting) return
    this.#isArmed = true
    host.at(host.now() + FORWARD_MS, () => {
      this.#isArmed = false
      this.#forward()
    })
  }

  #forward(): void {
    const { host } = this.#parts
    for (const [follower, pieces] of this.#forwarder.take((piece) => host.have.has(piece))) {
      host.send(follower, CLASSIC_EXTENSION, encodeClassic({ kind: 'forwarded-have', pieces }))
    }
  }
}
