// One direction of a connection: window, segments on the way, what waits unread. TCP without its arithmetic.
//
// A segment is copied when it leaves the queue, so `sent` can run soon and the far end gets memory of its own.
// What is lost (cut, machine off) is sent again with growing pauses until the connection is given up, so nobody
// has to tell a pipe that a cut has healed. Acknowledgements take no time: only the way there does.
//
// Short objects are control: they pass at once, overtake longer objects (which stand for blocks between which they
// would have gone), and are paid for by what passes next. Hundreds of them go through per content, so their way is
// short: one entry in a delay line and one call, nothing is made.

import { type ChannelReader, NetworkError } from '@bt/ports'
import { invariant } from '@bt/primitives'
import type { DelayLine, Landing } from './delay-line.ts'
import type { Fabric } from './fabric.ts'
import { Held, type Holder } from './held.ts'
import { Inbox } from './inbox.ts'
import type { PipeSource, PipeTarget } from './pipe-ends.ts'
import type { Place } from './place.ts'
import type { Flow } from './rates.ts'
import type { SegmentPool } from './segment-pool.ts'
import { type Segment, SendQueue, segment } from './send-queue.ts'

/** `send` answers false while more than this is queued, and `drained` follows at half of it. */
export const QUEUE_BYTES_MAX = 64 * 1024
/** In place of a length: what lands is a segment. */
const SEGMENT = -1

export class Pipe implements Flow, Landing, Holder {
  readonly kind = 'passed'
  readonly dead = false
  // What an arriving message needs stands first, then what a leaving one needs.
  readonly #fabric: Fabric
  /** Who takes objects at once, as long as the far end reads. */
  reader: ChannelReader | undefined
  readonly #toHost: number
  readonly host: number
  readonly #slot: number
  /** At the far end of the way but not through: cut off, or the machine stands still. */
  #held: Held | undefined
  /** Most pipes have nothing unread most of the time. */
  #inbox: Inbox | undefined
  /** On their way, held ones too. */
  #flying = 0
  /** On the way or unread. */
  #windowBytes = 0
  /** Most pipes have nothing to send most of the time. */
  #queue: SendQueue | undefined
  /** 'end' and 'reset' are wanted, 'ended' and 'over' are on their way: after 'over' nothing leaves. */
  #ending: 'no' | 'end' | 'ended' | 'reset' | 'over' = 'no'
  #full = false
  #passing: Segment | undefined
  /** Bytes that passed without a share of the links: what passes next pays for them. */
  #owedBytes = 0
  readonly #line: DelayLine
  readonly from: Place
  readonly to: Place
  target!: PipeTarget
  source!: PipeSource
  passage: object | undefined
  readonly #pool: SegmentPool
  readonly #segmentBytesMax: number
  #passingBytes = 0

  constructor(fabric: Fabric, pool: SegmentPool, from: Place, to: Place) {
    this.#fabric = fabric
    this.#pool = pool
    this.from = from
    this.to = to
    this.host = from.index
    this.#toHost = to.index
    this.#line = fabric.line(from, to)
    this.#slot = fabric.tally.slot(from.site, to.site)
    this.#segmentBytesMax = fabric.rates.segmentBytesMax(from, to)
  }

  /** Length of what passes now, with what was owed. */
  get size(): number {
    return this.#passingBytes
  }

  /** `send` answers false. */
  get full(): boolean {
    return this.#full
  }

  /** Something passes the links, and nothing is between. */
  get isMoving(): boolean {
    return this.#passing !== undefined && !this.#fabric.hinders(this.from, this.to)
  }

  /** Nothing is on its way, so no event of this pipe will tell that a `sent` is due. */
  get idle(): boolean {
    return this.#flying === 0 && this.#queue?.done !== false
  }

  /** Accepted, and not yet on the way. */
  get queuedBytes(): number {
    return this.#queue?.bytes ?? 0
  }

  /** What is to be read next. */
  get unread(): Segment | undefined {
    return this.#inbox?.first
  }

