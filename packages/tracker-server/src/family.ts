// Members of one address family in a swarm: one part, or many for a large swarm, found by the low bits of their hash.
//
// Extendible hashing: a part that is full is split in two, and no other is touched, so that no announce waits for more
// than one part to move.

import type { Members } from './members.ts'
import type { PeerKey, Stride } from './peer-key.ts'
import type { Slabs } from './slabs.ts'

export interface PartMaker {
  newPart(stride: Stride): Members
}

export class Family {
  /** One for most families: a list of its own length costs less than one that was pushed to. */
  #parts: readonly Members[]
  /** The part of each value of the low bits; a power of two of them. */
  #directory: readonly Members[]
  /** The one part, where it is one. */
  #single: Members | undefined

  constructor(whole: Members) {
    this.#parts = [whole]
    this.#directory = this.#parts
    this.#single = whole
  }

  get single(): Members | undefined {
    return this.#single
  }

  get parts(): readonly Members[] {
    return this.#parts
  }

  get size(): number {
    let size = 0
    for (const part of this.#parts) size += part.size
    return size
  }

  /** Where an endpoint is, or would be. */
  partOf(key: PeerKey): Members {
    return this.#single ?? (this.#directory[key.hash & (this.#directory.length - 1)] as Members)
  }

  /** Where there is room for an endpoint; `maker` is asked for empty parts. */
  roomyPartOf(key: PeerKey, maker: PartMaker): Members {
    let part = this.partOf(key)
    while (part.isFull) {
      this.#split(part, maker.newPart(part.stride))
      part = this.partOf(key)
    }
    return part
  }

  free(slabs: Slabs): void {
    for (const part of this.#parts) part.free(slabs)
  }

  #split(part: Members, other: Members): void {
    const bit = 1 << part.depth
    if (bit === this.#directory.length) this.#directory = [...this.#directory, ...this.#directory]
    part.depth++
    other.depth = part.depth
    part.splitTo(other, bit)
    this.#directory = this.#directory.map((one, at) =>
      one === part && (at & bit) !== 0 ? other : one,
    )
    this.#parts = [...this.#parts, other]
    this.#single = undefined
  }
}
