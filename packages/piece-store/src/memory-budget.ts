// Bytes of memory that several stores share: counted when allocated, not when used.
//
// Begun pieces hold theirs until they are settled or discarded; cached and pooled memory is given up when
// another wants it. Refusal is an answer; whoever was refused is told when memory came back.

/** Somebody who holds memory that can be done without. */
export interface Reclaimable {
  /** Gives up to `bytes` back, through `MemoryBudget.give`; less when it has less to spare. */
  reclaim(bytes: number): void
}

export class MemoryBudget {
  readonly maxBytes: number
  #usedBytes = 0
  #refused = false
  readonly #members = new Set<Reclaimable>()
  readonly #listeners = new Set<() => void>()

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  /** All memory that is held: begun pieces, caches and pools. Above `maxBytes` only by what was forced. */
  get usedBytes(): number {
    return this.#usedBytes
  }

  /** True when these bytes fit without anybody giving up anything. */
  fits(bytes: number): boolean {
    return this.#usedBytes + bytes <= this.maxBytes
  }

  /** Counts these bytes as used; false, and nothing counted, when they do not fit and are not `forced`. */
  take(bytes: number, forced: boolean): boolean {
    for (const member of this.#members) {
      if (this.fits(bytes)) break
      member.reclaim(this.#usedBytes + bytes - this.maxBytes)
    }
    if (!forced && !this.fits(bytes)) {
      this.#refused = true
      return false
    }
    this.#usedBytes += bytes
    return true
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes
  }

  /** Adds one that can be asked for memory; the answer takes it off. */
  join(member: Reclaimable): () => void {
    this.#members.add(member)
    return () => this.#members.delete(member)
  }

  /** `listener` runs when memory came back after a refusal; the answer ends that. */
  onFreed(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Said by stores when a piece let go of its memory. */
  freed(): void {
    if (!this.#refused) return
    this.#refused = false
    for (const listener of this.#listeners) listener()
  }
}
