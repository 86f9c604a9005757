// The store's memory: buffers of whole pieces, buffers for read-ahead, and the cache that may be emptied for them.

import type { Hasher } from '@bt/ports'
import { BufferPool } from './buffer-pool.ts'
import type { MemoryBudget, Reclaimable } from './memory-budget.ts'
import { ReadCache } from './read-cache.ts'
import { READ_CACHE_SHARE } from './store-limits.ts'

/** Puts `bytes` into a buffer of ours at `at`. */
export type Copy = (bytes: Uint8Array, into: Uint8Array, at: number) => void

const plainCopy: Copy = (bytes, into, at) => into.set(bytes, at)

export class PieceMemory implements Reclaimable {
  readonly budget: MemoryBudget
  readonly cache: ReadCache
  readonly copy: Copy
  readonly pieces: BufferPool
  /** The same pool as `pieces` where a whole piece is read ahead. */
  readonly runs: BufferPool
  readonly #leave: () => void

  constructor(
    lengths: { readonly piece: number; readonly run: number },
    hasher: Hasher,
    budget: MemoryBudget,
  ) {
    this.budget = budget
    this.copy = hasher.copy?.bind(hasher) ?? plainCopy
    this.cache = new ReadCache(budget.maxBytes * READ_CACHE_SHARE)
    this.pieces = new BufferPool(lengths.piece, hasher, budget)
    this.runs =
      lengths.run < lengths.piece ? new BufferPool(lengths.run, hasher, budget) : this.pieces
    this.#leave = budget.join(this)
  }

  /** A buffer, at the cost of what is cached; undefined when all is in use and it is not `forced`. */
  take(pool: BufferPool, forced: boolean): Uint8Array | undefined {
    return pool.take(forced, () => this.cache.evict(pool))
  }

  reclaim(bytes: number): void {
    let given = this.#trim(bytes)
    while (given < bytes && this.cache.evict()) given += this.#trim(bytes - given)
  }

  /** Gives everything back that is not lent. */
  close(): void {
    this.pieces.close()
    this.runs.close()
    this.cache.forgetAll()
    this.#leave()
  }

  #trim(bytes: number): number {
    const given = this.pieces.trim(bytes)
    return given >= bytes ? given : given + this.runs.trim(bytes - given)
  }
}
