// The pieces that the site still lacks and another site could give: kept up one fact at a time, never looked for.
//
// A piece is wanted while neither we nor a linked member of the site has it and an outside neighbour does. Each outside
// neighbour is counted what it has of these, which is why it should know that we are interested. Cost: O(outside links)
// for each piece that comes to the site or leaves the list, O(pieces) when an outside neighbour comes or goes.

import { Bitfield, type ReadonlyBitfield } from '@bt/primitives'
import { CopyCount, type Holder } from './copy-count.ts'

/** Pieces looked at for one that can be claimed: most of the list can be, so a few are enough. */
const LOOKS_MAX = 64

/** A neighbour that may give pieces. */
export interface Source extends Holder {
  /** How many of the wanted pieces it has, while it is outside. */
  wanted: number
}

export class Wants {
  /** Copies among linked members of the site, our own apart. */
  readonly local: CopyCount
  readonly #outside: CopyCount
  readonly #have: ReadonlyBitfield
  readonly #sources = new Set<Source>()
  /** Wanted pieces in no order, and where each stands in it; −1: not. */
  readonly #list: number[] = []
  readonly #at: Int32Array
  readonly #wasHad: Bitfield
  /** Linked members of the site have it, and we do not. */
  readonly #near: Bitfield

  constructor(have: ReadonlyBitfield) {
    const look = (piece: number): void => this.#look(piece)
    this.#have = have
    this.local = new CopyCount(have.length, look)
    this.#outside = new CopyCount(have.length, look)
    this.#at = new Int32Array(have.length).fill(-1)
    this.#wasHad = new Bitfield(have.length)
    this.#near = new Bitfield(have.length)
  }

  get count(): number {
    return this.#list.length
  }

  /** Pieces that linked members of the site have and we lack. */
  get nearCount(): number {
    return this.#near.count
  }

  isWanted(piece: number): boolean {
    return (this.#at[piece] ?? -1) >= 0
  }

  /** A linked member of the site once had it. */
  wasHad(piece: number): boolean {
    return this.#wasHad.has(piece)
  }

  /** How many outside neighbours have the piece. */
  outsideCopies(piece: number): number {
    return this.#outside.of(piece)
  }

  /** It has something that the site lacks. */
  isUseful({ wanted }: Source): boolean {
    return wanted > 0
  }

  /** An outside neighbour, with all that it has now. */
  outside(source: Source): void {
    this.#outside.look(source)
    source.wanted = 0
    for (const piece of this.#list) if (source.counted?.has(piece) === true) source.wanted++
    this.#sources.add(source)
  }

  outsideGained(source: Source, piece: number): void {
    const before = this.isWanted(piece)
    if (!this.#outside.gained(source, piece)) return
    // where the piece became wanted by this, it is counted already
    if (before) source.wanted++
  }

  /** Reads what a have will need. */
  glance({ counted }: Source, piece: number): number {
    return this.local.of(piece) + this.#outside.of(piece) + (counted?.has(piece) === true ? 1 : 0)
  }

  /** It is gone, in the site or outside. */
  left(source: Source): void {
    const isOutside = this.#sources.delete(source)
    source.wanted = 0
    const group = isOutside ? this.#outside : this.local
    group.left(source)
  }

  /** We have the piece. */
  had(piece: number): void {
    this.#look(piece)
  }

  /** One of the wanted pieces that suits, begun to be looked for at a place by chance; undefined: none in a few looks. */
  draw(suits: (piece: number) => boolean, below: (bound: number) => number): number | undefined {
    const { length } = this.#list
    if (length === 0) return undefined
    const start = below(length)
    for (let step = 0; step < Math.min(length, LOOKS_MAX); step++) {
      const piece = this.#list[(start + step) % length] as number
      if (suits(piece)) return piece
    }
    return undefined
  }

  #look(piece: number): void {
    const isHere = this.local.of(piece) > 0
    const isLacked = !this.#have.has(piece)
    if (isHere) this.#wasHad.set(piece)
    if (isHere && isLacked) this.#near.set(piece)
    else this.#near.clear(piece)
    const wanted = isLacked && !isHere && this.#outside.of(piece) > 0
    if (wanted === this.isWanted(piece)) return
    if (wanted) {
      this.#at[piece] = this.#list.length
      this.#list.push(piece)
    } else {
      const at = this.#at[piece] as number
      const last = this.#list.pop() as number
      if (last !== piece) {
        this.#list[at] = last
        this.#at[last] = at
      }
      this.#at[piece] = -1
    }
    for (const source of this.#sources) {
      if (source.counted?.has(piece) === true) source.wanted += wanted ? 1 : -1
    }
  }
}
