// What is heard, told to the owner of a peer: event by event, and haves among objects as a call each.

import type { Message, ObjectConnection, PeerConnection } from '@bt/wire'
import type { Peer } from './peer.ts'

/** A have that came alone, nearly all that is heard in a large swarm. @throws {WireError} blame remote */
export function hearLoneHave(peer: Peer, piece: number, now: number): void {
  if (!peer.session.hearHave(piece, now)) return
  peer.owner.peerHas(peer, piece)
  if (!peer.isClosed) peer.owner.peerDrained(peer)
}

/** Messages that left together; ends early when the peer is closed. @throws {WireError} blame remote */
export function hearEach(
  peer: Peer,
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
export function tellEvents(peer: Peer, connection: PeerConnection | ObjectConnection): void {
  for (let event = connection.next(); event !== undefined; event = connection.next()) {
    peer.owner.peerEvent(peer, event)
    if (peer.isClosed) return
  }
}
