// Which piece a peer gets its next blocks from, and the taking of them.
//
// A fast peer keeps to a piece of its own and then begins another; slow peers fill shared pieces. Better groups
// (priority, policy's rank) come before all of that. A suspect works on sealed pieces that nobody else joins.
// Whatever the affinity, a peer that could ask for something is never left idle: the last resorts end the lists.

import type { PieceGeometry } from '@bt/metainfo'
import type { AskBook } from './ask-book.ts'
import type { Asker } from './asker.ts'
import type { Availability } from './availability.ts'
import { duplicatesFor } from './endgame.ts'
import { moveFor } from './moves.ts'
import type { PartialPiece, PartialPieces } from './partial-pieces.ts'
import type { PickerLimits } from './picker-limits.ts'
import type { PieceLives } from './piece-lives.ts'
import type { PieceQueue } from './piece-queue.ts'

/** A block to ask for. */
export interface Pick<P = unknown> {
  readonly piece: number
  readonly begin: number
  readonly length: number
  /** Of a piece the peer promised and does not have yet. */
  readonly soft: boolean
  /** Whom it was asked of before, and is to be cancelled at. */
  readonly instead?: P
}

export interface PickFacts {
  readonly now: number
  /** What comes from this peer. */
  readonly bytesPerSecond: number
  /** It chokes us: only allowed-fast pieces. */
  readonly choked: boolean
}

/** What choice looks at and changes; all of it belongs to one picker. */
export interface ChoiceParts<P> {
  readonly geometry: PieceGeometry
  readonly limits: PickerLimits
  readonly lives: PieceLives
  readonly queue: PieceQueue
  readonly availability: Availability
  readonly partials: PartialPieces<P>
  readonly askers: ReadonlyMap<P, Asker<P>>
  readonly book: AskBook<P>
  readonly begin: (piece: number) => boolean
  /** Gives up a partial piece: it is open again. */
  readonly giveUp: (piece: number) => void
}

export class PieceChoice<P> {
  readonly #parts: ChoiceParts<P>
  readonly #isWanted: (piece: number) => boolean
  readonly #waitMs: (peer: P) => number
  readonly #blocks: number
  /** Blocks asked twice because they were late, so far. */
  #late = 0
  /** Pieces verified so far, for random-first. */
  hadCount = 0
  /** Out of memory for new pieces. */
  #full = false
  #now = 0
  /** Grows when there may be something for a peer that found nothing. */
  #version = 0

  constructor(parts: ChoiceParts<P>) {
    this.#parts = parts
    this.#isWanted = (piece) => parts.lives.priority(piece) > 0
    const { blockLength, contentLength } = parts.geometry
    this.#blocks = Math.ceil(contentLength / blockLength)
    this.#waitMs = (peer) => parts.askers.get(peer)?.waitMs(parts.geometry.blockLength) ?? 0
  }

  /** The time of the last pick, in ms. */
  get now(): number {
    return this.#now
  }

  /** There may be something for peers that found nothing. */
  changed(): void {
    this.#version++
  }

  /** A block of this piece may be asked for again: of those who offer the piece. */
  freed(piece: number): void {
    for (const asker of this.#parts.askers.values()) {
      if (asker.offers(piece) !== undefined) asker.idleAt = -1
    }
  }

