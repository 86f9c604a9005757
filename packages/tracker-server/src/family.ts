// Members of one address family in a swarm: one part, or many for a large swarm, found by the low bits of their hash.
//
// Extendible hashing: a part that is full is split in two, and no other is touched, so that no announce waits for more
// than one part to move.

import type { MemberMeans, SwarmCounts } from './member-means.ts'
import { Members } from './members.ts'
import type { PeerKey, Stride } from './peer-key.ts'

export class Family {
  readonly parts: Members[] = []
  readonly #stride: Stride
  readonly #means: MemberMeans
  readonly #counts: SwarmCounts
  /** The part of each value of the low bits; a power of two of them. */
  #directory: Members[]

  constructor(stride: Stride, means: MemberMeans, counts: SwarmCounts) {
    this.#stride = stride
    this.#means = means
    this.#counts = counts
    const whole = new Members(stride, means, counts)
    this.parts.push(whole)
    this.#directory = [whole]
  }

  get size(): number {
    let size = 0
    for (const part of this.parts) size += part.size
    return size
  }

  /** Where an endpoint is, or would be. */
  partOf(key: PeerKey): Members {
    return this.#directory[key.hash & (this.#directory.length - 1)] as Members
  }

  /** Where there is room for an endpoint. */
  roomyPartOf(key: PeerKey): Members {
    let part = this.partOf(key)
    while (part.isFull) {
      this.#split(part)
      part = this.partOf(key)
    }
    return part
  }

  free(): void {
    for (const part of this.parts) part.free()
  }

  #split(part: Members): void {
    const bit = 1 << part.depth
    if (bit === this.#directory.length) this.#directory = [...this.#directory, ...this.#directory]
    const other = new Members(this.#stride, this.#means, this.#counts)
    part.depth++
    other.depth = part.depth
    part.splitTo(other, bit)
    for (let at = 0; at < this.#directory.length; at++)
      if (this.#directory[at] === part && (at & bit) !== 0) this.#directory[at] = other
    this.parts.push(other)
  }
}