  /** Something is to be sent, or somebody waits to hear that it was. */
  sending(): SendQueue {
    return (this.#queue ??= new SendQueue(this.#pool, this.#fabric.controlBytesMax))
  }

  /** Takes out all callbacks, due or not, and throws away what has not left. */
  dropQueue(): (() => void)[] {
    const queue = this.#queue
    queue?.drop()
    return queue?.takeSents() ?? []
  }

  /** Takes out what is to be read next. */
  shiftUnread(): void {
    this.#inbox?.shift()
    if (this.#inbox?.first === undefined) this.#inbox = undefined
  }

  /** A short object leaves at once. False: it is not short, or something is before it that it may not overtake. */
  sendControl(object: object, length: number): boolean {
    const fabric = this.#fabric
    if (length > fabric.controlBytesMax || this.#ending !== 'no') return false
    if (this.#windowBytes >= fabric.windowBytes) return false
    if (this.#passing?.kind === 'bytes') return false
    if (this.#queue !== undefined && this.#queue.ordered > 0) return false
    this.#owedBytes += length
    this.#windowBytes += length
    this.#flying++
    this.#line.push(this, object, length)
    return true
  }

  /** Something was added to the queue. False: enough is in it. */
  sendQueued(): boolean {
    this.#pump()
    if (this.queuedBytes > QUEUE_BYTES_MAX) this.#full = true
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
    this.#queue?.drop()
    this.#ending = 'reset'
    if (this.#fabric.rates.cancel(this)) this.#passing = undefined
    if (this.#passing === undefined) this.#depart(segment('reset', 0))
  }

  /** Something came for an end that is gone: one reset goes back, whatever was said before. */
  refuse(): void {
    if (this.#flying === 0) this.#depart(segment('reset', 0))
  }

  /** Nothing leaves any more, and nothing is said: the sending machine is off. */
  silence(): void {
    this.#queue?.drop()
    this.#ending = 'over'
    this.#fabric.rates.cancel(this)
    this.#passing = undefined
  }

  /** Throws away what came. Its memory is not reused: a reader may be looking at it. */
  discard(): void {
    this.#windowBytes -= this.#inbox?.bytes ?? 0
    this.#inbox = undefined
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
    while (this.#queue !== undefined && this.source.listening) {
      const sent = this.#queue.takeDue()
      if (sent === undefined) break
      sent()
    }
    if (this.#queue?.spent === true) this.#queue = undefined
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

  glance(item: object): number {
    return this.#flying + this.#owedBytes + (this.reader?.glance?.(item) ?? 0)
  }

  /** Something is at the far end of its way, if nothing is between. */
  landed(item: object, length: number, more: boolean): void {
    const bytes = length === SEGMENT ? (item as Segment).length : length
    const fabric = this.#fabric
    fabric.simulation.mark('arrived', this.#toHost, bytes)
    if (this.#held === undefined && (fabric.isCalm || !fabric.hinders(this.from, this.to))) {
      if (length === SEGMENT) this.#reached(item as Segment)
      else if (this.#controlReached(item, length)) return
      if (!more) this.#afterArrival()
      return
    }
    const held = (this.#held ??= new Held(this))
    held.add(item, length)
    if (held.size === 1) this.#lost(held)
  }

  /** What was held goes through, if nothing is between any more. */
  tryAgain(): void {
    const held = this.#held
    if (held === undefined) return
    if (this.#fabric.hinders(this.from, this.to)) return this.#lost(held)
    this.#held = undefined
    held.each((item, length) => {
      if (length === SEGMENT) this.#reached(item as Segment)
      else this.#controlReached(item, length)
    })
    this.#afterArrival()
  }

  #afterArrival(): void {
    this.target.arrived()
    this.runSents()
    this.readOn()
  }

  /** True: nobody has to look at anything else because of it. */
  #controlReached(object: object, length: number): boolean {
    this.#flying--
    this.#fabric.tally.moved(this.host, this.#toHost, this.#slot, length)
    const { reader } = this
    if (this.#inbox === undefined && reader !== undefined) {
      invariant(reader.receivedObject !== undefined, 'who is sent objects takes objects')
      reader.receivedObject(object)
      this.#windowBytes -= length
      return this.#queue === undefined && this.#ending === 'no' && !this.#full
    }
    this.#keep(segment('object', length, undefined, object))
    return false
  }

  /** Puts on the way what the window allows. */
  #pump(): void {
    while (this.#passing === undefined && this.#windowBytes < this.#fabric.windowBytes) {
      const next = this.#queue?.form(this.#segmentBytesMax)
      if (next === undefined) break
      this.#windowBytes += next.length
      this.#passing = next
      if (!this.#isSmall(next)) {
        this.#passingBytes = next.length + this.#owedBytes
        this.#owedBytes = 0
        if (!this.#fabric.rates.carry(this)) return
      }
      this.#passing = undefined
      this.#depart(next)
    }
    if (this.#ending !== 'end' || this.#queue?.empty === false || this.#passing !== undefined)
      return
    this.#ending = 'ended'
    this.#depart(segment('end', 0))
  }

  /** It passes at once and is paid for later: control, and bytes as long as no more is owed than that. */
  #isSmall(next: Segment): boolean {
    const max = this.#fabric.controlBytesMax
    const owed = next.kind === 'object' ? 0 : this.#owedBytes
    if (next.length > 0 && next.length + owed > max) return false
    this.#owedBytes += next.length
    return true
  }

  #depart(leaving: Segment): void {
    if (leaving.kind === 'reset') this.#ending = 'over'
    this.#queue?.passed(leaving.length)
    this.#flying++
    this.#line.push(this, leaving, SEGMENT)
  }

  #reached(came: Segment): void {
    this.#flying--
    this.#fabric.tally.moved(this.host, this.#toHost, this.#slot, came.length)
    if (came.kind === 'reset') {
      this.target.reset()
      return
    }
    if (came.kind === 'end') this.source.endArrived()
    this.#keep(came)
  }

  /** It waits to be read, if there is somebody who may read it. */
  #keep(came: Segment): void {
    const { target } = this
    const { reading } = target
    if (reading === 'yes' || (reading === 'deaf' && came.kind === 'end')) {
      this.#inbox ??= new Inbox(this.#fabric, this.#pool)
      this.#inbox.push(came)
      return
    }
    this.#windowBytes -= came.length
    this.recycle(came)
    if (reading === 'gone') target.refuse()
  }

  #lost(held: Held): void {
    const { simulation, silenceUs } = this.#fabric
    if (held.wait(simulation, silenceUs)) return
    // It stays held for ever: nothing comes through this pipe any more.
    held.clear()
    this.silence()
    if (!this.source.listening) return
    const what = `no answer for ${silenceUs / 1_000_000} s`
    this.source.gaveUp(new NetworkError('TIMED_OUT', what))
  }

  #tellRoom(): void {
    if (!this.#full || this.queuedBytes > QUEUE_BYTES_MAX / 2) return
    this.#full = false
    if (this.source.listening) this.source.roomAgain()
  }
}
