// One direction of a connection: queue, window, segments on the way, what waits unread. TCP without its arithmetic.
//
// A segment is copied when it leaves the queue, so `sent` can run soon and the far end gets memory of its own.
// What is lost (cut, machine off) is sent again with growing pauses until the connection is given up, so nobody
// has to tell a pipe that a cut has healed. Acknowledgements take no time: only the way there does.

import { NetworkError } from '@bt/ports'
import type { Fabric } from './fabric.ts'
import { Fifo } from './fifo.ts'
import type { Occurrence } from './occurrence.ts'
import type { Place } from './place.ts'
import type { Flow } from './rates.ts'
import type { SegmentPool } from './segment-pool.ts'

/** `send` answers false while more than this is queued, and `drained` follows at half of it. */
export const QUEUE_BYTES_MAX = 64 * 1024
/** First and longest pause before something lost is sent again. */
const RESEND_FIRST_US = 200_000
const RESEND_MAX_US = 15_000_000

export interface Segment {
  readonly kind: 'bytes' | 'object' | 'end' | 'reset'
  /** From the pool; longer than `length`. */
  readonly buffer: Uint8Array | undefined
  readonly object: object | undefined
  readonly length: number
  /** How much of it was read. */
  offset: number
  arriveUs: number
}

/** The end that sends. Never called from inside a call of its own. */
export interface PipeSource {
  /** False: nobody is there to be told anything. */
  readonly listening: boolean
  run(sent: () => void): void
  roomAgain(): void
  /** What was sent last has arrived: the end in order. */
  endArrived(): void
  gaveUp(error: NetworkError): void
}

/** The end that reads. */
export interface PipeTarget {
  /** 'gone': bytes for it are answered with a reset. 'deaf': they are thrown away. */
  readonly reading: 'yes' | 'deaf' | 'gone'
  arrived(): void
  reset(): void
  /** Bytes came and nobody is there. */
  refuse(): void
}

interface Parcel {
  readonly bytes: Uint8Array | undefined
  readonly object: object | undefined
  readonly length: number
}

export class Pipe implements Flow {
  readonly kind = 'passed'
  readonly dead = false
  readonly host: number
  readonly from: Place
  readonly to: Place
  source!: PipeSource
  target!: PipeTarget
  /** Accepted by `send`, not yet on the way. */
  queuedBytes = 0
  /** What came and was not read. */
  readonly unread = new Fifo<Segment>()
  readonly #fabric: Fabric
  readonly #pool: SegmentPool
  readonly #latencyUs: number
  readonly #segmentBytesMax: number
  readonly #queue = new Fifo<Parcel>()
  /** How much of the queue's first parcel has left. */
  #queueOffset = 0
  readonly #sents = new Fifo<{ readonly atBytes: number; readonly run: () => void }>()
  #acceptedBytes = 0
  #passedBytes = 0
  /** On the way or unread. */
  #windowBytes = 0
  #passing: Segment | undefined
  readonly #flying = new Fifo<Segment>()
  readonly #arrival: Arrival
  #lastArriveUs = 0
  #ending: 'no' | 'end' | 'ended' | 'reset' | 'over' = 'no'
  #full = false
  #lostSinceUs = -1
  #resendUs = RESEND_FIRST_US

  constructor(fabric: Fabric, pool: SegmentPool, from: Place, to: Place) {
    this.#fabric = fabric
    this.#pool = pool
    this.from = from
    this.to = to
    this.host = from.index
    this.#latencyUs = fabric.latencyUs(from, to)
    this.#segmentBytesMax = fabric.rates.segmentBytesMax(from, to)
    this.#arrival = new Arrival(this, to.index)
  }

  /** Length of the segment that passes now. */
  get size(): number {
    return this.#passing?.length ?? 0
  }

  /** Length of the segment that arrives next. */
  get arrivingBytes(): number {
    return this.#flying.peek()?.length ?? 0
  }

  /** False: enough is queued. */
  send(chunks: readonly Uint8Array[], sent: (() => void) | undefined): boolean {
    for (const bytes of chunks) {
      if (bytes.length > 0) this.#accept({ bytes, object: undefined, length: bytes.length })
    }
    return this.#sendQueued(sent)
  }

  sendObject(object: object, length: number, sent: (() => void) | undefined): boolean {
    this.#accept({ bytes: undefined, object, length })
    return this.#sendQueued(sent)
  }

