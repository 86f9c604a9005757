// One direction of a connection: window, segments on the way, what waits unread. TCP without its arithmetic.
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
import { segment, SendQueue } from './send-queue.ts'
import type { Segment } from './send-queue.ts'

/** `send` answers false while more than this is queued, and `drained` follows at half of it. */
export const QUEUE_BYTES_MAX = 64 * 1024
/** Unread bytes grow by joining up to this, so that joining stays cheap. */
const JOINED_BYTES_MAX = 64 * 1024
/** First and longest pause before something lost is sent again. */
const RESEND_FIRST_US = 200_000
const RESEND_MAX_US = 15_000_000

/** The end that sends. Never called from inside a call of its own. */
export interface PipeSource {
  /** False: nobody is there to be told anything. */
  readonly listening: boolean
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

export class Pipe implements Flow {
  readonly kind = 'passed'
  readonly dead = false
  readonly host: number
  readonly from: Place
  readonly to: Place
  source!: PipeSource
  target!: PipeTarget
  passage: object | undefined
  readonly queue: SendQueue
  /** What came and was not read. */
  readonly unread = new Fifo<Segment>()
  readonly #fabric: Fabric
  readonly #pool: SegmentPool
  readonly #latencyUs: number
  readonly #segmentBytesMax: number
  /** On the way or unread. */
  #windowBytes = 0
  #passing: Segment | undefined
  readonly #flying = new Fifo<Segment>()
  readonly #arrival: Arrival
  #lastArriveUs = 0
  /** 'end' and 'reset' are wanted, 'ended' and 'over' are on their way: after 'over' nothing leaves. */
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
    this.queue = new SendQueue(pool)
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

  /** Nothing is on its way, so no event of this pipe will tell that a `sent` is due. */
  get idle(): boolean {
    return this.queue.done && this.#flying.length === 0
  }

  /** Something was added to the queue. False: enough is in it. */
  sendQueued(): boolean {
    this.#pump()
    if (this.queue.bytes > QUEUE_BYTES_MAX) this.#full = true
    return !this.#full
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
    this.queue.drop()
    this.#ending = 'reset'
    if (this.#fabric.rates.cancel(this)) this.#passing = undefined
    if (this.#passing === undefined) this.#depart(segment('reset', 0))
  }

  /** Something came for an end that is gone: one reset goes back, whatever was said before. */
  refuse(): void {
    if (this.#flying.length === 0) this.#depart(segment('reset', 0))
  }

  /** Nothing leaves any more, and nothing is said: the sending machine is off. */
  silence(): void {
    this.queue.drop()
    this.#ending = 'over'
    this.#fabric.rates.cancel(this)
    this.#passing = undefined
  }

  /** Throws away what came. Its memory is not reused: a reader may be looking at it. */
  discard(): void {
    for (let next = this.unread.shift(); next !== undefined; next = this.unread.shift())
      this.#windowBytes -= next.length - next.offset
  }

  /** The reader took so many bytes: the sender may send as many. Call `readOn` when done. */
  consumed(length: number): void {
    this.#windowBytes -= length
  }

  /** The reader has read what it wanted. */
  readOn(): void {
    if (this.#passing === undefined) this.#pump()
    this.#tellRoom()
  }

  /** Memory of a segment that was read to its end. */
  recycle(read: Segment): void {
    if (read.buffer !== undefined) this.#pool.give(read.buffer)
  }

  /** Calls back for everything that has left. */
  runSents(): void {
    while (this.source.listening) {
      const sent = this.queue.takeDue()
      if (sent === undefined) return
      sent()
    }
  }

  /** The segment has passed all rates. */
  happen(): void {
    const passed = this.#passing
    if (passed === undefined) return
    this.#passing = undefined
    this.#depart(passed)
    if (this.#ending === 'reset') this.#depart(segment('reset', 0))
    else this.#pump()
    this.runSents()
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
    let next = this.#flying.peek()
    while (next !== undefined && next.arriveUs <= now) {
      this.#flying.shift()
      this.#reached(next)
      next = this.#flying.peek()
    }
    if (next !== undefined) this.#fabric.simulation.schedule(next.arriveUs, this.#arrival)
    this.target.arrived()
    this.runSents()
    this.readOn()
  }

  /** Puts on the way what the window allows. */
  #pump(): void {
    while (this.#passing === undefined && this.#windowBytes < this.#fabric.windowBytes) {
      const next = this.queue.form(this.#segmentBytesMax)
      if (next === undefined) break
      this.#windowBytes += next.length
      this.#passing = next
      if (next.length > 0 && !this.#fabric.rates.carry(this)) return
      this.#passing = undefined
      this.#depart(next)
    }
    if (this.#ending !== 'end' || !this.queue.empty || this.#passing !== undefined) return
    this.#ending = 'ended'
    this.#depart(segment('end', 0))
  }

  #depart(leaving: Segment): void {
    if (leaving.kind === 'reset') this.#ending = 'over'
    const { simulation } = this.#fabric
    leaving.arriveUs = Math.max(simulation.nowUs + this.#latencyUs, this.#lastArriveUs)
    this.#lastArriveUs = leaving.arriveUs
    this.#flying.push(leaving)
    this.queue.passed(leaving.length)
    if (this.#flying.length === 1) simulation.schedule(leaving.arriveUs, this.#arrival)
  }

  #reached(came: Segment): void {
    this.#fabric.moved(this.from, this.to, came.length)
    const { target } = this
    const { reading } = target
    if (came.kind === 'reset') {
      target.reset()
      return
    }
    if (came.kind === 'end') this.source.endArrived()
    if (reading === 'yes' || (reading === 'deaf' && came.kind === 'end')) {
      if (!this.#joined(came)) this.unread.push(came)
      return
    }
    this.#windowBytes -= came.length
    this.recycle(came)
    if (reading === 'gone') target.refuse()
  }

  /** Where bytes are cut at random they are joined at random too, to what is still unread. */
  #joined(came: Segment): boolean {
    const last = this.unread.last()
    if (this.#fabric.chunking === 'whole' || last?.kind !== 'bytes' || came.kind !== 'bytes')
      return false
    if (last.length > JOINED_BYTES_MAX || this.#fabric.random.below(2) === 0) return false
    const first = (last.buffer as Uint8Array).subarray(last.offset, last.length)
    const both = this.#pool.take(first.length + came.length)
    both.set(first)
    both.set((came.buffer as Uint8Array).subarray(0, came.length), first.length)
    this.recycle(last)
    this.recycle(came)
    last.buffer = both
    last.length = first.length + came.length
    last.offset = 0
    return true
  }

  #lost(): void {
    const { simulation } = this.#fabric
    const now = simulation.nowUs
    if (this.#lostSinceUs < 0) this.#lostSinceUs = now
    if (now - this.#lostSinceUs < this.#fabric.silenceUs) {
      simulation.schedule(now + this.#resendUs, this.#arrival)
      this.#resendUs = Math.min(this.#resendUs * 2, RESEND_MAX_US)
      return
    }
    this.#flying.clear()
    this.silence()
    if (!this.source.listening) return
    const what = `no answer for ${this.#fabric.silenceUs / 1_000_000} s`
    this.source.gaveUp(new NetworkError('TIMED_OUT', what))
  }

  #tellRoom(): void {
    if (!this.#full || this.queue.bytes > QUEUE_BYTES_MAX / 2) return
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
