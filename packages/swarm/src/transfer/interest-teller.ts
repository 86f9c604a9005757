// Tells peers whether we are interested, whenever that changes (BEP 3: on every have, piece and selection).

import type { Peer } from '../peers/peer.ts'
import type { Picker } from '../picking/picker.ts'
import type { PolicySeat } from '../policy-seat.ts'

export interface InterestTellerParts {
  readonly picker: Picker<Peer>
  readonly seat: PolicySeat
  /** We are, from now on: there may be something to ask. */
  readonly interested: (peer: Peer) => void
}

export class InterestTeller {
  readonly #parts: InterestTellerParts

  constructor(parts: InterestTellerParts) {
    this.#parts = parts
  }

  /** Tells all whose answer changed since the last call. */
  settle(): void {
    for (const peer of this.#parts.picker.takeInterestChanges()) this.tell(peer)
  }

  tell(peer: Peer): void {
    if (peer.isClosed) return
    const { picker, seat, interested } = this.#parts
    const waits = seat.scope(peer)?.interested === true
    const isInterested = (waits || picker.interesting(peer)) && seat.mayAsk(peer)
    if (isInterested === peer.session.amInterested) return
    peer.session.setInterested(isInterested)
    peer.touch()
    if (isInterested) interested(peer)
  }
}
