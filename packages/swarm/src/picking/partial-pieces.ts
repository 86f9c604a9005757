// Pieces under download: which blocks are here, which were asked of whom, which are free to be asked.
//
// A block is free while no peer that is trusted to deliver was asked for it. Soft askers (of a promised piece) and
// doubted ones (silent for long) stay on the list, so that what they send still counts, but keep nobody away.
// A lead is a fast peer with a piece to itself: its blocks are left to it as long as there is something else.

import { invariant } from '@bt/primitives'

const FREE = 0
const ASKED = 1
const HERE = 2
/** How an asker counts: of a piece it has, or of one it only promised. */
export type AskKind = 'firm' | 'soft'

export class PartialPiece<P> {
  readonly piece: number
  /** How many were begun before it. */
  readonly number: number
  readonly blockCount: number
  /** The one peer that asks for its blocks, while it keeps up. */
  lead: P | undefined
  /** The lead is a suspect: whoever joined would be under suspicion too. */
  sealed = false
  /** When a block was last asked for or came, in ms. */
  touchedAt = 0
  #free: number
  #here = 0
  #askers = 0
  #cursor = 0
  readonly #state: Uint8Array
  readonly #first: (P | undefined)[]
  /** Made when they are needed: most blocks are asked of one peer, outright. */
  #others: Map<number, P[]> | undefined
  #soft: Map<number, P[]> | undefined

  constructor(piece: number, blockCount: number, number = 0) {
    this.piece = piece
    this.number = number
    this.blockCount = blockCount
    this.#free = blockCount
    this.#state = new Uint8Array(blockCount)
    this.#first = Array.from({ length: blockCount }, () => undefined)
  }

  /** Blocks that may be asked for. */
  get free(): number {
    return this.#free
  }

  get here(): number {
    return this.#here
  }

  /** Requests in flight for its blocks, of every kind. */
  get askers(): number {
    return this.#askers
  }

  isHere(block: number): boolean {
    return this.#state[block] === HERE
  }

