// One TCP connection as a ByteChannel.
//
// Writing: each `send` is corked, so that its chunks go down in one writev; sends that wait behind a write share
// the next one. Reading: sockets that dialled fill one shared buffer (`onread`), accepted ones allocate ('data'
// events); both end in `deliver`. `sent` callbacks are kept here and not left to the stream, because they must
// come once, in order, and also when the socket dies.

import type { Socket } from 'node:net'
import { type Endpoint, invariant } from '@bt/primitives'
import { type ByteChannel, type ChannelReader, NetworkError } from '@bt/ports'
import { networkError } from './errors.ts'

/** Bytes queued at which `send` says stop: a quarter second of 16 Gbit/s is not needed, one of 16 Mbit/s is enough. */
export const SEND_QUEUE_BYTES = 512 * 1024
/** Bytes left in the queue at which `drained` is called: half, so that the socket never runs dry meanwhile. */
const SEND_DRAINED_BYTES = SEND_QUEUE_BYTES / 2
/** After `close`: how long the far end may take to accept what is queued. */
export const CLOSE_FLUSH_MS = 10_000
/** After our end is sent: how long we wait for the far end's, so that nothing of ours is lost to a reset. */
export const CLOSE_FAREWELL_MS = 2_000
/** What lent memory is overwritten with when `poison` is on. */
export const POISON = 0xdb

const EMPTY = new Uint8Array(0)
const CARRIERS: readonly string[] = ['tcp']

interface Sending {
  readonly length: number
  readonly sent: (() => void) | undefined
}

export class TcpChannel implements ByteChannel {
  readonly remote: Endpoint
  readonly carriers = CARRIERS
  readonly #socket: Socket
  readonly #poison: boolean
  readonly #onClosed: () => void
  #reader: ChannelReader | undefined
  /** Sends whose `sent` has not run, oldest first; those after the end are in it too. */
  readonly #sendings: Sending[] = []
  #queuedBytes = 0
  #isFull = false
  #isPaused = false
  /** 'open'; 'ending': no more is taken or delivered; 'gone': the socket is closed; 'closed': the reader was told. */
  #state: 'open' | 'ending' | 'gone' | 'closed' = 'open'
  #hasFinished = false
  #reason: Error | undefined
  #closeTimer: NodeJS.Timeout | undefined

  /** `socket` is connected and paused. `onClosed` is called once, when the socket is gone. */
  constructor(socket: Socket, remote: Endpoint, poison: boolean, onClosed: () => void) {
    this.#socket = socket
    this.remote = remote
    this.#poison = poison
    this.#onClosed = onClosed
    socket.on('error', (error) => {
      this.#reason ??= networkError(error, `go on with ${remote.host}:${remote.port}`, remote.host)
    })
    socket.on('end', () => this.#stopTaking())
    socket.on('finish', () => {
      this.#hasFinished = true
      if (this.#closeTimer !== undefined) this.#limitClose(CLOSE_FAREWELL_MS)
    })
    socket.on('close', () => this.#gone())
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  start(reader: ChannelReader): void {
    invariant(this.#reader === undefined, 'a channel is started once')
    this.#reader = reader
    if (this.#state === 'gone') process.nextTick(() => this.#tellClosed())
    else if (!this.#isPaused && this.#state === 'open') this.#socket.resume()
  }

  send(chunks: readonly Uint8Array[], sent?: () => void): boolean {
    if (this.#state !== 'open') {
      if (this.#state !== 'closed') this.#sendings.push({ length: 0, sent })
      else if (sent !== undefined) process.nextTick(sent)
      return false
    }
    let length = 0
    let last = -1
    for (let index = 0; index < chunks.length; index++) {
      const { length: chunkLength } = chunks[index] as Uint8Array
      if (chunkLength > 0) last = index
      length += chunkLength
    }
    this.#queuedBytes += length
    this.#sendings.push({ length, sent })
    this.#socket.cork()
    for (let index = 0; index < last; index++) {
      const chunk = chunks[index] as Uint8Array
      if (chunk.length > 0) this.#socket.write(chunk)
    }
    this.#socket.write(last < 0 ? EMPTY : (chunks[last] as Uint8Array), this.#written)
    this.#socket.uncork()
    if (this.#queuedBytes >= SEND_QUEUE_BYTES) this.#isFull = true
    return !this.#isFull
  }

  pause(): void {
    if (this.#state !== 'open') return
    this.#isPaused = true
    this.#socket.pause()
  }

  resume(): void {
    if (this.#state !== 'open') return
    this.#isPaused = false
    if (this.#reader !== undefined) this.#socket.resume()
  }

  close(): void {
    if (this.#closeTimer !== undefined || this.#state === 'gone' || this.#state === 'closed') return
    this.#state = 'ending'
    this.#limitClose(CLOSE_FLUSH_MS)
    this.#socket.end()
    // What still comes is read and dropped: unread bytes would turn our end into a reset.
    this.#socket.resume()
  }

  abort(reason: Error): void {
    if (this.#state === 'gone' || this.#state === 'closed') return
    this.#state = 'ending'
    this.#reason = reason
    this.#hasFinished = false
    this.#socket.resetAndDestroy()
  }

  /** Hands a chunk to the reader; the answer is whether the socket should go on reading. */
  deliver(chunk: Uint8Array): boolean {
    if (this.#state === 'open' && this.#reader !== undefined) {
      this.#reader.received(chunk)
      if (this.#poison) chunk.fill(POISON)
    }
    return !this.#isPaused || this.#state !== 'open'
  }

  /** The end of one gathered write. Errors are told by 'close', which then empties the list. */
  readonly #written = (error?: Error | null): void => {
    if (error || this.#state === 'gone' || this.#state === 'closed') return
    if (this.#socket.destroyed) return
    const sending = this.#sendings.shift()
    if (sending === undefined) return
    this.#queuedBytes -= sending.length
    sending.sent?.()
    if (!this.#isFull || this.#queuedBytes > SEND_DRAINED_BYTES || this.#state !== 'open') return
    this.#isFull = false
    this.#reader?.drained()
  }

  /** The far end has ended: what is queued is still sent (by the stream), more is not taken. */
  #stopTaking(): void {
    if (this.#state !== 'open') return
    this.#state = 'ending'
    this.#limitClose(CLOSE_FLUSH_MS)
  }

  #limitClose(milliseconds: number): void {
    clearTimeout(this.#closeTimer)
    this.#closeTimer = setTimeout(() => {
      if (!this.#hasFinished) {
        const { host, port } = this.remote
        const waited = `${CLOSE_FLUSH_MS} ms after close, ${this.#queuedBytes} bytes were still queued`
        this.#reason ??= new NetworkError('TIMED_OUT', `${waited} for ${host}:${port}`, {
          address: host,
        })
      }
      this.#socket.destroy()
    }, milliseconds)
  }

  #gone(): void {
    clearTimeout(this.#closeTimer)
    this.#state = 'gone'
    this.#queuedBytes = 0
    // An end in order stays one, even when the far end answers our last words with a reset.
    if (this.#hasFinished) this.#reason = undefined
    if (this.#reader !== undefined) this.#tellClosed()
    else this.#giveBack()
    this.#onClosed()
  }

  #tellClosed(): void {
    this.#state = 'closed'
    this.#reader?.closed(this.#reason)
    this.#giveBack()
  }

  #giveBack(): void {
    for (const { sent } of this.#sendings.splice(0)) sent?.()
  }
}
