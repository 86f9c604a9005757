// Which block to ask this peer for next.
//
// Order: the user's priorities, then the policy's rank, then pieces already begun, then rarest first; any piece
// until four are here (piece-choice.ts). This file keeps the books that choice looks at: who has what, what was asked
// of whom, what came. Pure: told of haves and arrivals, asked with `pick`. Cost: O(1) per have and block, O(pieces
// begun + pieces looked at) per pick. When changing it, re-check: choked, allowed-fast, partial, checking, parole,
// endgame. BEP 3 "Piece downloading strategy", BEP 6.

import type { PieceGeometry } from '@bt/metainfo'
import { type ReadonlyBitfield, invariant } from '@bt/primitives'
import type { PieceScope, SwarmPolicy } from '../policy.ts'
import { type Arrival, AskBook, type Withdrawn } from './ask-book.ts'
import { Asker, type EndedWhy } from './asker.ts'
import { Availability } from './availability.ts'
import { Interest } from './interest.ts'
import { PartialPieces } from './partial-pieces.ts'
import { PICKER_LIMITS } from './picker-limits.ts'
import type { PickerOptions } from './picker-options.ts'
import { type Pick, type PickFacts, PieceChoice } from './piece-choice.ts'
import { PieceLives } from './piece-lives.ts'
import { PieceQueue } from './piece-queue.ts'

export class Picker<P> {
  readonly #geometry: PieceGeometry
  readonly #discard: ((piece: number) => void) | undefined
  readonly #lives: PieceLives
  readonly #queue: PieceQueue
  readonly #availability: Availability
  readonly #interest: Interest<P>
  readonly #choice: PieceChoice<P>
  readonly #partials = new PartialPieces<P>()
  readonly #askers = new Map<P, Asker<P>>()
  readonly #book: AskBook<P>
  #receivedBytes = 0

