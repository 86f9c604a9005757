// A block of members as columns, and the index that finds a slot by endpoint: bytes in, bytes out, no rules.
//
// The index is open addressing with runs that are closed when an endpoint leaves, so that nothing in it ages.

import { type Endpoint, unpackEndpoint } from '@bt/primitives'
import { ID_LENGTH, type Keeping, type Layout, layoutOf } from './member-layout.ts'
import type { PeerKey, Stride } from './peer-key.ts'
import type { Block, Slabs } from './slabs.ts'

export class Columns {
  readonly layout: Layout
  readonly bytes: Uint8Array
  readonly halves: Uint16Array
  /** Where the order begins, in half-words of `halves`. */
  readonly order: number
  /** Where the flags begin, in bytes. */
  readonly flags: number
  readonly #block: Block
  readonly #stride: Stride
  readonly #start: number
  readonly #seen: number
  readonly #cells: number

  constructor(slabs: Slabs, stride: Stride, keeping: Keeping, capacity: number) {
    this.layout = layoutOf(capacity, stride, keeping)
    this.#block = slabs.take(this.layout.length)
    this.bytes = this.#block.page.bytes
    this.halves = this.#block.page.halves
    this.#stride = stride
    this.#start = this.#block.at >> 1
    this.order = this.#start + this.layout.orderHalf
    this.flags = this.#block.at + this.layout.flags
    this.#seen = this.#start + this.layout.seenHalf
    this.#cells = this.#start + this.layout.cellsHalf
    this.bytes.fill(0, this.flags, this.flags + capacity)
    this.halves.fill(0, this.#cells, this.#cells + this.layout.cells)
    for (let slot = 0; slot < capacity; slot++) this.halves[this.order + slot] = slot
  }

  /** Its memory goes back; nothing may be called after. */
  free(slabs: Slabs): void {
    slabs.give(this.#block)
  }

  /** Where the endpoint of a slot begins, in half-words. */
  endpointAt(slot: number): number {
    return this.#start + slot * (this.#stride >> 1)
  }

  seen(slot: number): number {
    return this.halves[this.#seen + slot] as number
  }

  setSeen(slot: number, step: number): void {
    this.halves[this.#seen + slot] = step
  }

  /** Where the peer id of a slot begins, in bytes; only where ids are kept. */
  peerIdAt(slot: number): number {
    return this.#block.at + this.layout.peerIds + slot * ID_LENGTH
  }

  group(slot: number): number {
    const at = this.#block.at + this.layout.groups + 4 * slot
    const { bytes } = this
    const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
    return high * 0x10000 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
  }

  setGroup(slot: number, group: number): void {
    const at = this.#block.at + this.layout.groups + 4 * slot
    this.bytes[at] = group >>> 24
    this.bytes[at + 1] = group >>> 16
    this.bytes[at + 2] = group >>> 8
    this.bytes[at + 3] = group
  }

  endpoint(slot: number): Endpoint {
    return unpackEndpoint(this.bytes, 2 * this.endpointAt(slot), this.#stride)
  }

  /** 6 or 18 bytes; a copy. */
  packed(slot: number): Uint8Array {
    const at = 2 * this.endpointAt(slot)
    return this.bytes.slice(at, at + this.#stride)
  }

  holds(slot: number, key: PeerKey): boolean {
    return this.begins(slot, key, this.#stride >> 1)
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
    return hasher.hashOf(this.halves, this.endpointAt(slot), this.#stride)
  }

  /** The slot of an endpoint, or −1. Only where there is an index. */
  find(key: PeerKey): number {
    const { halves } = this
    const { cells } = this.layout
    const first = this.#cells
    const start = this.#start
    const one = key.halves[0]
    const two = key.halves[1]
    const three = key.halves[2]
    for (let cell = firstCell(key.hash, cells); ; cell = cell + 1 === cells ? 0 : cell + 1) {
      const found = halves[first + cell] as number
      if (found === 0) return -1
      if (this.#stride !== 6) {
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
    const to = this.endpointAt(slot)
    const length = this.#stride >> 1
    for (let half = 0; half < length; half++) this.halves[to + half] = from[at + half] as number
    const { cells } = this.layout
    if (cells === 0) return
    let cell = firstCell(hash, cells)
    while (this.halves[this.#cells + cell] !== 0) cell = cell + 1 === cells ? 0 : cell + 1
    this.halves[this.#cells + cell] = slot + 1
  }

  /** Takes the endpoint of a slot out of the index. */
  unindex(slot: number, hasher: PeerKey): void {
    const { halves } = this
    const { cells } = this.layout
    if (cells === 0) return
    let gap = firstCell(this.hashAt(slot, hasher), cells)
    while (halves[this.#cells + gap] !== slot + 1) gap = gap + 1 === cells ? 0 : gap + 1
    for (let cell = gap; ; ) {
      cell = cell + 1 === cells ? 0 : cell + 1
      const other = halves[this.#cells + cell] as number
      if (other === 0) break
      const home = firstCell(this.hashAt(other - 1, hasher), cells)
      // It may fill the gap unless its own place lies behind the gap, in the circle.
      const stays = gap < cell ? home > gap && home <= cell : home > gap || home <= cell
      if (stays) continue
      halves[this.#cells + gap] = other
      gap = cell
    }
    halves[this.#cells + gap] = 0
  }

  /** Everything of a slot of another block but its place in the index. */
  copyFrom(from: Columns, fromSlot: number, slot: number, keeping: Keeping): void {
    this.bytes[this.flags + slot] = from.bytes[from.flags + fromSlot] as number
    this.setSeen(slot, from.seen(fromSlot))
    if (keeping.peerIds) {
      const at = from.peerIdAt(fromSlot)
      this.bytes.set(from.bytes.subarray(at, at + ID_LENGTH), this.peerIdAt(slot))
    }
    if (keeping.groups) this.setGroup(slot, from.group(fromSlot))
  }
}

/** The upper half of the hash, scaled: any number of cells will do. */
function firstCell(hash: number, cells: number): number {
  return ((hash >>> 16) * cells) >>> 16
}
