// What is heard, told to the owner of a peer: event by event, and haves among objects as a call each.

import type { Message, ObjectConnection, PeerConnection, PeerSession } from '@bt/wire'
import type { PeerOwner } from './peer-owner.ts'

interface Hearer<P> {
  readonly session: PeerSession
  readonly owner: PeerOwner<P>
  readonly isClosed: boolean
}

/** A have that came alone, nearly all that is heard in a large swarm. @throws {WireError} blame remote */
export function hearLoneHave<P extends Hearer<P>>(peer: P, piece: number, now: number): void {
  if (!peer.session.hearHave(piece, now)) return
  peer.owner.peerHas(peer, piece)
  if (!peer.isClosed) peer.owner.peerDrained(peer)
}

/** Messages that left together; ends early when the peer is closed. @throws {WireError} blame remote */
export function hearEach<P extends Hearer<P>>(
  peer: P,
  connection: ObjectConnection,
  messages: readonly Message[],
  now: number,
): void {
  const { session } = peer
  for (const message of messages) {
    if (message.type === 'have') {
      if (session.hearHave(message.piece, now)) peer.owner.peerHas(peer, message.piece)
    } else {
      connection.receive(message, now)
      tellEvents(peer, connection)
    }
    if (peer.isClosed) return
  }
}

/** All that wait; ends early when the peer is closed. @throws {WireError} blame remote */
export function tellEvents<P extends Hearer<P>>(
  peer: P,
  connection: PeerConnection | ObjectConnection,
): void {
  for (let event = connection.next(); event !== undefined; event = connection.next()) {
    peer.owner.peerEvent(peer, event)
    if (peer.isClosed) return
  }
}
