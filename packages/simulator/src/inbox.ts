// What came over a pipe and was not read yet, in order.

import type { Fabric } from './fabric.ts'
import type { SegmentPool } from './segment-pool.ts'
import type { Segment } from './send-queue.ts'

/** Unread bytes grow by joining up to this, so that joining stays cheap. */
const JOINED_BYTES_MAX = 64 * 1024

export class Inbox {
  readonly #fabric: Fabric
  readonly #pool: SegmentPool
  /** Linked. */
  #first: Segment | undefined
  #last: Segment | undefined

  constructor(fabric: Fabric, pool: SegmentPool) {
    this.#fabric = fabric
    this.#pool = pool
  }

  get first(): Segment | undefined {
    return this.#first
  }

  push(came: Segment): void {
    if (this.#joined(came)) return
    if (this.#last === undefined) this.#first = came
    else this.#last.next = came
    this.#last = came
  }

  shift(): void {
    this.#first = this.#first?.next
    if (this.#first === undefined) this.#last = undefined
  }

  /** Bytes that were not read. */
  get bytes(): number {
    let bytes = 0
    for (let next = this.#first; next !== undefined; next = next.next)
      bytes += next.length - next.offset
    return bytes
  }

  /** Where bytes are cut at random they are joined at random too, to what is still unread. */
  #joined(came: Segment): boolean {
    const last = this.#last
    const { chunking, random } = this.#fabric
    if (chunking === 'whole' || last?.kind !== 'bytes' || came.kind !== 'bytes') return false
    if (last.length > JOINED_BYTES_MAX || random.below(2) === 0) return false
    const first = (last.buffer as Uint8Array).subarray(last.offset, last.length)
    const both = this.#pool.take(first.length + came.length)
    both.set(first)
    both.set((came.buffer as Uint8Array).subarray(0, came.length), first.length)
    this.#pool.give(last.buffer as Uint8Array)
    this.#pool.give(came.buffer as Uint8Array)
    last.buffer = both
    last.length = first.length + came.length
    last.offset = 0
    return true
  }
}
