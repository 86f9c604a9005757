// Buffers of one size, used again and again: fresh zeroed memory costs more than copying into warm memory.
//
// Contents are whatever was there before: whoever takes a buffer fills it or lends only what it filled.

import type { Hasher } from '@bt/ports'
import type { MemoryBudget } from './memory-budget.ts'

export class BufferPool {
  readonly bufferLength: number
  readonly #hasher: Hasher
  readonly #budget: MemoryBudget
  readonly #free: Uint8Array[] = []
  #closed = false

  constructor(bufferLength: number, hasher: Hasher, budget: MemoryBudget) {
    this.bufferLength = bufferLength
    this.#hasher = hasher
    this.#budget = budget
  }

  /** `spare` is asked for a buffer of ours (from a cache) before anybody else has to give up memory. */
  take(forced: boolean, spare: () => boolean): Uint8Array | undefined {
    const kept = this.#free.pop()
    if (kept !== undefined) return kept
    if (!this.#budget.fits(this.bufferLength) && spare()) {
      const spared = this.#free.pop()
      if (spared !== undefined) return spared
    }
    if (!this.#budget.take(this.bufferLength, forced)) return undefined
    return this.#hasher.allocate(this.bufferLength)
  }

  /** Keeps a buffer for the next taker, unless the budget is overdrawn or the pool closed. */
  give(buffer: Uint8Array): void {
    if (!this.#closed && this.#budget.fits(0)) this.#free.push(buffer)
    else this.#budget.give(this.bufferLength)
  }

  /** Forgets free buffers until `bytes` came back to the budget, or all; answers how many bytes. */
  trim(bytes: number): number {
    let given = 0
    while (given < bytes && this.#free.pop() !== undefined) {
      this.#budget.give(this.bufferLength)
      given += this.bufferLength
    }
    return given
  }

  /** Keeps nothing from now on. */
  close(): void {
    this.#closed = true
    this.trim(Number.POSITIVE_INFINITY)
  }
}
