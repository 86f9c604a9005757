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
  /** When it is at the far end, in µs. */
  arriveUs: number
}

interface Parcel {
  readonly bytes: Uint8Array | undefined
  readonly object: object | undefined
  readonly length: number
}

export class SendQueue {
  /** Accepted, and not yet in a segment. */
  bytes = 0
  readonly #pool: SegmentPool
  readonly #parcels = new Fifo<Parcel>()
  /** How much of the first parcel has left. */
  #offset = 0
  readonly #sents = new Fifo<{ readonly atBytes: number; readonly run: () => void }>()
  #acceptedBytes = 0
  #passedBytes = 0

  constructor(pool: SegmentPool) {
    this.#pool = pool
  }

  /** Chunks are kept, unchanged, until they have passed. */
  add(chunks: readonly Uint8Array[]): void {
    for (const bytes of chunks) {
      if (bytes.length > 0) this.#accept({ bytes, object: undefined, length: bytes.length })
    }
  }

  addObject(object: object, length: number): void {
    this.#accept({ bytes: undefined, object, length })
  }

  /** `run` is due when everything that was added so far has passed. */
  addSent(run: () => void): void {
    this.#sents.push({ atBytes: this.#acceptedBytes, run })
  }

  get empty(): boolean {
    return this.#parcels.length === 0
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
    const sent = this.#sents.peek()
    if (sent === undefined || sent.atBytes > this.#passedBytes) return undefined
    this.#sents.shift()
    return sent.run
  }

  /** Takes out all callbacks, due or not. */
  takeSents(): (() => void)[] {
    const left: (() => void)[] = []
    for (let sent = this.#sents.shift(); sent !== undefined; sent = this.#sents.shift())
      left.push(sent.run)
    return left
  }

  /** Throws away what has not left. */
  drop(): void {
    this.#parcels.clear()
    this.#offset = 0
    this.bytes = 0
  }

  /** The next segment: one object, or bytes of as many chunks as `bytesMax` takes. Undefined: nothing is queued. */
  form(bytesMax: number): Segment | undefined {
    const first = this.#parcels.peek()
    if (first === undefined) return undefined
    if (first.object !== undefined) {
      this.#parcels.shift()
      this.bytes -= first.length
      return segment('object', first.length, undefined, first.object)
    }
    const length = this.#bytesAhead(bytesMax)
    const buffer = this.#pool.take(length)
    this.#copy(buffer, length)
    this.bytes -= length
    return segment('bytes', length, buffer)
  }

  #accept(parcel: Parcel): void {
    this.#parcels.push(parcel)
    this.bytes += parcel.length
    this.#acceptedBytes += parcel.length
  }

  /** Bytes up to the next object, at most `bytesMax`. */
  #bytesAhead(bytesMax: number): number {
    let ahead = -this.#offset
    for (let at = 0; at < this.#parcels.length && ahead < bytesMax; at++) {
      const parcel = this.#parcels.at(at) as Parcel
      if (parcel.object !== undefined) break
      ahead += parcel.length
    }
    return Math.min(ahead, bytesMax)
  }

  #copy(buffer: Uint8Array, length: number): void {
    for (let at = 0; at < length; ) {
      const bytes = this.#parcels.peek()?.bytes as Uint8Array
      const end = Math.min(bytes.length, this.#offset + length - at)
      buffer.set(bytes.subarray(this.#offset, end), at)
      at += end - this.#offset
      this.#offset = end
      if (end === bytes.length) {
        this.#parcels.shift()
        this.#offset = 0
      }
    }
  }
}

export function segment(
  kind: Segment['kind'],
  length: number,
  buffer?: Uint8Array,
  object?: object,
): Segment {
  return { kind, buffer, object, length, offset: 0, arriveUs: 0 }
}
