// Peers that only say what they have, for the pure parts.
import { Bitfield, type PeerId } from '@bt/primitives'
import type { PeerHandle } from '@bt/swarm'
import type { Source } from '../src/wants.ts'

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
    heardAt: 0,
    sentBytes: 0,
  }
}

/** The same as a neighbour that may give pieces. */
export function plainSource(peer: PlainPeer): Source & { readonly peer: PlainPeer } {
  return { peer, counted: undefined, wanted: 0 }
}
