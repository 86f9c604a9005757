// The connections of one torrent: those that shake hands, and those that are open, in the order they came.
//
// One peer is one connection: when two stand with the same peer id, both ends must close the same one. The
// connection that the smaller peer id dialled survives; of two in one direction the older one does.

import type { PeerId } from '@bt/primitives'
import type { Peer } from './peer.ts'

export class PeerSet {
  readonly #shaking = new Set<Peer>()
  readonly #open = new Set<Peer>()
  readonly #byId = new Map<PeerId, Peer>()

  /** Connections, open or not. */
  get size(): number {
    return this.#shaking.size + this.#open.size
  }

  get openCount(): number {
    return this.#open.size
  }

  /** Peers whose handshake is done, in the order it was. */
  open(): IterableIterator<Peer> {
    return this.#open.values()
  }

  /** A copy, for loops that close peers. */
  all(): readonly Peer[] {
    return [...this.#shaking, ...this.#open]
  }

  isOpen(peer: Peer): boolean {
    return this.#open.has(peer)
  }

  added(peer: Peer): void {
    this.#shaking.add(peer)
  }

  /**
   * Its handshake is done and `peer.peerId` set. Answers the connection to close when this peer was connected
   * already, which may be `peer` itself; then it is not open.
   */
  opened(peer: Peer, ownId: PeerId): Peer | undefined {
    const twin = this.#byId.get(peer.peerId)
    if (twin !== undefined && survivor(twin, peer, ownId) === twin) return peer
    this.#shaking.delete(peer)
    this.#open.add(peer)
    this.#byId.set(peer.peerId, peer)
    return twin
  }

  removed(peer: Peer): void {
    this.#shaking.delete(peer)
    this.#open.delete(peer)
    if (this.#byId.get(peer.peerId) === peer) this.#byId.delete(peer.peerId)
  }
}

/** Of two connections with one peer, the one that both ends keep. */
function survivor(older: Peer, newer: Peer, ownId: PeerId): Peer {
  if (older.role === newer.role) return older
  const kept = ownId < newer.peerId ? 'dialed' : 'accepted'
  return older.role === kept ? older : newer
}
