// Peers that only say what they have, for the pure parts.
import { Bitfield, type PeerId } from '@bt/primitives'
import type { PeerHandle } from '@bt/swarm'

export interface PlainPeer extends PeerHandle {
  readonly pieces: Bitfield
}

export function plainPeer(
  number: number,
  pieceCount: number,
  had: readonly number[] = [],
): PlainPeer {
  const pieces = new Bitfield(pieceCount)
  for (const piece of had) pieces.set(piece)
  return {
    endpoint: { host: `20.0.0.${number}`, port: 6881 },
    role: 'dialed',
    peerId: number.toString(16).padStart(40, '0') as PeerId,
    pieces,
    fast: true,
    extensions: new Map(),
    receivedBytes: 0,
    sentBytes: 0,
  }
}