  /** `begin` may answer true again. */
  memoryFreed(): void {
    if (!this.#full) return
    this.#full = false
    this.#version++
  }

  /** It found nothing a moment ago, and nothing has changed for it since. */
  isIdle(asker: Asker<P>, now: number): boolean {
    this.#now = now
    asker.expire(now)
    return asker.idleAt === this.#version && now < asker.idleUntil
  }

  /** Every block that a connected peer could give is asked for. */
  get endgame(): boolean {
    const { lives, queue, availability, partials } = this.#parts
    if (lives.wantedLeft === 0 || queue.available(availability.seeds) > 0) return false
    for (const set of [partials.shared(), partials.led()]) {
      for (const { piece } of set) {
        if (this.#isWanted(piece) && availability.of(piece) > 0) return false
      }
    }
    return true
  }

  pick(asker: Asker<P>, count: number, facts: PickFacts): readonly Pick<P>[] {
    const { geometry, limits } = this.#parts
    const picks: Pick<P>[] = []
    const isIdle = this.isIdle(asker, facts.now)
    asker.bytesPerSecond = facts.bytesPerSecond
    if (facts.choked) {
      for (const piece of asker.allowedFast) this.#pickAllowed(asker, piece, count, picks)
      return picks
    }
    if (isIdle) return picks
    const fast = facts.bytesPerSecond * limits.wholePieceMs >= 1000 * geometry.pieceLength
    // time alone brings moves and duplicates, but nothing new
    if (asker.idleAt !== this.#version) this.#pickFree(asker, fast, count, picks)
    while (picks.length < count && this.#pickMoved(asker, picks));
    if (picks.length < count) this.#pickDuplicates(asker, count, picks)
    if (picks.length === 0) {
      asker.idleAt = this.#version
      asker.idleUntil = facts.now + limits.idleMs
    }
    return picks
  }

  #pickFree(asker: Asker<P>, fast: boolean, count: number, picks: Pick<P>[]): void {
    while (picks.length < count) {
      const partial = this.#choose(asker, fast)
      if (partial === undefined) return
      this.#take(asker, partial, count, picks)
    }
  }

  /** The lead is a lead no more: others may join. */
  release(partial: PartialPiece<P>): void {
    if (partial.lead === undefined) return
    const lead = this.#parts.askers.get(partial.lead)
    if (lead?.lead === partial) lead.lead = undefined
    partial.lead = undefined
    partial.sealed = false
    this.#parts.partials.place(partial)
    if (partial.free > 0) this.#version++
  }

  #choose(asker: Asker<P>, fast: boolean): PartialPiece<P> | undefined {
    const { partials, queue, askers, limits } = this.#parts
    const own =
      asker.lead !== undefined && this.#canGive(asker.lead, asker) ? asker.lead : undefined
    const everything = Number.POSITIVE_INFINITY
    if (asker.onParole) {
      const sealed = own?.sealed === true ? own : this.#best(asker, partials.led(), isSealedFor)
      return sealed ?? this.#begin(asker, everything, true) ?? this.#lastResort(asker)
    }
    const joined = own ?? this.#best(asker, partials.shared(), anyone)
    if (joined === undefined) {
      return this.#begin(asker, everything, fast) ?? this.#lastResort(asker)
    }
    const group = queue.groupOf(joined.piece)
    const many = Math.max(limits.partialsMin, limits.partialsPerPeer * askers.size)
    const alone = fast && own === undefined && partials.count < many
    return this.#begin(asker, alone ? group + 1 : group, fast) ?? joined
  }

  #lastResort(asker: Asker<P>): PartialPiece<P> | undefined {
    const { partials, queue, availability } = this.#parts
    const shared = asker.onParole ? this.#best(asker, partials.shared(), anyone) : undefined
    const led = shared ?? this.#best(asker, partials.led(), isNotSealed)
    if (led !== undefined) return led
    const nothingLeft = this.#full || queue.available(availability.seeds) === 0
    return nothingLeft ? this.#best(asker, partials.led(), anyone) : undefined
  }

  /** The one of the best group, and of these the one with the fewest free blocks. */
  #best(
    asker: Asker<P>,
    from: Iterable<PartialPiece<P>>,
    admits: (partial: PartialPiece<P>, peer: P) => boolean,
  ): PartialPiece<P> | undefined {
    let best: PartialPiece<P> | undefined
    let bestGroup = 0
    for (const partial of from) {
      if (!admits(partial, asker.peer)) continue
      const group = this.#parts.queue.groupOf(partial.piece)
      if (best !== undefined && group > bestGroup) continue
      if (best !== undefined && group === bestGroup && partial.free >= best.free) continue
      if (!this.#canGive(partial, asker)) continue
      best = partial
      bestGroup = group
    }
    return best
  }

  #canGive(partial: PartialPiece<P>, asker: Asker<P>): boolean {
    const { piece } = partial
    return this.#isWanted(piece) && asker.suits(piece) && partial.nextFree(asker.peer) >= 0
  }

  #begin(asker: Asker<P>, beforeGroup: number, alone: boolean): PartialPiece<P> | undefined {
    const { queue, limits } = this.#parts
    if (this.#full || queue.order.firstGroup >= beforeGroup) return undefined
    if (asker.barrenAt === queue.additions && beforeGroup <= asker.barrenBefore) return undefined
    const piece = queue.draw(asker, beforeGroup, this.hadCount < limits.randomFirstPieces)
    if (piece < 0) {
      asker.barrenAt = queue.additions
      asker.barrenBefore = beforeGroup
      return undefined
    }
    if (!this.#reserve(piece)) {
      this.#full = true
      return undefined
    }
    return this.#begun(asker, piece, alone)
  }