  /** Peers that were asked for this block and have not answered; a fresh array. */
  askersOf(block: number): P[] {
    const first = this.#first[block]
    const firm = first === undefined ? [] : [first]
    if (this.#others === undefined && this.#soft === undefined) return firm
    return [...firm, ...(this.#others?.get(block) ?? []), ...(this.#soft?.get(block) ?? [])]
  }

  wasAsked(block: number, peer: P): boolean {
    return (
      this.#first[block] === peer ||
      (this.#others?.get(block)?.includes(peer) ?? false) ||
      (this.#soft?.get(block)?.includes(peer) ?? false)
    )
  }

  /** The lowest free block that this peer was not asked for; −1: none. */
  nextFree(peer: P): number {
    if (this.#free === 0) return -1
    while (this.#cursor < this.blockCount && this.#state[this.#cursor] !== FREE) this.#cursor++
    for (let block = this.#cursor; block < this.blockCount; block++) {
      if (this.#state[block] === FREE && !this.wasAsked(block, peer)) return block
    }
    return -1
  }

  /** The one peer that was asked for it outright; undefined: none was, or several were. */
  onlyAsker(block: number): P | undefined {
    return this.#others?.has(block) === true ? undefined : this.#first[block]
  }

  /** How many peers were asked for it outright, without a promise. */
  firmAskers(block: number): number {
    if (this.#first[block] === undefined) return 0
    return 1 + (this.#others?.get(block)?.length ?? 0)
  }

  /** Answers true when another peer was asked already: a duplicate. `doubted`: others may ask as well. */
  ask(block: number, peer: P, kind: AskKind, doubted: boolean): boolean {
    invariant(!this.isHere(block) && !this.wasAsked(block, peer), 'a block is asked for once')
    this.#askers++
    if (kind === 'soft') {
      push((this.#soft ??= new Map()), block, peer)
      return false
    }
    const duplicate = this.#first[block] !== undefined
    if (duplicate) push((this.#others ??= new Map()), block, peer)
    else this.#first[block] = peer
    if (!doubted) this.#setAsked(block)
    return duplicate
  }

  /** The peer's request for it ended. `trusted` says which of the others keep the block from being free. */
  unask(block: number, peer: P, trusted: (peer: P) => boolean): boolean {
    if (!this.#drop(block, peer)) return false
    this.refresh(block, trusted)
    return true
  }

  /** Whether the block is free, asked again of its askers: after a doubt began or ended. */
  refresh(block: number, trusted: (peer: P) => boolean): void {
    if (this.isHere(block)) return
    const first = this.#first[block]
    const kept =
      (first !== undefined && trusted(first)) || (this.#others?.get(block)?.some(trusted) ?? false)
    if (kept) this.#setAsked(block)
    else this.#setFree(block)
  }

  /** The block came. Nobody is an asker of it any more. */
  arrived(block: number): void {
    invariant(!this.isHere(block), 'a block comes once')
    if (this.#state[block] === FREE) this.#free--
    this.#state[block] = HERE
    this.#here++
    this.#dropAll(block)
  }

  /** A block that is here is wrong: it is to be asked for again. */
  spoiled(block: number): void {
    if (!this.isHere(block)) return
    this.#here--
    this.#state[block] = ASKED
    this.#setFree(block)
  }

  #dropAll(block: number): void {
    for (const peer of this.askersOf(block)) this.#drop(block, peer)
  }

  #setAsked(block: number): void {
    if (this.#state[block] !== FREE) return
    this.#state[block] = ASKED
    this.#free--
  }

  #setFree(block: number): void {
    if (this.#state[block] !== ASKED) return
    this.#state[block] = FREE
    this.#free++
    if (block < this.#cursor) this.#cursor = block
  }

  #drop(block: number, peer: P): boolean {
    if (this.#first[block] === peer) this.#first[block] = shift(this.#others, block)
    else if (!take(this.#others, block, peer) && !take(this.#soft, block, peer)) return false
    this.#askers--
    return true
  }
}

/** The partial pieces of a torrent, those with free blocks apart: shared ones, and ones with a lead. */
export class PartialPieces<P> {
  readonly #all = new Map<number, PartialPiece<P>>()
  readonly #shared = new Set<PartialPiece<P>>()
  readonly #led = new Set<PartialPiece<P>>()
  #begun = 0

  get count(): number {
    return this.#all.size
  }

  all(): Iterable<PartialPiece<P>> {
    return this.#all.values()
  }

  /** With free blocks and no lead, in the order they came to be so. */
  shared(): Iterable<PartialPiece<P>> {
    return this.#shared
  }

  /** With free blocks and a lead. */
  led(): Iterable<PartialPiece<P>> {
    return this.#led
  }

  get ledCount(): number {
    return this.#led.size
  }

  of(piece: number): PartialPiece<P> | undefined {
    return this.#all.get(piece)
  }

  begin(piece: number, blockCount: number): PartialPiece<P> {
    const partial = new PartialPiece<P>(piece, blockCount, this.#begun++)
    this.#all.set(piece, partial)
    this.place(partial)
    return partial
  }

  end(partial: PartialPiece<P>): void {
    this.#all.delete(partial.piece)
    this.#shared.delete(partial)
    this.#led.delete(partial)
  }

  /** To be called after its free blocks or its lead changed. */
  place(partial: PartialPiece<P>): void {
    const open = partial.free > 0 && this.#all.get(partial.piece) === partial
    move(this.#shared, partial, open && partial.lead === undefined)
    move(this.#led, partial, open && partial.lead !== undefined)
  }
}

function move<T>(set: Set<T>, item: T, inside: boolean): void {
  if (inside) set.add(item)
  else set.delete(item)
}

function push<P>(lists: Map<number, P[]>, block: number, peer: P): void {
  const list = lists.get(block)
  if (list === undefined) lists.set(block, [peer])
  else list.push(peer)
}

function shift<P>(lists: Map<number, P[]> | undefined, block: number): P | undefined {
  const list = lists?.get(block)
  const first = list?.shift()
  if (list?.length === 0) lists?.delete(block)
  return first
}

function take<P>(lists: Map<number, P[]> | undefined, block: number, peer: P): boolean {
  const list = lists?.get(block)
  const at = list?.indexOf(peer) ?? -1
  if (list === undefined || at < 0) return false
  list.splice(at, 1)
  if (list.length === 0) lists?.delete(block)
  return true
}
