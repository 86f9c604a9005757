// One end of a simulated connection: the ByteChannel that protocol code holds.
//
// Readers are called from events only, never from inside a call of the channel. Chunks are the reader's until
// its call returns and are then overwritten with 0xDB, so that a view that was kept is noticed at once.

import { NetworkError } from '@bt/ports'
import type { ByteChannel, ChannelReader } from '@bt/ports'
import { endpointText, invariant } from '@bt/primitives'
import type { Endpoint } from '@bt/primitives'
import type { Fabric } from './fabric.ts'
import { chance } from './faults.ts'
import type { PortCalls } from './faults.ts'
import type { Life, Mortal } from './life.ts'
import type { PipeSource, PipeTarget } from './pipe-ends.ts'
import type { Pipe } from './pipe.ts'
import type { Segment } from './send-queue.ts'

/** What lent memory is overwritten with when it is taken back. */
export const POISON = 0xdb

const NONE: readonly never[] = []
const CARRIERS: readonly string[] = ['sim']

export class SimChannel implements ByteChannel, PipeSource, PipeTarget, Mortal {
  // What control needs stands first, so that it lies together in memory.
  readonly #life: Life
  readonly #calls: PortCalls
  readonly #out: Pipe
  #state: 'open' | 'closing' | 'dead' = 'open'
  #paused = false
  #reader: ChannelReader | undefined
  readonly remote: Endpoint
  readonly carriers = CARRIERS
  readonly #fabric: Fabric
  readonly #in: Pipe
  #waking = false
  /** `closed` was told, or nobody was there to be told. */
  #told = false
  #reason: Error | undefined
  /** Of sends that went nowhere. */
  #lateSents: readonly (() => void)[] = NONE

  constructor(facts: {
    readonly fabric: Fabric
    readonly life: Life
    readonly calls: PortCalls
    readonly remote: Endpoint
    readonly outgoing: Pipe
    readonly incoming: Pipe
  }) {
    this.#fabric = facts.fabric
    this.#life = facts.life
    this.#calls = facts.calls
    this.remote = facts.remote
    this.#out = facts.outgoing
    this.#in = facts.incoming
    this.#out.source = this
    this.#in.target = this
    this.#life.mortals.add(this)
    this.#life.open.channels++
  }

  get queuedBytes(): number {
    return this.#state === 'dead' ? 0 : this.#out.queuedBytes
  }

  get isReceiving(): boolean {
    return this.#state === 'open' && this.#in.isMoving
  }

