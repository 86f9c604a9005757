// Which framing a connection gets: bytes, or objects where the session says so and the channel carries them.

import type { ByteChannel } from '@bt/ports'
import { invariant } from '@bt/primitives'
import { ObjectConnection, PeerConnection, type PeerSession } from '@bt/wire'

export type Framing = 'bytes' | 'objects'

export function framed(
  session: PeerSession,
  channel: ByteChannel,
  framing: Framing,
): PeerConnection | ObjectConnection {
  if (framing === 'bytes') return new PeerConnection(session)
  invariant(
    channel.sendObject !== undefined,
    "framing 'objects' is for channels that carry objects: the simulator's",
  )
  return new ObjectConnection(session)
}
