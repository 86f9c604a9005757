// Pieces that may be begun, in the order in which they should be: by group, then by how few peers have them.
//
// A group is a number, smaller first: user priority and the policy's rank before rarity. Inside a group there is
// one bucket per level (how many peers have the piece); a piece enters a bucket at a random place, so that ties
// are broken by chance and differently by every client. Cost: O(1) per change; a search looks at pieces from the
// front until one suits. Moves wait until somebody looks: haves come by the dozen between two looks, and their moves
// touch the same memory. BEP 3 ("rarest first").

import { Prng } from '@bt/primitives'
import type { Random } from '@bt/ports'

/** Pieces of one level looked at for the policy's rank among equally rare ones; bounds the cost of a pick. */
export const RANKED_CANDIDATES_MAX = 256
/** Draws before a random pick falls back to the first piece in order. */
const DRAWS_MAX = 24
const NONE = -1

interface Group {
  readonly id: number
  size: number
  readonly levels: number[][]
}

export class RarityOrder {
  readonly #place: Int32Array
  readonly #groupOf: Uint32Array
  readonly #levelOf: Uint16Array
  /** Those in it, in BEP 3 order: to be laid over what a peer has. */
  readonly #bits: Uint8Array
  readonly #groups = new Map<number, Group>()
  /** The one looked up last: nearly always the next one too. */
  #latest: Group | undefined
  /** Groups that hold something, smallest first. */
  #sorted: Group[] = []
  #size = 0
  #unheld = 0
  /** No piece below this one is in the order. */
  #lowest = 0
  readonly #chance: Prng
  /** Pieces whose level changed since the last look, and the level of each. */
  readonly #moved: number[] = []
  readonly #isMoved: Uint8Array
  readonly #levelNow: Uint16Array

  constructor(pieceCount: number, random: Random) {
    this.#place = new Int32Array(pieceCount).fill(NONE)
    this.#groupOf = new Uint32Array(pieceCount)
    this.#levelOf = new Uint16Array(pieceCount)
    this.#bits = new Uint8Array((pieceCount + 7) >> 3)
    this.#isMoved = new Uint8Array(pieceCount)
    this.#levelNow = new Uint16Array(pieceCount)
    this.#chance = new Prng(random.below(2 ** 32))
  }

  get size(): number {
    return this.#size
  }

  /** How many of them are at level 0: nobody but seeds has them. Counted at once, moved or not. */
  get unheld(): number {
    return this.#unheld
  }

  /** The smallest group that holds something; Infinity: none does. */
  get firstGroup(): number {
    return this.#sorted[0]?.id ?? Number.POSITIVE_INFINITY
  }

