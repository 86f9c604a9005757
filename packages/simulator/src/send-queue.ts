// What one end wants to send, in order: chunks that are lent until they have left, objects, and who waits for that.

import { Fifo } from './fifo.ts'
import type { SegmentPool } from './segment-pool.ts'

/** What goes over a way in one go. */
export interface Segment {
  readonly kind: 'bytes' | 'object' | 'end' | 'reset'
  /** From the pool; longer than `length`. */
  buffer: Uint8Array | undefined
  readonly object: object | undefined
  length: number
  /** How much of it was read. */
  offset: number
  /** What came behind it and is unread too. */
  next: Segment | undefined
}

/** A chunk or an object. */
interface Parcel {
  readonly bytes: Uint8Array | undefined
  readonly object: object | undefined
  readonly length: number
  next: Parcel | undefined
}

interface Waiting {
  readonly atBytes: number
  readonly run: () => void
}

export class SendQueue {
  /** Accepted, and not yet in a segment. */
  bytes = 0
  /** Parcels that nothing may overtake: chunks, and objects that are no longer than `controlBytesMax`. */
  ordered = 0
  readonly #pool: SegmentPool
  readonly #controlBytesMax: number
  /** Linked, because most queues are empty most of the time. */
  #first: Parcel | undefined
  #last: Parcel | undefined
  /** How much of the first parcel has left. */
  #offset = 0
  #sents: Fifo<Waiting> | undefined
  #acceptedBytes = 0
  #passedBytes = 0

  constructor(pool: SegmentPool, controlBytesMax: number) {
    this.#pool = pool
    this.#controlBytesMax = controlBytesMax
  }

  /** Chunks are kept, unchanged, until they have passed. */
  add(chunks: readonly Uint8Array[]): void {
    for (const bytes of chunks) {
      const { length } = bytes
      if (length > 0) this.#accept({ bytes, object: undefined, length, next: undefined })
    }
  }

  addObject(object: object, length: number): void {
    this.#accept({ bytes: undefined, object, length, next: undefined })
  }

  /** `run` is due when everything that was added so far has passed. */
  addSent(run: () => void): void {
    this.#sents ??= new Fifo()
    this.#sents.push({ atBytes: this.#acceptedBytes, run })
  }

  get empty(): boolean {
    return this.#first === undefined
  }

  /** It holds nothing, and nobody waits to hear that something has passed. */
  get spent(): boolean {
    return this.#first === undefined && this.#sents === undefined && this.done
  }

  /** Everything that was accepted has passed. */
  get done(): boolean {
    return this.#passedBytes === this.#acceptedBytes
  }

  /** So many bytes more have passed. */
  passed(length: number): void {
    this.#passedBytes += length
  }

  /** Takes out the next callback that is due. */
  takeDue(): (() => void) | undefined {
    const sent = this.#sents?.peek()
    if (sent === undefined || sent.atBytes > this.#passedBytes) return undefined
    this.#sents?.shift()
    if (this.#sents?.length === 0) this.#sents = undefined
    return sent.run
  }

  /** Takes out all callbacks, due or not. */
  takeSents(): (() => void)[] {
    const left: (() => void)[] = []
    const sents = this.#sents
    this.#sents = undefined
    for (let sent = sents?.shift(); sent !== undefined; sent = sents?.shift()) left.push(sent.run)
    return left
  }

  /** Throws away what has not left. */
  drop(): void {
    this.#first = undefined
    this.#last = undefined
    this.#offset = 0
    this.bytes = 0
    this.ordered = 0
  }

  /** The next segment: one object, or bytes of as many chunks as `bytesMax` takes. Undefined: nothing is queued. */
  form(bytesMax: number): Segment | undefined {
    const first = this.#first
    if (first === undefined) return undefined
    if (first.object !== undefined) {
      this.#leave(first)
      this.bytes -= first.length
      return segment('object', first.length, undefined, first.object)
    }
    const length = this.#bytesAhead(bytesMax)
    const buffer = this.#pool.take(length)
    this.#copy(buffer, length)
    this.bytes -= length
    return segment('bytes', length, buffer)
  }

  #isOrdered(parcel: Parcel): boolean {
    return parcel.object === undefined || parcel.length <= this.#controlBytesMax
  }

  #accept(parcel: Parcel): void {
    if (this.#last === undefined) this.#first = parcel
    else this.#last.next = parcel
    this.#last = parcel
    if (this.#isOrdered(parcel)) this.ordered++
    this.bytes += parcel.length
    this.#acceptedBytes += parcel.length
  }

  /** The first parcel has left. */
  #leave(first: Parcel): void {
    if (this.#isOrdered(first)) this.ordered--
    this.#first = first.next
    if (first.next === undefined) this.#last = undefined
    this.#offset = 0
  }

  /** Bytes up to the next object, at most `bytesMax`. */
  #bytesAhead(bytesMax: number): number {
    let ahead = -this.#offset
    let parcel = this.#first
    while (parcel?.bytes !== undefined && ahead < bytesMax) {
      ahead += parcel.length
      parcel = parcel.next
    }
    return Math.min(ahead, bytesMax)
  }

  #copy(buffer: Uint8Array, length: number): void {
    for (let at = 0; at < length; ) {
      const first = this.#first as Parcel
      const bytes = first.bytes as Uint8Array
      const end = Math.min(bytes.length, this.#offset + length - at)
      buffer.set(bytes.subarray(this.#offset, end), at)
      at += end - this.#offset
      this.#offset = end
      if (end === bytes.length) this.#leave(first)
    }
  }
}

export function segment(
  kind: Segment['kind'],
  length: number,
  buffer?: Uint8Array,
  object?: object,
): Segment {
  return { kind, buffer, object, length, offset: 0, next: undefined }
}
