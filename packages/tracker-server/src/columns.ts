// A block of members as columns, and the index that finds a slot by endpoint: bytes in, bytes out, no rules.
//
// The index is open addressing with runs that are closed when an endpoint leaves, so that nothing in it ages.

import { type Endpoint, unpackEndpoint } from '@bt/primitives'
import { ID_LENGTH, type Keeping, type Layout } from './member-layout.ts'
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

  /** Where the order begins, in half-words of `halves`. */
  get order(): number {
    return (this.#at >> 1) + this.#layout.orderHalf
  }

  /** Where the flags begin, in bytes. */
  get flags(): number {
    return this.#at + this.#layout.flags
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

  seen(slot: number): number {
    return this.halves[(this.#at >> 1) + this.#layout.seenHalf + slot] as number
  }

  setSeen(slot: number, step: number): void {
    this.halves[(this.#at >> 1) + this.#layout.seenHalf + slot] = step
  }

  /** Where the peer id of a slot begins, in bytes; only where ids are kept. */
  peerIdAt(slot: number): number {
    return this.#at + this.#layout.peerIds + slot * ID_LENGTH
  }

  groupAt(slot: number): number {
    const at = this.#at + this.#layout.groups + 4 * slot
    const { bytes } = this
    const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
    return high * 0x10000 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
  }

  setGroup(slot: number, group: number): void {
    const at = this.#at + this.#layout.groups + 4 * slot
    this.bytes[at] = group >>> 24
    this.bytes[at + 1] = group >>> 16
    this.bytes[at + 2] = group >>> 8
    this.bytes[at + 3] = group
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

  /** Endpoints of 18 bytes of the first `count` of the order, from half-word `at` of `into` on. */
  writeWide(into: Uint16Array, at: number, count: number): void {
    const { halves } = this
    for (let place = 0; place < count; place++) {
      const from = this.endpointAt(halves[this.order + place] as number)
      for (let half = 0; half < 9; half++)
        into[at + 9 * place + half] = halves[from + half] as number
    }
  }

  /** Puts the endpoint of a slot there, and into the index. */
  claim(slot: number, from: Uint16Array, at: number, hash: number): void {
    const { halves } = this
    const to = this.endpointAt(slot)
    const length = this.#layout.stride >> 1
    for (let half = 0; half < length; half++) halves[to + half] = from[at + half] as number
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
    let gap = firstCell(this.hashAt(slot, hasher), cells)
    while (halves[first + gap] !== slot + 1) gap = gap + 1 === cells ? 0 : gap + 1
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

  /** Everything of a slot of another block but its place in the index. */
  copyFrom(from: Columns, fromSlot: number, slot: number, keeping: Keeping): void {
    this.bytes[this.flags + slot] = from.bytes[from.flags + fromSlot] as number
    this.setSeen(slot, from.seen(fromSlot))
    if (keeping.peerIds) {
      const at = from.peerIdAt(fromSlot)
      this.bytes.set(from.bytes.subarray(at, at + ID_LENGTH), this.peerIdAt(slot))
    }
    if (keeping.groups) this.setGroup(slot, from.groupAt(fromSlot))
  }

  /** Nobody in the index, everybody free, slots in their own order. */
  #clear(): void {
    const { bytes, halves, order, flags } = this
    const { capacity, cells } = this.#layout
    bytes.fill(0, flags, flags + capacity)
    const first = (this.#at >> 1) + this.#layout.cellsHalf
    halves.fill(0, first, first + cells)
    for (let slot = 0; slot < capacity; slot++) halves[order + slot] = slot
  }
}

/** The upper half of the hash, scaled: any number of cells will do. */
function firstCell(hash: number, cells: number): number {
  return ((hash >>> 16) * cells) >>> 16
}