  constructor(options: PickerOptions) {
    const { geometry, have, random } = options
    const { pieceCount } = geometry
    this.#geometry = geometry
    this.#discard = options.discard
    this.#lives = new PieceLives(pieceCount, have)
    this.#queue = new PieceQueue(pieceCount, this.#lives, random)
    this.#availability = new Availability(pieceCount, (piece, level) =>
      this.#queue.order.move(piece, level),
    )
    this.#book = new AskBook(geometry, this.#partials, this.#askers)
    this.#interest = new Interest(this.#lives, this.#askers)
    this.#choice = new PieceChoice({
      geometry,
      limits: { ...PICKER_LIMITS, ...options.limits },
      lives: this.#lives,
      queue: this.#queue,
      availability: this.#availability,
      partials: this.#partials,
      askers: this.#askers,
      book: this.#book,
      begin: options.begin,
      giveUp: (piece) => this.#giveUp(piece),
    })
    this.#choice.hadCount = have.count
    for (let piece = 0; piece < pieceCount; piece++) this.#queue.reopen(piece, 0)
  }

  /** Answers what the calls that are made most often take in place of the peer. */
  joined(peer: P): Asker<P> {
    invariant(!this.#askers.has(peer), 'a peer joins the picker once')
    const asker = new Asker(peer, this.#availability.open())
    this.#askers.set(peer, asker)
    return asker
  }

  /** `pieces` is copied, and replaces what was known. */
  pieces(peer: P, pieces: ReadonlyBitfield): void {
    const asker = this.#asker(peer)
    this.#availability.replace(asker.holding, pieces)
    asker.lookAgain()
    this.#interest.recount(asker)
  }

  gained(peer: P, piece: number): boolean {
    return this.gainedBy(this.#asker(peer), piece)
  }

  /** Answers whether somebody's `interesting` changed since the last `takeInterestChanges`. */
  gainedBy(asker: Asker<P>, piece: number): boolean {
    const isNeeded = this.#lives.needed(piece)
    const before = isNeeded ? asker.offers(piece) : undefined
    if (this.#availability.gained(asker.holding, piece) && isNeeded) {
      asker.lookAgain()
      this.#interest.offered(asker, piece, before)
    }
    return this.#interest.hasChanges
  }

  /** Reads what `gainedBy` will need beside the asker: see `ChannelReader.glance`. */
  glance(piece: number): number {
    const needed = this.#lives.needed(piece) ? 1 : 0
    return needed + this.#availability.level(piece) + this.#queue.order.glance(piece)
  }

  lost(peer: P, piece: number): void {
    const asker = this.#asker(peer)
    if (this.#availability.lost(asker.holding, piece)) this.#interest.recount(asker)
  }

  allowedFast(peer: P, piece: number): void {
    this.#asker(peer).allow(piece)
  }

  /** What the policy lets us ask of it; undefined: all it has. */
  setScope(peer: P, scope: PieceScope | undefined): void {
    const asker = this.#asker(peer)
    asker.scope = scope
    asker.lookAgain()
    this.#interest.recount(asker)
  }

  /** A suspect gets whole pieces to itself, as long as there are any, so that a failure says who it was. */
  setParole(peer: P, onParole: boolean): void {
    const asker = this.#asker(peer)
    asker.onParole = onParole
    asker.lookAgain()
  }

  /** It has been silent for long: what was asked of it may be asked of others. A block from it ends the doubt. */
  doubt(peer: P): void {
    const asker = this.#asker(peer)
    if (asker.doubted) return
    this.#book.setDoubted(asker, true)
    this.#releaseLeads(asker)
    this.#choice.changed()
  }

  /** Its requests are free again, and what it had counts no more. */
  left(peer: P): void {
    const asker = this.#asker(peer)
    this.#book.left(asker)
    this.#releaseLeads(asker)
    this.#askers.delete(peer)
    this.#availability.close(asker.holding)
    this.#interest.left(asker)
    this.#choice.changed()
  }

  /** 0: not wanted; 1 … 7, higher first, 4 unless said. Cost: O(pieces · peers / 8). */
  setPriorities(of: (piece: number) => number): void {
    for (let piece = 0; piece < this.#geometry.pieceCount; piece++) {
      this.#lives.prioritise(piece, of(piece))
      this.#queue.regroup(piece, this.#availability.level(piece))
    }
    this.#interest.recountAll()
    this.#choice.changed()
  }

  /** In order of index instead of rarity. */
  setSequential(on: boolean): void {
    this.#queue.sequential = on
  }

  /** The policy's ranks: whole numbers, told apart from 0 to `RANKS_MAX` − 1. Read again at each call. */
  setPrefer(prefer: SwarmPolicy['prefer']): void {
    this.#queue.prefer = prefer
    for (let piece = 0; piece < this.#geometry.pieceCount; piece++) {
      this.#queue.regroup(piece, this.#availability.level(piece))
    }
    this.#choice.changed()
  }

  pick(peer: P, count: number, facts: PickFacts): readonly Pick<P>[] {
    return this.pickFor(this.#asker(peer), count, facts)
  }

  /** It found nothing a moment ago and would find nothing now, unless it chokes us. */
  isIdle(asker: Asker<P>, now: number): boolean {
    return this.#choice.isIdle(asker, now)
  }

  /** Up to `count` blocks to ask this peer for now. They count as asked at once. */
  pickFor(asker: Asker<P>, count: number, facts: PickFacts): readonly Pick<P>[] {
    return this.#choice.pick(asker, count, facts)
  }

  /** A block came that was asked for, even if the request was cancelled since. Tell before it is stored. */
  arrived(peer: P, piece: number, begin: number): Arrival<P> {
    const asker = this.#asker(peer)
    if (asker.doubted) this.#book.setDoubted(asker, false)
    const partial = this.#partials.of(piece)
    const block = partial === undefined ? undefined : this.#book.numberOf(partial, begin)
    if (partial === undefined || block === undefined) {
      return { kind: this.#lives.needed(piece) ? 'unwanted' : 'duplicate', cancel: [] }
    }
    if (partial.isHere(block)) return { kind: 'duplicate', cancel: [] }
    const cancel: P[] = []
    for (const other of this.#book.arrived(partial, block)) {
      if (other === asker) continue
      cancel.push(other.peer)
      other.idleAt = -1
    }
    partial.touchedAt = this.#choice.now
    this.#receivedBytes += this.#book.block(partial, block).length
    return { kind: 'fresh', cancel }
  }

  /** A request ended without data. */
  ended(peer: P, piece: number, begin: number, why: EndedWhy, now: number): void {
    const asker = this.#asker(peer)
    if (asker.isRefusal(piece, why)) asker.refused(piece, now)
    const partial = this.#partials.of(piece)
    const block = partial === undefined ? undefined : this.#book.numberOf(partial, begin)
    if (partial === undefined || block === undefined) return
    if (!this.#book.unask(asker, partial, block)) return
    if (partial.lead === peer && asker.lead !== partial && !partial.sealed) {
      this.#choice.release(partial)
    }
    this.#choice.freed(piece)
    asker.idleAt = -1
  }

  /** All of a corrupt piece came from this peer: others are asked for it first; it again half a minute later, then longer. */
  spoiledBy(peer: P, piece: number): void {
    this.#askers.get(peer)?.spoiled(piece, this.#choice.now)
  }

  /** All blocks are here and the hash is being computed. */
  checking(piece: number): void {
    this.#lives.move(piece, 'filled')
  }

  /** It is had, wherever it came from. */
  verified(piece: number): readonly Withdrawn<P>[] {
    if (this.#lives.life(piece) === 'had') return []
    this.#interest.had(piece, () => this.#lives.move(piece, 'verified'))
    this.#choice.hadCount++
    this.#queue.order.remove(piece)
    return this.#end(piece)
  }

  /**
   * The hash was wrong. `wrongBlocks` (numbers of our blocks): only those are asked for again, the others
   * stay; without them the whole piece is open again, and its memory given back.
   */
  corrupt(piece: number, wrongBlocks?: readonly number[]): readonly Withdrawn<P>[] {
    const partial = this.#partials.of(piece)
    if (partial === undefined || wrongBlocks === undefined || wrongBlocks.length === 0) {
      return this.#reopen(piece, 'corrupt')
    }
    this.#lives.move(piece, 'blocks-wrong')
    const before = this.#book.hereBytes(partial)
    for (const block of wrongBlocks) partial.spoiled(block)
    this.#receivedBytes += this.#book.hereBytes(partial) - before
    this.#partials.place(partial)
    this.#choice.release(partial)
    this.#choice.changed()
    return []
  }

  /** A piece that was had or begun is gone: from the disk, or from memory. */
  forgotten(piece: number): readonly Withdrawn<P>[] {
    return this.#reopen(piece, 'forgotten')
  }

  /** `begin` may answer true again: a piece was settled or discarded, here or in another torrent. */
  memoryFreed(): void {
    this.#choice.memoryFreed()
  }

  /** Whether it has, or promised, something that we need. */
  interesting(peer: P): boolean {
    return this.#interest.interesting(this.#asker(peer))
  }

  /** Peers whose `interesting` changed since the last call. */
  takeInterestChanges(): readonly P[] {
    return this.#interest.takeChanges()
  }

  /** Every block that a connected peer could give is asked for: several peers are asked for each. */
  get endgame(): boolean {
    return this.#choice.endgame
  }

  /** Wanted pieces that are not had. */
  get wantedLeft(): number {
    return this.#lives.wantedLeft
  }

  /** Pieces begun and not had. */
  get partialCount(): number {
    return this.#partials.count
  }

  /** Bytes that came of pieces not had yet. */
  get receivedBytes(): number {
    return this.#receivedBytes
  }

  /** Begun, and not whole. */
  isPartial(piece: number): boolean {
    return this.#lives.life(piece) === 'partial'
  }

  /** Connected peers that have the piece, seeds included. */
  availabilityOf(piece: number): number {
    return this.#availability.of(piece)
  }

  #asker(peer: P): Asker<P> {
    const asker = this.#askers.get(peer)
    invariant(asker !== undefined, 'the picker is told only of peers that joined')
    return asker
  }

  #releaseLeads(asker: Asker<P>): void {
    for (const partial of this.#partials.led()) {
      if (partial.lead === asker.peer) this.#choice.release(partial)
    }
  }

  #giveUp(piece: number): void {
    this.#discard?.(piece)
    this.#reopen(piece, 'forgotten')
  }

  #reopen(piece: number, cause: 'corrupt' | 'forgotten'): readonly Withdrawn<P>[] {
    const wasHad = this.#lives.life(piece) === 'had'
    this.#lives.move(piece, cause)
    if (wasHad) {
      this.#choice.hadCount--
      this.#interest.recountAll()
    }
    this.#queue.reopen(piece, this.#availability.level(piece))
    this.#choice.changed()
    return this.#end(piece)
  }

  /** Closes the books of a partial piece and answers the requests still open for it. */
  #end(piece: number): readonly Withdrawn<P>[] {
    const partial = this.#partials.of(piece)
    if (partial === undefined) return []
    this.#receivedBytes -= this.#book.hereBytes(partial)
    this.#choice.release(partial)
    return this.#book.end(partial)
  }
}
