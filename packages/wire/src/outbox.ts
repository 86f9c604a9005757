// What is to be sent, in order, and who wants to know when it went out. One output a drain, one callback for it.

import type { Handshake } from './handshake.ts'
import { HANDSHAKE_LENGTH } from './handshake.ts'
import { type Message, wireLength } from './message.ts'

/** Messages to send, in order. */
export interface MessageOutput {
  readonly messages: readonly (Message | Handshake)[]
  /** Bytes they take on the wire. */
  readonly length: number
  /** Call once, when all of it went out (or never will): lent block data is given back. */
  readonly sent: () => void
}

export class Outbox {
  #messages: (Message | Handshake)[] = []
  #callbacks: (() => void)[] = []
  #length = 0

  put(message: Message, sent?: () => void): void {
    this.#messages.push(message)
    this.#length += wireLength(message)
    if (sent !== undefined) this.#callbacks.push(sent)
  }

  putHandshake(handshake: Handshake): void {
    this.#messages.push(handshake)
    this.#length += HANDSHAKE_LENGTH
  }

  /** Everything put since the last time; the arrays are the caller's to keep. */
  take(): MessageOutput | undefined {
    if (this.#messages.length === 0) return undefined
    const output = { messages: this.#messages, length: this.#length, sent: all(this.#callbacks) }
    this.#messages = []
    this.#length = 0
    if (this.#callbacks.length > 0) this.#callbacks = []
    return output
  }

  /** Forgets what was put, telling those who lent data for it. */
  drop(): void {
    this.take()?.sent()
  }
}

const none = (): void => {}

function all(callbacks: readonly (() => void)[]): () => void {
  if (callbacks.length === 0) return none
  return () => {
    for (const callback of callbacks) callback()
  }
}
