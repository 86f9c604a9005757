// Blocks that came: counted, taken where they are fresh, and what they prove of their sender.
//
// A peer of our kind sends several adjacent blocks as one (stretches.ts of @bt/wire): they are counted as what they are,
// one message, and taken block by block, as each has its own askers and its own chance to be wrong.

import type { PieceGeometry, PieceIndex } from '@bt/metainfo'
import type { PieceStore } from '@bt/piece-store'
import type { BlockData } from '@bt/primitives'
import type { PeerEvent } from '@bt/wire'
import type { Peer } from '../peers/peer.ts'
import type { Conviction, Trust } from '../peers/trust.ts'
import type { Picker } from '../picking/picker.ts'
import type { PolicySeat } from '../policy-seat.ts'
import { type Intake, intakeOf } from './intake.ts'
import type { Judgement } from './judgement.ts'
import type { Meters } from './meters.ts'

export interface ArrivalsParts {
  readonly store: PieceStore
  readonly geometry: PieceGeometry
  readonly picker: Picker<Peer>
  readonly trust: Trust<Peer>
  readonly seat: PolicySeat
  readonly meters: Meters
  readonly judgement: Judgement
  /** Guilty of a wrong block. */
  readonly convicted: (conviction: Conviction<Peer>) => void
  /** It came from another. */
  readonly cancel: (peer: Peer, block: Block) => void
  /** There may be something to ask for again. */
  readonly reopened: () => void
}

interface Block {
  readonly piece: number
  readonly begin: number
  readonly length: number
}

type BlockEvent = Extract<PeerEvent, { readonly type: 'block' }>

export class Arrivals {
  readonly #parts: ArrivalsParts

  constructor(parts: ArrivalsParts) {
    this.#parts = parts
  }

  blockArrived(peer: Peer, event: BlockEvent): void {
    const { meters, geometry, seat } = this.#parts
    const { piece, begin, data } = event
    const { length } = data
    meters.received(length, peer.now)
    peer.receivedBytes += length
    const intake = intakeOf(peer)
    if (event.asked === 'never' || intake === undefined) {
      meters.counters.wastedBytes += length
      return
    }
    const { blockLength } = geometry
    if (event.asked === 'open') {
      intake.pipeline.arrived(length, peer.now, Math.ceil(length / blockLength))
    }
    intake.doubted = false
    meters.counters.count(seat.scope(peer)?.reason ?? 'swarm', length)
    if (length <= blockLength || !(data instanceof Uint8Array)) {
      this.#take(peer, intake, piece, begin, data)
      return
    }
    for (let at = 0; at < length; at += blockLength) {
      this.#take(peer, intake, piece, begin + at, data.subarray(at, at + blockLength))
    }
  }

  #take(peer: Peer, intake: Intake, piece: number, begin: number, data: BlockData): void {
    const { meters, picker, store, geometry, trust, seat, judgement } = this.#parts
    const { counters } = meters
    const { length } = data
    const arrival = picker.arrived(peer, piece, begin)
    for (const other of arrival.cancel) this.#parts.cancel(other, { piece, begin, length })
    if (arrival.kind !== 'fresh') {
      counters.wastedBytes += length
      return
    }
    const block = begin / geometry.blockLength
    const accepted = store.accept(piece, begin, data)
    if (accepted === 'corrupt') {
      counters.wastedBytes += length
      picker.corrupt(piece, [block])
      picker.spoiledBy(peer, piece)
      this.#parts.convicted(trust.wrongBlock(piece, block, peer, intake.address))
      this.#parts.reopened()
      return
    }
    if (accepted === 'duplicate' || accepted === 'not-begun') {
      counters.wastedBytes += length
      return
    }
    trust.contributed(piece, block, peer, intake.address)
    if (seat.observes) {
      judgement.sentBy(peer, piece)
      seat.observe({ type: 'progress', peer, piece, bytes: length })
    }
    if (accepted === 'complete') judgement.begin(piece as PieceIndex)
  }
}
