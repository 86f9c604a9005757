// Pieces, or runs of them, in memory for upload: fresh from the network, or read ahead from disk.
//
// Lent without a copy and pinned meanwhile; what is not pinned goes, least recently lent first, when memory is
// wanted. A piece that is lost is forgotten at once; its memory comes back when the last loan does.

import type { BufferPool } from './buffer-pool.ts'
import type { Lent } from './piece-store.ts'

/** Memory of the cache, pinned. */
export interface LentBytes extends Lent {
  readonly bytes: Uint8Array
}

interface Run {
  readonly piece: number
  readonly begin: number
  readonly end: number
  readonly buffer: Uint8Array
  readonly pool: BufferPool
  pins: number
  forgotten: boolean
}

export class ReadCache {
  readonly #bytesMax: number
  #bytes = 0
  #forgets = 0
  /** By piece, for finding; and all, least recently lent first. */
  readonly #runs = new Map<number, Run[]>()
  readonly #byUse = new Set<Run>()

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** How many runs are in memory. */
  get count(): number {
    return this.#byUse.size
  }

  /** How often a piece was forgotten: what is read meanwhile is perhaps of before. */
  get forgets(): number {
    return this.#forgets
  }

  /** Memory of all runs, lent ones included. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Keeps `length` bytes that `buffer` begins with: those of the piece from `begin` on. The buffer is the
   * cache's from now on. `forced`: kept even where the cache is full (somebody waits for it).
   */
  put(
    run: { readonly piece: number; readonly begin: number; readonly length: number },
    buffer: Uint8Array,
    pool: BufferPool,
    forced: boolean,
  ): void {
    while (this.#bytes + pool.bufferLength > this.#bytesMax && this.evict()) continue
    if (!forced && this.#bytes + pool.bufferLength > this.#bytesMax) {
      pool.give(buffer)
      return
    }
    const { piece, begin, length } = run
    const kept = { piece, begin, end: begin + length, buffer, pool, pins: 0, forgotten: false }
    this.#bytes += pool.bufferLength
    this.#byUse.add(kept)
    const runs = this.#runs.get(piece)
    if (runs === undefined) this.#runs.set(piece, [kept])
    else runs.push(kept)
  }

  has(piece: number, begin: number, length: number): boolean {
    return this.#find(piece, begin, length) !== undefined
  }

  lend(piece: number, begin: number, length: number): LentBytes | undefined {
    const run = this.#find(piece, begin, length)
    if (run === undefined) return undefined
    this.#byUse.delete(run)
    this.#byUse.add(run)
    run.pins++
    let lent = true
    return {
      bytes: run.buffer.subarray(begin - run.begin, begin - run.begin + length),
      release: () => {
        if (!lent) return
        lent = false
        run.pins--
        if (run.forgotten && run.pins === 0) this.#giveBack(run)
      },
    }
  }

  /** Drops the run that was not lent for longest, of this pool if one is named; false when all are pinned. */
  evict(pool?: BufferPool): boolean {
    for (const run of this.#byUse) {
      if (run.pins > 0 || (pool !== undefined && run.pool !== pool)) continue
      this.#forget(run)
      return true
    }
    return false
  }

  /** What is known of this piece is no longer to be lent. */
  forget(piece: number): void {
    this.#forgets++
    for (const run of this.#runs.get(piece)?.slice() ?? []) this.#forget(run)
  }

  forgetAll(): void {
    for (const run of this.#byUse) this.#forget(run)
  }

  #find(piece: number, begin: number, length: number): Run | undefined {
    const runs = this.#runs.get(piece)
    if (runs === undefined) return undefined
    for (const run of runs) if (begin >= run.begin && begin + length <= run.end) return run
    return undefined
  }

  #forget(run: Run): void {
    this.#byUse.delete(run)
    const runs = this.#runs.get(run.piece) as Run[]
    if (runs.length === 1) this.#runs.delete(run.piece)
    else runs.splice(runs.indexOf(run), 1)
    run.forgotten = true
    if (run.pins === 0) this.#giveBack(run)
  }

  #giveBack(run: Run): void {
    this.#bytes -= run.pool.bufferLength
    run.pool.give(run.buffer)
  }
}
