// What a connection tells whoever it belongs to: first the acceptor, then the engine of a torrent.

import type { PeerEvent } from '@bt/wire'

/** Who is told what a peer does. */
export interface PeerOwner<P> {
  /** `event` is lent. */
  peerEvent(peer: P, event: PeerEvent): void
  /** The event 'have', where messages are objects. */
  peerHas(peer: P, piece: number): void
  /** All events of a chunk or tick were told: now is the time to ask for more. */
  peerDrained(peer: P): void
  /** Its output was full and has room again. */
  peerWritable(peer: P): void
  /** It will soon be told that the peer has this piece, or of something else: see `ChannelReader.glance`. */
  glance(peer: P, piece: number): number
  /** Told once. `reason` undefined: closed in order. */
  peerClosed(peer: P, reason: Error | undefined): void
}
