// The moment a connection learns how many pieces there are: at the handshake, or later for magnets (BEP 9).

import type { PieceGeometry } from '@bt/metainfo'
import type { SessionState } from './session-state.ts'

/**
 * From now on pieces and requests are checked against it; what was heard before is told as one 'pieces' event.
 * @throws {WireError} blame remote: a bitfield or have that this torrent cannot have
 */
export function adoptGeometry(state: SessionState, geometry: PieceGeometry): void {
  state.adopt(geometry)
  const pieces = state.pieces.adopt(geometry)
  for (const piece of state.fastFromPeer) {
    if (!geometry.hasPiece(piece)) state.fastFromPeer.delete(piece)
  }
  if (pieces !== undefined) state.push({ type: 'pieces', pieces })
}
