// A block of members, and the index that finds a slot by endpoint: bytes in, bytes out, no rules.
//
// The index is open addressing with runs that are closed when an endpoint leaves, so that nothing in it ages.

import { type Endpoint, unpackEndpoint } from '@bt/primitives'
import { copyHalves, type Halves } from './copy-halves.ts'
import { FLAGS_AT, ID_AT, ID_LENGTH, type Layout, SEEN_AT } from './member-layout.ts'
import type { PeerKey, Stride } from './peer-key.ts'
import type { Page, Slabs } from './slabs.ts'

export class Columns {
  #layout: Layout
  #page: Page
  /** Where the block begins in its page, in bytes. */
  #at: number

  /** A block of its own, or another name for the block of `other`. */
  constructor(slabs: Slabs, layout: Layout)
  constructor(other: Columns)
  constructor(from: Slabs | Columns, layout?: Layout) {
    if (from instanceof Columns) {
      this.#layout = from.#layout
      this.#page = from.#page
      this.#at = from.#at
      return
    }
    this.#layout = layout as Layout
    const { page, at } = from.take(this.#layout.length)
    this.#page = page
    this.#at = at
    this.#clear()
  }

  get layout(): Layout {
    return this.#layout
  }

  get stride(): Stride {
    return this.#layout.stride
  }

  get bytes(): Uint8Array {
    return this.#page.bytes
  }

  get halves(): Uint16Array {
    return this.#page.halves
  }

  /** Its memory goes back; nothing may be called after. */
  free(slabs: Slabs): void {
    slabs.give({ page: this.#page, at: this.#at })
  }

  /** Goes on with an empty block; the one before belongs to whoever has a name for it. */
  renew(slabs: Slabs, layout: Layout): void {
    const { page, at } = slabs.take(layout.length)
    this.#layout = layout
    this.#page = page
    this.#at = at
    this.#clear()
  }

  /** Where the endpoint of a slot begins, in half-words. */
  endpointAt(slot: number): number {
    return (this.#at >> 1) + slot * (this.#layout.stride >> 1)
  }

  /** Where the rest of a slot begins, in half-words. */
  restAt(slot: number): number {
    return (this.#at >> 1) + this.#layout.restHalf + slot * this.#layout.restLength
  }

  seen(slot: number): number {
    return this.halves[this.restAt(slot) + SEEN_AT] as number
  }

  flags(slot: number): number {
    return this.halves[this.restAt(slot) + FLAGS_AT] as number
  }

  setFlags(slot: number, flags: number): void {
    this.halves[this.restAt(slot) + FLAGS_AT] = flags
  }

  /** 20 bytes, a copy; undefined where ids are not kept. */
  peerIdBytes(slot: number): Uint8Array | undefined {
    if (this.#layout.groupAt === ID_AT) return undefined
    const at = 2 * (this.restAt(slot) + ID_AT)
    return this.bytes.slice(at, at + ID_LENGTH)
  }

  /** 0 where groups are not kept. */
  group(slot: number): number {
    const { groupAt, restLength } = this.#layout
    if (groupAt === restLength) return 0
    const at = this.restAt(slot) + groupAt
    return (this.halves[at] as number) * 0x10000 + (this.halves[at + 1] as number)
  }

  setGroup(slot: number, group: number): void {
    const at = this.restAt(slot) + this.#layout.groupAt
    this.halves[at] = group >>> 16
    this.halves[at + 1] = group
  }

  endpoint(slot: number): Endpoint {
    return unpackEndpoint(this.bytes, 2 * this.endpointAt(slot), this.#layout.stride)
  }

  /** 6 or 18 bytes; a copy. */
  packed(slot: number): Uint8Array {
    const at = 2 * this.endpointAt(slot)
    return this.bytes.slice(at, at + this.#layout.stride)
  }

  holds(slot: number, key: PeerKey): boolean {
    return this.begins(slot, key, this.#layout.stride >> 1)
  }

  /** Whether the first half-words of an endpoint are those of a key. */
  begins(slot: number, key: PeerKey, length: number): boolean {
    const { halves } = this
    const at = this.endpointAt(slot)
    for (let half = 0; half < length; half++)
      if (halves[at + half] !== key.halves[half]) return false
    return true
  }

  hashAt(slot: number, hasher: PeerKey): number {
    return hasher.hashOf(this.halves, this.endpointAt(slot), this.#layout.stride)
  }

  /** The slot of an endpoint, or −1. Only where there is an index. */
  lookUp(key: PeerKey): number {
    const { halves } = this
    const { cells } = this.#layout
    const first = (this.#at >> 1) + this.#layout.cellsHalf
    const start = this.#at >> 1
    const one = key.halves[0]
    const two = key.halves[1]
    const three = key.halves[2]
    for (let cell = firstCell(key.hash, cells); ; cell = cell + 1 === cells ? 0 : cell + 1) {
      const found = halves[first + cell] as number
      if (found === 0) return -1
      if (this.#layout.stride !== 6) {
        if (this.holds(found - 1, key)) return found - 1
        continue
      }
      const at = start + 3 * (found - 1)
      if (halves[at] === one && halves[at + 1] === two && halves[at + 2] === three) return found - 1
    }
  }

  /** Writes the endpoints of slots from `from` to below `end` from half-word `at` of `into` on. */
  writeRun(into: Halves, at: number, from: number, end: number): void {
    const first = this.endpointAt(from)
    copyHalves(this.#page, first, into, at, this.endpointAt(end) - first)
  }

  /** Puts the endpoint of a slot there, and into the index. */
  claim(slot: number, from: Uint16Array, at: number, hash: number): void {
    const { halves } = this
    const to = this.endpointAt(slot)
    const length = this.#layout.stride >> 1
    for (let half = 0; half < length; half++) halves[to + half] = from[at + half] as number
    this.index(slot, hash)
  }

  /** Puts a slot into the index, under the hash of its endpoint. */
  index(slot: number, hash: number): void {
    const { halves } = this
    const { cells } = this.#layout
    if (cells === 0) return
    const first = (this.#at >> 1) + this.#layout.cellsHalf
    let cell = firstCell(hash, cells)
    while (halves[first + cell] !== 0) cell = cell + 1 === cells ? 0 : cell + 1
    halves[first + cell] = slot + 1
  }

  /** Takes the endpoint of a slot out of the index. */
  unindex(slot: number, hasher: PeerKey): void {
    const { halves } = this
    const { cells } = this.#layout
    if (cells === 0) return
    const first = (this.#at >> 1) + this.#layout.cellsHalf
    let gap = this.#cellOf(slot, hasher) - first
    for (let cell = gap; ; ) {
      cell = cell + 1 === cells ? 0 : cell + 1
      const other = halves[first + cell] as number
      if (other === 0) break
      const home = firstCell(this.hashAt(other - 1, hasher), cells)
      // It may fill the gap unless its own place lies behind the gap, in the circle.
      const stays = gap < cell ? home > gap && home <= cell : home > gap || home <= cell
      if (stays) continue
      halves[first + gap] = other
      gap = cell
    }
    halves[first + gap] = 0
  }

  /** Everything of a slot of this block or another but its place in the index. Both keep the same. */
  copyFrom(from: Columns, fromSlot: number, slot: number): void {
    const { halves } = this
    const source = from.halves
    const { stride, restLength } = this.#layout
    let at = from.endpointAt(fromSlot)
    let to = this.endpointAt(slot)
    for (const end = to + (stride >> 1); to < end; ) halves[to++] = source[at++] as number
    at = from.restAt(fromSlot)
    to = this.restAt(slot)
    for (const end = to + restLength; to < end; ) halves[to++] = source[at++] as number
  }

  /** Moves a member to a slot that is nobody's (any more). */
  move(from: number, to: number, hasher: PeerKey): void {
    if (this.#layout.cells > 0) this.halves[this.#cellOf(from, hasher)] = to + 1
    this.copyFrom(this, from, to)
  }

  /** Two members change places. */
  swap(one: number, other: number, hasher: PeerKey): void {
    if (one === other) return
    const { halves } = this
    const { cells, stride, restLength } = this.#layout
    if (cells > 0) {
      const oneCell = this.#cellOf(one, hasher)
      const otherCell = this.#cellOf(other, hasher)
      halves[oneCell] = other + 1
      halves[otherCell] = one + 1
    }
    swapHalves(halves, this.endpointAt(one), this.endpointAt(other), stride >> 1)
    swapHalves(halves, this.restAt(one), this.restAt(other), restLength)
  }

  /** Where the index names a slot that is in it, in half-words. */
  #cellOf(slot: number, hasher: PeerKey): number {
    const { halves } = this
    const { cells } = this.#layout
    const first = (this.#at >> 1) + this.#layout.cellsHalf
    let cell = firstCell(this.hashAt(slot, hasher), cells)
    while (halves[first + cell] !== slot + 1) cell = cell + 1 === cells ? 0 : cell + 1
    return first + cell
  }

  /** Nobody in the index. */
  #clear(): void {
    const first = (this.#at >> 1) + this.#layout.cellsHalf
    this.halves.fill(0, first, first + this.#layout.cells)
  }
}

function swapHalves(halves: Uint16Array, one: number, other: number, length: number): void {
  for (let half = 0; half < length; half++) {
    const kept = halves[one + half] as number
    halves[one + half] = halves[other + half] as number
    halves[other + half] = kept
  }
}

/** The upper half of the hash, scaled: any number of cells will do. */
function firstCell(hash: number, cells: number): number {
  return ((hash >>> 16) * cells) >>> 16
}