  #begun(asker: Asker<P>, piece: number, alone: boolean): PartialPiece<P> {
    const { geometry, lives, queue, partials, availability } = this.#parts
    lives.move(piece, 'begun')
    queue.order.remove(piece)
    const partial = partials.begin(piece, geometry.blockCount(geometry.piece(piece)))
    if (alone) {
      partial.lead = asker.peer
      partial.sealed = asker.onParole
      asker.lead = partial
      partials.place(partial)
    }
    // Others may join in what is left of it; and in what they were kept out of, when nothing is left to begin.
    const isLast = partials.ledCount > Number(alone) && queue.available(availability.seeds) === 0
    if (partial.blockCount > 1 || isLast) this.#version++
    return partial
  }

  /** Memory for the piece, if need be that of one that has stood still. */
  #reserve(piece: number): boolean {
    if (this.#parts.begin(piece)) return true
    const dead = this.#dead()
    if (dead === undefined) return false
    this.#parts.giveUp(dead.piece)
    return this.#parts.begin(piece)
  }

  #dead(): PartialPiece<P> | undefined {
    const { partials, lives, availability, limits } = this.#parts
    let least: PartialPiece<P> | undefined
    for (const partial of partials.all()) {
      if (partial.askers > 0 || lives.life(partial.piece) !== 'partial') continue
      const still = this.#now - partial.touchedAt >= limits.deadMs
      if (!still && availability.of(partial.piece) > 0 && this.#isWanted(partial.piece)) continue
      if (least === undefined || partial.here < least.here) least = partial
    }
    return least
  }

  #take(asker: Asker<P>, partial: PartialPiece<P>, count: number, picks: Pick<P>[]): void {
    if (partial.sealed && partial.lead !== asker.peer) this.release(partial)
    while (picks.length < count) {
      const block = partial.nextFree(asker.peer)
      if (block < 0) break
      picks.push(this.#ask(asker, partial, block))
    }
    this.#parts.partials.place(partial)
    if (partial.free === 0 && !partial.sealed) this.release(partial)
  }

  #ask(asker: Asker<P>, partial: PartialPiece<P>, block: number): Pick<P> {
    const kind = asker.may(partial.piece) ?? 'firm'
    this.#parts.book.ask(asker, partial, block, kind)
    partial.touchedAt = this.#now
    const { begin, length } = this.#parts.book.block(partial, block)
    const soft = kind === 'soft' || !asker.holding.has(partial.piece)
    return { piece: partial.piece, begin, length, soft }
  }

  #pickAllowed(asker: Asker<P>, piece: number, count: number, picks: Pick<P>[]): void {
    const { lives, partials } = this.#parts
    if (picks.length >= count || asker.may(piece) !== 'firm' || !this.#isWanted(piece)) return
    const life = lives.life(piece)
    if (life === 'open' && this.#reserve(piece)) this.#begun(asker, piece, asker.onParole)
    const partial = partials.of(piece)
    if (partial === undefined || lives.life(piece) !== 'partial') return
    if (partial.sealed !== asker.onParole && partial.sealed) return
    this.#take(asker, partial, count, picks)
  }

  /** False: nothing is to be moved to it. */
  #pickMoved(asker: Asker<P>, picks: Pick<P>[]): boolean {
    if (asker.scope?.moves !== true) return false
    const { partials, geometry, book } = this.#parts
    const move = moveFor(asker, {
      busy: book.busy,
      blockLength: geometry.blockLength,
      now: this.#now,
      wanted: this.#isWanted,
    })
    if (move === undefined) return false
    const { partial, block, from } = move
    book.unask(from, partial, block)
    picks.push({ ...this.#ask(asker, partial, block), instead: from.peer })
    partials.place(partial)
    return true
  }

  #pickDuplicates(asker: Asker<P>, count: number, picks: Pick<P>[]): void {
    const { geometry, limits, partials } = this.#parts
    if (asker.scope?.duplicates === false) return
    const room = Math.min(count - picks.length, limits.duplicatesPerPeerMax - asker.duplicates.size)
    if (room <= 0) return
    const found = duplicatesFor(partials.all(), asker, {
      room,
      blockLength: geometry.blockLength,
      lateRoom: Math.max(limits.lateBlocksMin, limits.lateShare * this.#blocks) - this.#late,
      askersMax: limits.endgameAskersMax,
      now: this.#now,
      endgame: this.endgame,
      wanted: this.#isWanted,
      waitMs: this.#waitMs,
    })
    for (const { partial, block, isLate } of found) {
      picks.push(this.#ask(asker, partial, block))
      if (isLate) this.#late++
    }
  }
}

function anyone(): boolean {
  return true
}

/** A sealed piece of which its suspect is asked nothing (it chokes us) is no longer kept for it. */
function isNotSealed<P>(partial: PartialPiece<P>): boolean {
  return !partial.sealed || partial.askers === 0
}

function isSealedFor<P>(partial: PartialPiece<P>, peer: P): boolean {
  return partial.sealed && partial.lead === peer
}
