// What a connection is made of, by whoever dialled or accepted it.

import type { ByteChannel, Clock, PeerOrigin } from '@bt/ports'
import type { Endpoint } from '@bt/primitives'
import type { ObjectConnection, PeerConnection } from '@bt/wire'
import type { PeerOwner } from './peer-owner.ts'
import type { Turn } from './turn.ts'

export interface PeerParts<P> {
  /** Counts up over the session: the order of peers wherever one is needed. */
  readonly number: number
  readonly role: 'dialed' | 'accepted'
  readonly origin: PeerOrigin
  readonly endpoint: Endpoint
  readonly channel: ByteChannel
  readonly connection: PeerConnection | ObjectConnection
  readonly owner: PeerOwner<P>
  readonly clock: Clock
  readonly turn: Turn
}

/** What others keep of a peer, as far as it is read ahead: see `ChannelReader.glance`. */
export interface Glanced {
  glance(piece: number): number
}
