// One swarm: counts, members of both families, and a fair draw over all their parts.

import type { InfoHash } from '@bt/primitives'
import { type Draw, MAY_HEAR } from './draw.ts'
import { Family, type PartMaker } from './family.ts'
import type { Hand } from './hand.ts'
import { LOOKS_PER_PEER_MAX } from './limits.ts'
import type { MemberMeans, SwarmCounts } from './member-means.ts'
import { Members } from './members.ts'
import type { PeerKey, Stride } from './peer-key.ts'
import type { Saying } from './saying.ts'
import type { SwarmWords } from './swarm-words.ts'

/** Bits of a slot's number that count within a part; above them the number of the part. */
const SLOT_BITS = 14
const SLOT_MASK = (1 << SLOT_BITS) - 1

export class Swarm implements SwarmCounts, PartMaker {
  size = 0
  seeds = 0
  paused = 0
  inside = 0
  nowhere = 0
  /** Downloads completed while we were told. */
  completed = 0
  /** Its place in the registry's table. */
  readonly id: number
  /** Where its infohash lies. */
  readonly #words: SwarmWords
  readonly #means: MemberMeans
  #v4: Family | undefined
  #v6: Family | undefined

  constructor(id: number, words: SwarmWords, means: MemberMeans) {
    this.id = id
    this.#words = words
    this.#means = means
  }

  get leeches(): number {
    return this.size - this.seeds
  }

  /** Leeches that are not partial seeds (BEP 21). */
  get downloaders(): number {
    return this.size - this.seeds - this.paused
  }

  get infoHash(): InfoHash {
    const text = (word: number): string => (word >>> 0).toString(16).padStart(8, '0')
    return Array.from(this.words, text).join('') as InfoHash
  }

  /** The infohash as five big-endian words, lent. */
  get words(): Int32Array {
    return this.#words.of(this.id)
  }

  /** The part that holds an endpoint, if its family is here. */
  partOf(key: PeerKey): Members | undefined {
    const family = key.stride === 6 ? this.#v4 : this.#v6
    return family?.partOf(key)
  }

  roomyPartOf(key: PeerKey): Members {
    const family = key.stride === 6 ? this.#v4 : this.#v6
    if (family !== undefined) return family.roomyPartOf(key, this)
    const whole = this.newPart(key.stride)
    if (key.stride === 6) this.#v4 = new Family(whole)
    else this.#v6 = new Family(whole)
    return whole
  }

  newPart(stride: Stride): Members {
    return new Members(stride, this.#means, this)
  }

  /** All parts; those of one family where it is named. */
  parts(family: 0 | 4 | 6 = 0): readonly Members[] {
    const v4 = family === 6 ? undefined : this.#v4?.parts
    const v6 = family === 4 ? undefined : this.#v6?.parts
    if (v6 === undefined) return v4 ?? []
    return v4 === undefined ? v6 : [...v4, ...v6]
  }

  /** Draws for the asker, who is at `slot` of `own`; the picks are in `hand`. */
  deal(saying: Saying, own: Members, slot: number, draw: Draw, hand: Hand): void {
    hand.clear()
    draw.withoutSeeds = saying.isSeed && !saying.wantsSeeds
    draw.mayHear = MAY_HEAR[own.classOf(slot)] as number
    const { wanted } = saying
    if (wanted === 0) return
    const single = this.#single(saying.family)
    if (single !== undefined) {
      draw.self = single === own ? slot : -1
      single.pick(wanted, wanted * LOOKS_PER_PEER_MAX + 1, draw, hand)
      return
    }
    const parts = this.parts(saying.family)
    const shares = sharesOf(parts, own, slot, wanted, draw)
    let picked = 0
    for (const [at, part] of parts.entries()) {
      // What an earlier part could not give is asked of the later ones.
      const owed = shares.slice(0, at + 1).reduce((sum, share) => sum + share, 0) - picked
      if (owed === 0) continue
      draw.self = part === own ? slot : -1
      picked += part.pick(owed, owed * LOOKS_PER_PEER_MAX + 1, draw, hand)
    }
  }

  /** The number of a member, each equally likely; it is not to be empty. `parts` are all of them. */
  any(draw: Draw, parts = this.parts()): number {
    let place = draw.below(this.size)
    let at = 0
    for (; place >= (parts[at] as Members).size; at++) place -= (parts[at] as Members).size
    return (at << SLOT_BITS) | place
  }

  /** Whether a member counts as of the same address as `key`. `parts` are all of them. */
  isNeighbour(number: number, key: PeerKey, parts = this.parts()): boolean {
    return (parts[number >>> SLOT_BITS] as Members).isNeighbour(number & SLOT_MASK, key)
  }

  /** Every member's number, valid until the swarm changes. */
  *numbers(): Iterable<number> {
    for (const [at, part] of this.parts().entries())
      for (let slot = 0; slot < part.size; slot++) yield (at << SLOT_BITS) | slot
  }

  at(number: number): { readonly part: Members; readonly slot: number } {
    return { part: this.parts()[number >>> SLOT_BITS] as Members, slot: number & SLOT_MASK }
  }

  free(): void {
    this.#v4?.free(this.#means.slabs)
    this.#v6?.free(this.#means.slabs)
  }

  /** The one part that a draw is from, where it is one. */
  #single(family: 0 | 4 | 6): Members | undefined {
    const v4 = family === 6 ? undefined : this.#v4
    const v6 = family === 4 ? undefined : this.#v6
    if (v4 !== undefined && v6 !== undefined) return undefined
    return (v4 ?? v6)?.single
  }
}

/** How many of each part a draw without putting back takes, of all but the asker. */
function sharesOf(
  parts: readonly Members[],
  own: Members,
  slot: number,
  wanted: number,
  draw: Draw,
): number[] {
  const left = parts.map((part) => {
    const size = part.toldOf(draw.withoutSeeds)
    return part === own && slot < size ? size - 1 : size
  })
  let total = left.reduce((sum, size) => sum + size, 0)
  const shares = parts.map(() => 0)
  for (let drawn = 0; drawn < wanted && total > 0; drawn++, total--) {
    let place = draw.below(total)
    let at = 0
    while (place >= (left[at] as number)) place -= left[at++] as number
    left[at] = (left[at] as number) - 1
    shares[at] = (shares[at] as number) + 1
  }
  return shares
}
