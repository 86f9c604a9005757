// What becomes of a whole piece: verified, corrupt or undone, and who is blamed for it.
//
// Entered when its last block came; left when the store has answered. Our own disk's failure blames nobody.

import type { PieceGeometry, PieceIndex } from '@bt/metainfo'
import type { PieceStore, Settled } from '@bt/piece-store'
import type { Peer } from '../peers/peer.ts'
import type { Conviction, Trust } from '../peers/trust.ts'
import type { Turn } from '../peers/turn.ts'
import type { Withdrawn } from '../picking/ask-book.ts'
import type { Picker } from '../picking/picker.ts'
import type { PolicySeat } from '../policy-seat.ts'
import type { Counters } from '../stats.ts'

export interface JudgementParts {
  readonly store: PieceStore
  readonly geometry: PieceGeometry
  readonly picker: Picker<Peer>
  readonly trust: Trust<Peer>
  readonly seat: PolicySeat
  readonly counters: Counters
  readonly turn: Turn
  /** It is in `have` now. */
  readonly verified: (piece: PieceIndex) => void
  readonly corrupt: (piece: PieceIndex, suspects: readonly Peer[]) => void
  /** Guilty of a wrong block. */
  readonly convicted: (conviction: Conviction<Peer>) => void
  /** Requests that have lost their purpose. */
  readonly withdraw: (requests: readonly Withdrawn<Peer>[]) => void
  /** Trust in this peer changed. */
  readonly onParole: (peer: Peer) => void
  /** One way or the other: there may be something to ask for again. */
  readonly settled: () => void
}

export class Judgement {
  readonly #parts: JudgementParts
  /** Who sent what of pieces under download; kept only where a policy listens. */
  readonly #senders = new Map<number, Set<Peer>>()

  constructor(parts: JudgementParts) {
    this.#parts = parts
  }

  sentBy(peer: Peer, piece: number): void {
    const senders = this.#senders.get(piece) ?? new Set()
    this.#senders.set(piece, senders)
    senders.add(peer)
  }

  /** All its blocks are here. */
  begin(piece: PieceIndex): void {
    const { picker, store, turn } = this.#parts
    picker.checking(piece)
    store.settle(piece, (error, settled) => {
      if (error !== undefined) this.#undone(piece, error)
      else if (settled.verdict === 'verified') this.#verified(piece, settled.blockDigests)
      else this.#corrupt(piece, settled)
      picker.memoryFreed()
      this.#parts.settled()
      turn.end()
    })
  }

  /** A begun piece is given up. */
  forget(piece: number): void {
    this.#senders.delete(piece)
    this.#parts.trust.ourFault(piece)
  }

  /** The hasher failed, or the torrent ends: its bytes are of no use any more. */
  #undone(piece: PieceIndex, error: Error): void {
    const { picker, store, counters, geometry, withdraw } = this.#parts
    const code = 'code' in error ? error.code : undefined
    if (code !== 'DISCARDED' && code !== 'CLOSED') store.discard(piece)
    this.forget(piece)
    counters.wastedBytes += geometry.dataLengthOf(piece)
    withdraw(picker.forgotten(piece))
  }

  #verified(piece: PieceIndex, blockDigests: Uint8Array | undefined): void {
    const { picker, trust, counters, geometry, seat, withdraw, verified } = this.#parts
    const from = [...(this.#senders.get(piece) ?? [])]
    this.#senders.delete(piece)
    counters.verifiedBytes += geometry.dataLengthOf(piece)
    withdraw(picker.verified(piece))
    for (const conviction of trust.verified(piece, blockDigests)) this.#parts.convicted(conviction)
    this.#parole()
    verified(piece)
    if (seat.observes) seat.observe({ type: 'verified', piece, from })
  }

  #corrupt(piece: PieceIndex, settled: Extract<Settled, { readonly verdict: 'corrupt' }>): void {
    const { picker, trust, store, counters, geometry, seat, withdraw, corrupt } = this.#parts
    const { wrongBlocks } = settled
    this.#senders.delete(piece)
    const found = trust.failed(piece, settled)
    store.discard(piece, wrongBlocks)
    withdraw(picker.corrupt(piece, wrongBlocks))
    counters.wastedBytes +=
      wrongBlocks?.reduce((sum, block) => sum + geometry.blockAt(piece, block).length, 0) ??
      geometry.dataLengthOf(piece)
    const suspects = found.suspects.map((suspect) => suspect.peer)
    // Known to be theirs: others are asked first.
    const isKnown = wrongBlocks !== undefined || suspects.length === 1
    for (const suspect of isKnown ? suspects : []) picker.spoiledBy(suspect, piece)
    corrupt(piece, suspects)
    if (seat.observes) seat.observe({ type: 'corrupt', piece, suspects })
    for (const conviction of found.convicted) this.#parts.convicted(conviction)
    this.#parole()
  }

  #parole(): void {
    for (const peer of this.#parts.trust.takeParoleChanges()) this.#parts.onParole(peer)
  }
}
