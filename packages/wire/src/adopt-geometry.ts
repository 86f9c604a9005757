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
  if (state.fastFromPeer.size > 0) {
    const allowed = Array.from(state.fastFromPeer)
    state.fastFromPeer = new Set(allowed.filter((piece) => geometry.hasPiece(piece)))
  }
  if (pieces !== undefined) state.push({ type: 'pieces', pieces })
}