  /** Nothing is on its way, so no event of this pipe will tell that `sent` may run. */
  get idle(): boolean {
    return this.#passedBytes === this.#acceptedBytes && this.#flying.length === 0
  }

  /** The end follows what is queued. */
  end(): void {
    if (this.#ending !== 'no') return
    this.#ending = 'end'
    this.#pump()
  }

  /** A reset follows what is on the way; the queue is thrown away. */
  reset(): void {
    if (this.#ending === 'over') return
    this.dropQueue()
    this.#ending = 'reset'
    if (this.#passing === undefined) this.#depart(control('reset'))
  }

  /** Something came for an end that is gone: one reset goes back, whatever was said before. */
  refuse(): void {
    if (this.#flying.length === 0) this.#depart(control('reset'))
  }

  /** Nothing leaves any more, and nothing is said: the sending machine is off. */
  silence(): void {
    this.dropQueue()
    this.#ending = 'over'
    this.#passing = undefined
  }

  dropQueue(): void {
    this.#queue.clear()
    this.#queueOffset = 0
    this.queuedBytes = 0
  }

  /** All `sent`s that have not run, for running them after `closed`. */
  takeSents(): (() => void)[] {
    const left: (() => void)[] = []
    for (let sent = this.#sents.shift(); sent !== undefined; sent = this.#sents.shift())
      left.push(sent.run)
    return left
  }

  /** Throws away what came. Its memory is not reused: a reader may be looking at it. */
  discard(): void {
    for (let segment = this.unread.shift(); segment !== undefined; segment = this.unread.shift())
      this.#windowBytes -= segment.length - segment.offset
  }

  /** The reader took so many bytes: the sender may send as many. Call `readOn` when done. */
  consumed(length: number): void {
    this.#windowBytes -= length
  }

  /** The reader has read what it wanted. */
  readOn(): void {
    if (this.#passing === undefined && this.#windowBytes < this.#fabric.windowBytes) this.#pump()
    this.#tellRoom()
  }

  /** Memory of a segment that was read to its end. */
  recycle(segment: Segment): void {
    if (segment.buffer !== undefined) this.#pool.give(segment.buffer)
  }

  /** The segment has passed all rates. */
  happen(): void {
    const segment = this.#passing
    if (segment === undefined) return
    this.#passing = undefined
    this.#depart(segment)
    if (this.#ending === 'reset') this.#depart(control('reset'))
    else this.#pump()
    if (this.source.listening) this.runSents()
    this.#tellRoom()
  }

  /** The first segment on the way is at the far end, if nothing is between. */
  arrive(): void {
    if (this.#fabric.blocked(this.from, this.to)) {
      this.#lost()
      return
    }
    this.#lostSinceUs = -1
    this.#resendUs = RESEND_FIRST_US
    const now = this.#fabric.simulation.nowUs
    let segment = this.#flying.peek()
    while (segment !== undefined && segment.arriveUs <= now) {
      this.#flying.shift()
      this.#reached(segment)
      segment = this.#flying.peek()
    }
    if (segment !== undefined) this.#fabric.simulation.schedule(segment.arriveUs, this.#arrival)
    this.target.arrived()
    if (this.source.listening) this.runSents()
    this.readOn()
  }

  #accept(parcel: Parcel): void {
    this.#queue.push(parcel)
    this.queuedBytes += parcel.length
    this.#acceptedBytes += parcel.length
  }

  #sendQueued(sent: (() => void) | undefined): boolean {
    if (sent !== undefined) this.#sents.push({ atBytes: this.#acceptedBytes, run: sent })
    this.#pump()
    if (this.queuedBytes > QUEUE_BYTES_MAX) this.#full = true
    return !this.#full
  }

  /** Puts on the way what the window allows. */
  #pump(): void {
    while (this.#passing === undefined && this.#windowBytes < this.#fabric.windowBytes) {
      const segment = this.#form()
      if (segment === undefined) break
      this.#windowBytes += segment.length
      if (segment.kind === 'end' || segment.length === 0) {
        this.#depart(segment)
        continue
      }
      this.#passing = segment
      if (!this.#fabric.rates.carry(this)) return
      this.#passing = undefined
      this.#depart(segment)
    }
  }

  /** The next segment of the queue: one object, or bytes of as many chunks as fit. */
  #form(): Segment | undefined {
    const first = this.#queue.peek()
    if (first === undefined) {
      if (this.#ending !== 'end') return undefined
      this.#ending = 'ended'
      return control('end')
    }
    if (first.object !== undefined) {
      this.#queue.shift()
      this.queuedBytes -= first.length
      return {
        kind: 'object',
        buffer: undefined,
        object: first.object,
        length: first.length,
        offset: 0,
        arriveUs: 0,
      }
    }
    const length = this.#bytesAhead()
    const buffer = this.#pool.take(length)
    for (let at = 0; at < length; ) {
      const bytes = this.#queue.peek()?.bytes as Uint8Array
      const end = Math.min(bytes.length, this.#queueOffset + length - at)
      buffer.set(bytes.subarray(this.#queueOffset, end), at)
      at += end - this.#queueOffset
      this.#queueOffset = end
      if (end === bytes.length) {
        this.#queue.shift()
        this.#queueOffset = 0
      }
    }
    this.queuedBytes -= length
    return { kind: 'bytes', buffer, object: undefined, length, offset: 0, arriveUs: 0 }
  }

  /** How many bytes the next segment gets: up to the next object, and to the longest segment. */
  #bytesAhead(): number {
    const max = this.#segmentBytesMax
    let ahead = -this.#queueOffset
    for (let at = 0; at < this.#queue.length && ahead < max; at++) {
      const parcel = this.#queue.at(at) as Parcel
      if (parcel.object !== undefined) break
      ahead += parcel.length
    }
    return Math.min(ahead, max)
  }

  #depart(segment: Segment): void {
    if (segment.kind === 'reset') this.#ending = 'over'
    const { simulation } = this.#fabric
    segment.arriveUs = Math.max(simulation.nowUs + this.#latencyUs, this.#lastArriveUs)
    this.#lastArriveUs = segment.arriveUs
    this.#flying.push(segment)
    this.#passedBytes += segment.length
    if (this.#flying.length === 1) simulation.schedule(segment.arriveUs, this.#arrival)
  }

  #reached(segment: Segment): void {
    this.#fabric.moved(this.from, this.to, segment.length)
    const { target } = this
    const { reading } = target
    if (segment.kind === 'reset') {
      target.reset()
      return
    }
    if (segment.kind === 'end') this.source.endArrived()
    if (reading === 'yes' || (reading === 'deaf' && segment.kind === 'end')) {
      this.unread.push(segment)
      return
    }
    this.#windowBytes -= segment.length
    this.recycle(segment)
    if (reading === 'gone') target.refuse()
  }

  #lost(): void {
    const { simulation } = this.#fabric
    const now = simulation.nowUs
    if (this.#lostSinceUs < 0) this.#lostSinceUs = now
    if (now - this.#lostSinceUs >= this.#fabric.silenceUs) {
      this.#flying.clear()
      this.silence()
      if (this.source.listening) {
        const what = `no answer for ${this.#fabric.silenceUs / 1_000_000} s`
        this.source.gaveUp(new NetworkError('TIMED_OUT', what))
      }
      return
    }
    simulation.schedule(now + this.#resendUs, this.#arrival)
    this.#resendUs = Math.min(this.#resendUs * 2, RESEND_MAX_US)
  }

  /** Calls back for everything that has left. */
  runSents(): void {
    for (;;) {
      const sent = this.#sents.peek()
      if (sent === undefined || sent.atBytes > this.#passedBytes) return
      this.#sents.shift()
      this.source.run(sent.run)
    }
  }

  #tellRoom(): void {
    if (!this.#full || this.queuedBytes > QUEUE_BYTES_MAX / 2) return
    this.#full = false
    if (this.source.listening) this.source.roomAgain()
  }
}

/** The event that the first segment on the way arrives: one object per pipe, scheduled again and again. */
class Arrival implements Occurrence {
  readonly kind = 'arrived'
  readonly dead = false
  readonly host: number
  readonly #pipe: Pipe

  constructor(pipe: Pipe, host: number) {
    this.#pipe = pipe
    this.host = host
  }

  get size(): number {
    return this.#pipe.arrivingBytes
  }

  happen(): void {
    this.#pipe.arrive()
  }
}

function control(kind: 'end' | 'reset'): Segment {
  return { kind, buffer: undefined, object: undefined, length: 0, offset: 0, arriveUs: 0 }
}
