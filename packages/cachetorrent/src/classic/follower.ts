// The role Follower (§1.3): downloads inside its site only, and asks a leader, drawn at random for each remote peer of
// another site, to connect there on its behalf (LeaderStart).
//
// LeaderStart travels on the connection with that leader, which is made first where there is none. A leader that cannot
// be reached is not replaced, as published.

import { type Endpoint, endpointText } from '@bt/primitives'
import type { PeerHandle, PolicyHost } from '@bt/swarm'
import { CacheDownload } from './cache-download.ts'
import { CLASSIC_EXTENSION, encodeClassic } from './classic-messages.ts'
import type { ClassicLeader, LeaderLists } from './leaders-reply.ts'

/** Milliseconds between looks at what could not be sent yet. */
export const START_RETRY_MS = 1_000

export interface FollowerParts {
  readonly host: PolicyHost
  readonly leaders: LeaderLists
  /** Ranges of pieces that others lead. */
  readonly followed: readonly number[]
}

interface Start {
  readonly remote: PeerHandle
  readonly range: number
  readonly leader: ClassicLeader
}

export class Follower {
  readonly download: CacheDownload
  readonly #parts: FollowerParts
  #waiting: readonly Start[] = []
  #isArmed = false

  constructor(parts: FollowerParts) {
    this.#parts = parts
    this.download = new CacheDownload(parts.host.have.length)
  }

  /** A peer of another site is connected. */
  met(remote: PeerHandle): void {
    const { host, leaders, followed } = this.#parts
    const starts: Start[] = []
    for (const range of followed) {
      const able = (leaders[range] ?? []).filter(({ peerId }) => peerId !== host.self.peerId)
      const leader = able[able.length > 1 ? host.below(able.length) : 0]
      if (leader !== undefined) starts.push({ remote, range, leader })
    }
    this.#waiting = [...this.#waiting, ...starts]
    this.look()
  }

  left(peer: PeerHandle): void {
    this.download.left(peer)
    this.#waiting = this.#waiting.filter(({ remote }) => remote !== peer)
  }

  /** Sends what can be sent; asked again when a peer comes. */
  look(): void {
    if (this.#waiting.length === 0) return
    const { host } = this.#parts
    const connected = new Map([...host.peers()].map((peer) => [peer.peerId, peer]))
    const dialled = new Set<string>()
    this.#waiting = this.#waiting.filter((start) => {
      const { leader } = start
      const peer = connected.get(leader.peerId)
      if (peer !== undefined) return !this.#send(peer, start)
      const address = endpointText(leader.endpoint)
      if (!dialled.has(address)) host.dial(leader.endpoint)
      dialled.add(address)
      return true
    })
    this.#arm()
  }

  #send(leader: PeerHandle, { remote, range }: Start): boolean {
    const endpoint = listeningAt(remote)
    if (endpoint === undefined) return false
    const { peerId } = remote
    const message = encodeClassic({ kind: 'leader-start', endpoint, peerId, range })
    return this.#parts.host.send(leader, CLASSIC_EXTENSION, message)
  }

  #arm(): void {
    const { host } = this.#parts
    if (this.#isArmed || this.#waiting.length === 0) return
    this.#isArmed = true
    host.at(host.now() + START_RETRY_MS, () => {
      this.#isArmed = false
      this.look()
    })
  }
}

/** Where others can dial it; of one that dialled us, its extension handshake says (BEP 10 `p`). */
function listeningAt(peer: PeerHandle): Endpoint | undefined {
  if (peer.role === 'dialed') return peer.endpoint
  const port = peer.extensions.get('p')
  return typeof port === 'number' ? { host: peer.endpoint.host, port } : undefined
}
