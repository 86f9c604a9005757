// Answers hash requests of BEP 52 from what the store knows: the hashes with their proof, or a reject.

import type { PieceStore } from '@bt/piece-store'
import { type HashRange, isHashRange } from '@bt/wire'
import type { Peer } from '../peers/peer.ts'

/** May be asked while choked, and before there is a store; one answer to each. */
export function answerHashes(store: PieceStore | undefined, peer: Peer, range: HashRange): void {
  const hashes = isHashRange(range) ? store?.hashes(range) : undefined
  if (hashes === undefined) peer.session.sendHashReject(range)
  else peer.session.sendHashes(range, hashes)
  peer.touch()
}
