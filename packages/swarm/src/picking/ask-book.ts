// What was asked of whom, in both directions at once: on the partial piece and on the peer.

import type { BlockRef, PieceGeometry, PieceIndex } from '@bt/metainfo'
import type { Asker } from './asker.ts'
import type { AskKind, PartialPiece, PartialPieces } from './partial-pieces.ts'

/** A request that has lost its purpose: cancel it. */
export interface Withdrawn<P> {
  readonly peer: P
  readonly piece: number
  readonly begin: number
  readonly length: number
}

/** What to make of a block that came: take it if it is fresh, and cancel it at these peers. */
export interface Arrival<P> {
  readonly kind: 'fresh' | 'duplicate' | 'unwanted'
  readonly cancel: readonly P[]
}

export class AskBook<P> {
  readonly #geometry: PieceGeometry
  readonly #partials: PartialPieces<P>
  readonly #askers: ReadonlyMap<P, Asker<P>>
  readonly #busy = new Set<Asker<P>>()
  readonly #trusted = (peer: P): boolean => this.#askers.get(peer)?.doubted === false

  constructor(
    geometry: PieceGeometry,
    partials: PartialPieces<P>,
    askers: ReadonlyMap<P, Asker<P>>,
  ) {
    this.#geometry = geometry
    this.#partials = partials
    this.#askers = askers
  }

  /** Peers that were asked for anything and have not answered. */
  get busy(): Iterable<Asker<P>> {
    return this.#busy
  }

  /** Where a block lies. */
  block(partial: PartialPiece<P>, block: number): BlockRef {
    return this.#geometry.blockAt(partial.piece as PieceIndex, block)
  }

  /** The number of the block that begins here; undefined: none of ours does. */
  numberOf(partial: PartialPiece<P>, begin: number): number | undefined {
    const block = begin / this.#geometry.blockLength
    return Number.isInteger(block) && block >= 0 && block < partial.blockCount ? block : undefined
  }

  ask(asker: Asker<P>, partial: PartialPiece<P>, block: number, kind: AskKind): void {
    const duplicate = partial.ask(block, asker.peer, kind, asker.doubted)
    if (duplicate) asker.countDuplicate(blockKey(partial.piece, block))
    asker.countAsked(partial, 1)
    this.#busy.add(asker)
  }

  /** False: it was not asked of this peer, or is here. */
  unask(asker: Asker<P>, partial: PartialPiece<P>, block: number): boolean {
    if (!partial.unask(block, asker.peer, this.#trusted)) return false
    this.#countOff(asker, partial, block)
    this.#partials.place(partial)
    return true
  }

  /** The block came: nobody is asked for it any more. Answers who was. */
  arrived(partial: PartialPiece<P>, block: number): readonly Asker<P>[] {
    const askers = this.#countAllOff(partial, block)
    partial.arrived(block)
    this.#partials.place(partial)
    return askers
  }

  /** The peer is gone: its blocks are free. */
  left(asker: Asker<P>): void {
    for (const partial of asker.asked.keys()) {
      for (let block = 0; block < partial.blockCount; block++) this.unask(asker, partial, block)
    }
  }

  /** What a doubted peer was asked for may be asked of others; until it delivers again. */
  setDoubted(asker: Asker<P>, doubted: boolean): void {
    asker.doubted = doubted
    for (const partial of asker.asked.keys()) {
      for (let block = 0; block < partial.blockCount; block++) {
        if (partial.wasAsked(block, asker.peer)) partial.refresh(block, this.#trusted)
      }
      this.#partials.place(partial)
    }
  }

  /** The partial piece is at its end, one way or the other; answers the requests still open for it. */
  end(partial: PartialPiece<P>): readonly Withdrawn<P>[] {
    const withdrawn: Withdrawn<P>[] = []
    for (let block = 0; block < partial.blockCount && partial.askers > 0; block++) {
      for (const { peer } of this.#countAllOff(partial, block)) {
        withdrawn.push({ peer, ...this.block(partial, block) })
      }
    }
    this.#partials.end(partial)
    return withdrawn
  }

  /** Bytes of a partial piece that are here. */
  hereBytes(partial: PartialPiece<P>): number {
    let bytes = 0
    for (let block = 0; block < partial.blockCount; block++) {
      if (partial.isHere(block)) bytes += this.block(partial, block).length
    }
    return bytes
  }

  #countAllOff(partial: PartialPiece<P>, block: number): Asker<P>[] {
    const askers: Asker<P>[] = []
    for (const peer of partial.askersOf(block)) {
      const asker = this.#askers.get(peer)
      if (asker === undefined) continue
      this.#countOff(asker, partial, block)
      askers.push(asker)
    }
    return askers
  }

  #countOff(asker: Asker<P>, partial: PartialPiece<P>, block: number): void {
    asker.countAsked(partial, -1)
    if (asker.askedBlocks === 0) this.#busy.delete(asker)
    asker.forgetDuplicate(blockKey(partial.piece, block))
  }
}

/** A block of a piece as one number: pieces have fewer than 2^20 blocks. */
function blockKey(piece: number, block: number): number {
  return piece * 2 ** 20 + block
}