  start(reader: ChannelReader): void {
    invariant(this.#reader === undefined, 'a channel is started once')
    this.#reader = reader
    this.#letRead()
    if (this.#state === 'dead') this.#tellLater()
    else this.#wake()
  }

  send(chunks: readonly Uint8Array[], sent?: () => void): boolean {
    if (!this.#maySend(sent)) return false
    this.#out.sending().add(chunks)
    return this.#sendQueued(sent)
  }

  sendObject(value: object, length: number, sent?: () => void): boolean {
    if (!this.#maySend(sent)) return false
    if (!this.#out.sendControl(value, length)) this.#out.sending().addObject(value, length)
    else if (sent === undefined) return !this.#out.full
    return this.#sendQueued(sent)
  }

  pause(): void {
    this.#paused = true
    this.#letRead()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#letRead()
    this.#wake()
  }

  close(): void {
    if (this.#state !== 'open' || !this.#life.alive) return
    this.#state = 'closing'
    this.#letRead()
    this.#in.discard()
    this.#out.end()
  }

  abort(reason: Error): void {
    if (this.#state === 'dead' || !this.#life.alive) return
    this.#out.reset()
    this.#die(reason)
  }

  // What the pipes say.

  get listening(): boolean {
    return this.#life.alive && this.#state !== 'dead'
  }

  get reading(): 'yes' | 'deaf' | 'gone' {
    if (this.#state === 'dead' || !this.#life.alive) return 'gone'
    return this.#state === 'open' ? 'yes' : 'deaf'
  }

  roomAgain(): void {
    if (this.#state === 'open') this.#reader?.drained()
  }

  endArrived(): void {
    if (this.#state !== 'closing' || !this.#life.alive) return
    // The far end's own end comes back: one more way.
    this.#life.after(this.#fabric.latencyUs(this.#in.from, this.#in.to), 'closed', 0, () =>
      this.#die(undefined),
    )
  }

  gaveUp(error: NetworkError): void {
    this.#die(error)
  }

  arrived(): void {
    if (this.#state === 'closing') {
      if (this.#in.unread !== undefined) this.#die(undefined)
      return
    }
    this.#deliver()
  }

  reset(): void {
    if (this.#state === 'dead' || !this.#life.alive) return
    const who = endpointText(this.remote)
    this.#die(new NetworkError('RESET', `connection reset by ${who}`, { address: who }))
  }

  refuse(): void {
    this.#out.refuse()
  }

  crashed(silent: boolean): void {
    this.#state = 'dead'
    this.#letRead()
    this.#in.discard()
    if (silent) this.#out.silence()
    else this.#out.reset()
  }

  /** What comes goes straight to the reader, while it may. */
  #letRead(): void {
    this.#in.reader = this.#state === 'open' && !this.#paused ? this.#reader : undefined
  }

  #maySend(sent: (() => void) | undefined): boolean {
    if (!this.#life.alive) return false
    if (this.#state === 'open' && this.#calls.next('send') !== undefined) {
      this.#out.reset()
      this.#die(new NetworkError('RESET', 'send was made to fail'))
    }
    if (this.#state === 'open') return true
    if (sent !== undefined) {
      if (this.#told) this.#life.after(0, 'closed', 0, sent)
      else this.#lateSents = [...this.#lateSents, sent]
    }
    return false
  }

  #sendQueued(sent: (() => void) | undefined): boolean {
    if (sent !== undefined) this.#out.sending().addSent(sent)
    const more = this.#out.sendQueued()
    if (sent !== undefined && this.#out.idle) this.#wake()
    return more
  }

  /** Deliveries and `sent`s that no arrival will cause. */
  #wake(): void {
    if (this.#waking || !this.#life.alive) return
    this.#waking = true
    this.#life.after(0, 'woken', 0, () => {
      this.#waking = false
      this.#out.runSents()
      this.#deliver()
      this.#in.readOn()
    })
  }

  #deliver(): void {
    const incoming = this.#in
    while (this.#state === 'open' && !this.#paused) {
      const reader = this.#reader
      const segment = incoming.unread
      if (reader === undefined || segment === undefined) return
      if (segment.kind === 'end') {
        incoming.shiftUnread()
        this.#die(undefined)
        return
      }
      if (segment.kind === 'object') {
        incoming.shiftUnread()
        incoming.consumed(segment.length)
        invariant(reader.receivedObject !== undefined, 'who is sent objects takes objects')
        reader.receivedObject(segment.object as object)
      } else this.#deliverBytes(segment, reader)
    }
  }

  #deliverBytes(segment: Segment, reader: ChannelReader): void {
    const buffer = segment.buffer as Uint8Array
    const start = segment.offset
    const end = start + this.#chunkLength(segment.length - start)
    const chunk = buffer.subarray(start, end)
    const { random, faults } = this.#fabric
    if (chance(random, faults.corruptChunk)) {
      const at = random.below(chunk.length)
      chunk[at] = (chunk[at] as number) ^ (1 << random.below(8))
    }
    // Before the call: the reader may close or abort in it.
    segment.offset = end
    this.#in.consumed(end - start)
    const last = end === segment.length
    if (last) this.#in.shiftUnread()
    reader.received(chunk)
    chunk.fill(POISON)
    if (last) this.#in.recycle(segment)
  }

  /** How much of what is there goes into the next chunk. */
  #chunkLength(length: number): number {
    if (this.#fabric.chunking === 'whole') return length
    const { random } = this.#fabric
    switch (random.below(8)) {
      case 0:
        return 1
      case 1:
        return 1 + random.below(Math.min(length, 64))
      case 2:
        return 1 + random.below(length)
      default:
        return length
    }
  }

  #die(reason: Error | undefined): void {
    if (this.#state === 'dead') return
    this.#state = 'dead'
    this.#letRead()
    this.#reason = reason
    this.#life.open.channels--
    this.#in.discard()
    this.#lateSents = [...this.#out.dropQueue(), ...this.#lateSents]
    this.#tellLater()
  }

  #tellLater(): void {
    this.#life.after(0, 'closed', this.#reason === undefined ? 0 : 1, () => {
      this.#life.mortals.delete(this)
      if (this.#reader !== undefined && !this.#told) {
        this.#told = true
        this.#reader.closed(this.#reason)
      }
      const sents = this.#lateSents
      this.#lateSents = NONE
      for (const sent of sents) sent()
    })
  }
}
