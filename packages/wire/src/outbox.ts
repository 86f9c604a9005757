// What is to be sent, in order, and who wants to know when it went out. One output a drain, one callback for it.
//
// Nearly every drain says one thing (a have, a request): that one needs no list.

import type { Handshake } from './handshake.ts'
import { HANDSHAKE_LENGTH } from './handshake.ts'
import { type Message, wireLength } from './message.ts'

/** Messages to send, in order. */
export interface MessageOutput {
  readonly messages: (Message | Handshake)[]
  /** Bytes they take on the wire. */
  readonly length: number
  /** Somebody wants to know when it went out. */
  readonly isAwaited: boolean
  /** Call once, when all of it went out (or never will): lent block data is given back. */
  readonly sent: () => void
}

/** Messages that wait for company, at most: as much as one small segment of TCP takes along. */
const LATER_MAX = 64

export class Outbox {
  #first: Message | Handshake | undefined
  /** Where there are several. */
  #all: (Message | Handshake)[] | undefined
  #callbacks: (() => void)[] | undefined
  /** Not urgent: they go with whatever is said next. */
  #later: Message[] | undefined
  #length = 0

  get isEmpty(): boolean {
    return this.#first === undefined
  }

  /** Nothing waits for company either. */
  get isIdle(): boolean {
    return this.#first === undefined && this.#later === undefined
  }

  put(message: Message, sent?: () => void): void {
    this.#add(message, wireLength(message))
    if (sent === undefined) return
    if (this.#callbacks === undefined) this.#callbacks = [sent]
    else this.#callbacks.push(sent)
  }

  /** The last message, if it is a request that ends where this one begins, asks for both; false: it does not. */
  growRequest(piece: number, begin: number, length: number, lengthMax: number): boolean {
    const last = this.#all?.at(-1) ?? this.#first
    if (last === undefined || !('type' in last) || last.type !== 'request') return false
    const isNext = last.piece === piece && last.begin + last.length === begin
    if (!isNext || last.length + length > lengthMax) return false
    const grown: Message = { ...last, length: last.length + length }
    if (this.#all === undefined) this.#first = grown
    else this.#all[this.#all.length - 1] = grown
    return true
  }

  /** Goes with the next output; makes one by itself once there are `LATER_MAX`. */
  putLater(message: Message): void {
    if (this.#later === undefined) this.#later = [message]
    else this.#later.push(message)
    if (this.#later.length >= LATER_MAX) this.joinLater()
  }

  /** What waited for company waits no longer. */
  joinLater(): void {
    const later = this.#later
    if (later === undefined) return
    this.#later = undefined
    for (let at = 0; at < later.length; at++) {
      const message = later[at] as Message
      this.#add(message, wireLength(message))
    }
  }

  putHandshake(handshake: Handshake): void {
    this.#add(handshake, HANDSHAKE_LENGTH)
  }

  /** The one message there is, if it is alone and nobody waits for it to go out; else nothing is taken. */
  takeOnly(): Message | Handshake | undefined {
    const isAlone = this.#all === undefined && this.#later === undefined
    if (!isAlone || this.#callbacks !== undefined) return undefined
    const only = this.#first
    this.#first = undefined
    this.#length = 0
    return only
  }

  /** Everything put since the last time; the arrays are the caller's to keep. */
  take(): MessageOutput | undefined {
    const first = this.#first
    if (first === undefined) return undefined
    this.joinLater()
    const messages = this.#all ?? [first]
    const callbacks = this.#callbacks
    const isAwaited = callbacks !== undefined
    const output = { messages, length: this.#length, isAwaited, sent: all(callbacks) }
    this.#first = undefined
    this.#all = undefined
    this.#callbacks = undefined
    this.#length = 0
    return output
  }

  /** Forgets what was put, telling those who lent data for it. */
  drop(): void {
    this.#later = undefined
    this.take()?.sent()
  }

  #add(message: Message | Handshake, length: number): void {
    this.#length += length
    if (this.#first === undefined) this.#first = message
    else if (this.#all === undefined) this.#all = [this.#first, message]
    else this.#all.push(message)
  }
}

const none = (): void => {}

function all(callbacks: readonly (() => void)[] | undefined): () => void {
  if (callbacks === undefined) return none
  return () => {
    for (const callback of callbacks) callback()
  }
}