  has(piece: number): boolean {
    return (this.#place[piece] as number) !== NONE
  }

  /** Reads what a move will need. */
  glance(piece: number): number {
    return (
      (this.#place[piece] as number) +
      (this.#levelNow[piece] as number) +
      (this.#isMoved[piece] as number)
    )
  }

  add(piece: number, groupId: number, level: number): void {
    if (this.has(piece)) return
    const group = this.#group(groupId)
    if (group.size === 0) this.#sorted.splice(this.#sortedAt(groupId), 0, group)
    group.size++
    this.#size++
    if (level === 0) this.#unheld++
    this.#groupOf[piece] = groupId
    this.#levelNow[piece] = level
    this.#flip(piece)
    this.#enter(group, piece, level)
    if (piece < this.#lowest) this.#lowest = piece
  }

  remove(piece: number): void {
    if (!this.has(piece)) return
    const group = this.#group(this.#groupOf[piece] as number)
    this.#leave(group, piece)
    this.#flip(piece)
    this.#place[piece] = NONE
    group.size--
    this.#size--
    if (this.#levelNow[piece] === 0) this.#unheld--
    if (group.size === 0) this.#sorted.splice(this.#sortedAt(group.id), 1)
    this.#isMoved[piece] = 0
  }

  /** More or fewer peers have it now. Does nothing for a piece that is not in the order. */
  move(piece: number, level: number): void {
    if (!this.has(piece)) return
    if (this.#levelNow[piece] === 0) this.#unheld--
    if (level === 0) this.#unheld++
    this.#levelNow[piece] = level
    if (this.#isMoved[piece] === 1) return
    this.#isMoved[piece] = 1
    this.#moved.push(piece)
    // pieces that went out and came back stand in the list twice
    if (this.#moved.length > 2 * this.#place.length) this.#settle()
  }

  /** Makes the moves that wait. */
  #settle(): void {
    const moved = this.#moved
    if (moved.length === 0) return
    for (let at = 0; at < moved.length; at++) {
      const piece = moved[at] as number
      if (this.#isMoved[piece] === 0) continue // taken out meanwhile
      this.#isMoved[piece] = 0
      this.#moveTo(piece, this.#levelNow[piece] as number)
    }
    moved.length = 0
  }

  #moveTo(piece: number, level: number): void {
    if (this.#levelOf[piece] === level) return
    const group = this.#group(this.#groupOf[piece] as number)
    this.#leave(group, piece)
    this.#enter(group, piece, level)
  }

  /**
   * The first piece in order that suits, in a group below `beforeGroup`; −1: none.
   * `rank` chooses among pieces of one level: the smallest of the first `RANKED_CANDIDATES_MAX` that suit.
   * `within`, in BEP 3 order: none that is not in it suits, and these are passed over without asking. Most looks end
   * there: the peer has nothing that could be begun, and no piece is looked at.
   */
  rarest(
    suits: (piece: number) => boolean,
    beforeGroup: number,
    rank?: (piece: number) => number,
    within?: Uint8Array,
  ): number {
    this.#settle()
    if (within !== undefined && !intersects(within, this.#bits)) return NONE
    for (const group of this.#sorted) {
      if (group.id >= beforeGroup) return NONE
      for (const bucket of group.levels) {
        const found =
          rank === undefined ? first(bucket, suits, within) : lowest(bucket, suits, rank)
        if (found !== NONE) return found
      }
    }
    return NONE
  }

  /** Any piece of the first group that has one that suits, each about equally likely. */
  any(suits: (piece: number) => boolean, beforeGroup: number): number {
    this.#settle()
    const group = this.#sorted[0]
    if (group === undefined || group.id >= beforeGroup) return NONE
    for (let draw = 0; draw < DRAWS_MAX; draw++) {
      let at = this.#below(group.size)
      for (const bucket of group.levels) {
        if (at < bucket.length) {
          if (suits(bucket[at] as number)) return bucket[at] as number
          break
        }
        at -= bucket.length
      }
    }
    return this.rarest(suits, beforeGroup)
  }

  /** The lowest piece that suits, group by group. */
  inSequence(suits: (piece: number) => boolean, beforeGroup: number): number {
    const count = this.#place.length
    while (this.#lowest < count && !this.has(this.#lowest)) this.#lowest++
    for (const group of this.#sorted) {
      if (group.id >= beforeGroup) return NONE
      for (let piece = this.#lowest; piece < count; piece++) {
        if (this.has(piece) && this.#groupOf[piece] === group.id && suits(piece)) return piece
      }
    }
    return NONE
  }

  #group(id: number): Group {
    if (this.#latest?.id === id) return this.#latest
    let group = this.#groups.get(id)
    if (group === undefined) {
      group = { id, size: 0, levels: [] }
      this.#groups.set(id, group)
    }
    this.#latest = group
    return group
  }

  /** Quicker than fair: off by no more than one in 2^32 / bound, which no tie can show. */
  #below(bound: number): number {
    return Math.floor((this.#chance.uint32() / 2 ** 32) * bound)
  }

  #sortedAt(id: number): number {
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#sorted[middle] as Group).id < id) low = middle + 1
      else high = middle
    }
    return low
  }

  /** It came in, or went out. */
  #flip(piece: number): void {
    const at = piece >> 3
    this.#bits[at] = (this.#bits[at] as number) ^ (128 >> (piece & 7))
  }

  #enter(group: Group, piece: number, level: number): void {
    while (group.levels.length <= level) group.levels.push([])
    const bucket = group.levels[level] as number[]
    const at = this.#below(bucket.length + 1)
    if (at === bucket.length) bucket.push(piece)
    else {
      const moved = bucket[at] as number
      this.#place[moved] = bucket.length
      bucket.push(moved)
      bucket[at] = piece
    }
    this.#place[piece] = at
    this.#levelOf[piece] = level
  }

  #leave(group: Group, piece: number): void {
    const bucket = group.levels[this.#levelOf[piece] as number] as number[]
    const at = this.#place[piece] as number
    const moved = bucket.pop() as number
    if (moved === piece) return
    bucket[at] = moved
    this.#place[moved] = at
  }
}

/** Some bit is set in both; what is shorter has none beyond its end. */
function intersects(some: Uint8Array, others: Uint8Array): boolean {
  const length = Math.min(some.length, others.length)
  for (let at = 0; at < length; at++) {
    if (((some[at] as number) & (others[at] as number)) !== 0) return true
  }
  return false
}

function first(
  bucket: readonly number[],
  suits: (piece: number) => boolean,
  within: Uint8Array | undefined,
): number {
  for (let at = 0; at < bucket.length; at++) {
    const piece = bucket[at] as number
    const isOut =
      within !== undefined && ((within[piece >> 3] as number) & (128 >> (piece & 7))) === 0
    if (!isOut && suits(piece)) return piece
  }
  return NONE
}

function lowest(
  bucket: readonly number[],
  suits: (piece: number) => boolean,
  rank: (piece: number) => number,
): number {
  let found = NONE
  let foundRank = Number.POSITIVE_INFINITY
  let seen = 0
  for (let at = 0; at < bucket.length && seen < RANKED_CANDIDATES_MAX; at++) {
    const piece = bucket[at] as number
    if (!suits(piece)) continue
    seen++
    const its = rank(piece)
    if (found !== NONE && its >= foundRank) continue
    found = piece
    foundRank = its
  }
  return found
}
