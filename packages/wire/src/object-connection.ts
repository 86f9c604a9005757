// A PeerSession with framing for channels that carry values: messages go over as the objects they are (simulator, fast profile).
//
// The same surface and the same rules as PeerConnection, without a byte of encoding. What leaves together goes as one
// object, but a block goes alone: small messages before it do not wait for it. Messages are shared with the other end
// and never changed; views of memory that was only lent are copied.

import { invariant } from '@bt/primitives'
import { HANDSHAKE_LENGTH, type Handshake } from './handshake.ts'
import { type Message, wireLength } from './message.ts'
import type { MessageOutput } from './outbox.ts'
import type { PeerEvent } from './peer-event.ts'
import type { PeerSession } from './peer-session.ts'

/** What the channel carries: one message or handshake, or several that left together, in order. */
export type MessageObject = Message | Handshake | readonly (Message | Handshake)[]

/** Where output goes, as far as this framing needs it: `ByteChannel.sendObject`. */
export interface ObjectChannel {
  sendObject(value: object, length: number, sent?: () => void): boolean
}

/** Same contract as the session's; errors with blame 'remote' come out of `next`. */
export class ObjectConnection {
  readonly session: PeerSession
  /** Heard and not yet given to the session: one, or the rest of several from `#at` on. */
  #heard: MessageObject | undefined
  #at = 0
  #now = 0

  constructor(session: PeerSession) {
    this.session = session
  }

  /** What the other end's `send` handed over. Drain with `next` before the next one. */
  receive(heard: MessageObject, now: number): void {
    invariant(
      this.#heard === undefined,
      'a connection is told something new after its events are taken',
    )
    if (this.session.closed) return
    this.#heard = heard
    this.#at = 0
    this.#now = now
  }

  /**
   * The next event, or undefined when all that was heard is used up. Lent until the next call.
   * @throws {WireError} blame remote; the session is closed then
   */
  next(): PeerEvent | undefined {
    const { session } = this
    for (;;) {
      const event = session.next()
      if (event !== undefined) return event
      if (session.closed) break
      const message = this.#take()
      if (message === undefined) return undefined
      session.receive(message, this.#now)
    }
    this.#heard = undefined
    return undefined
  }

  /**
   * Everything there is to say goes to `channel`; `after` runs when what somebody waited for went out. False: it takes
   * no more for now.
   */
  send(channel: ObjectChannel, after?: () => void): boolean {
    const only = this.session.takeOnlyMessage()
    if (only !== undefined) return channel.sendObject(own(only), valueLength(only))
    const output = this.session.takeMessages()
    if (output === undefined) return true
    return sendEach(channel, output.messages, output.isAwaited ? both(output, after) : undefined)
  }

  #take(): Message | Handshake | undefined {
    const heard = this.#heard
    if (heard === undefined) return undefined
    if (!isSeveral(heard)) {
      this.#heard = undefined
      return heard
    }
    const message = heard[this.#at++]
    if (this.#at >= heard.length) this.#heard = undefined
    return message
  }
}

/** Bytes that a value would take on the wire. */
export function objectLength(value: MessageObject): number {
  if (!isSeveral(value)) return valueLength(value)
  let length = 0
  for (const message of value) length += valueLength(message)
  return length
}

/** Whoever lent something hears first, and then who waits for all of it. */
function both(output: MessageOutput, after: (() => void) | undefined): () => void {
  return () => {
    output.sent()
    after?.()
  }
}

/**
 * Runs of small messages as one object each, blocks alone; whoever wants to know hears of the last. The messages are ours,
 * and where all of them are one run, that is what goes over.
 */
function sendEach(
  channel: ObjectChannel,
  messages: (Message | Handshake)[],
  sent: (() => void) | undefined,
): boolean {
  let takesMore = true
  let begin = 0
  const last = messages.length - 1
  for (let at = 0; at <= last; at++) {
    const message = own(messages[at] as Message | Handshake)
    messages[at] = message
    const isBlock = isMessage(message) && message.type === 'piece'
    if (isBlock && begin < at) {
      const run = runOf(messages, begin, at)
      takesMore = channel.sendObject(run, objectLength(run))
      begin = at
    }
    if (!isBlock && at < last) continue
    const run = runOf(messages, begin, at + 1)
    takesMore = channel.sendObject(run, objectLength(run), at === last ? sent : undefined)
    begin = at + 1
  }
  return takesMore
}

function runOf(messages: (Message | Handshake)[], begin: number, end: number): MessageObject {
  if (end - begin === 1) return messages[begin] as Message
  return begin === 0 && end === messages.length ? messages : messages.slice(begin, end)
}

/** The other end keeps it for as long as it travels: what was lent until the send is copied. */
function own(message: Message | Handshake): Message | Handshake {
  if (!isMessage(message)) return message
  switch (message.type) {
    case 'piece':
      return message.data instanceof Uint8Array
        ? { ...message, data: message.data.slice() }
        : message
    case 'extended':
      return { ...message, payload: message.payload.slice() }
    case 'hashes':
      return { ...message, hashes: message.hashes.slice() }
    default:
      return message
  }
}

function isMessage(value: Message | Handshake): value is Message {
  return 'type' in value
}

function isSeveral(value: MessageObject): value is readonly (Message | Handshake)[] {
  return Array.isArray(value)
}

function valueLength(value: Message | Handshake): number {
  return isMessage(value) ? wireLength(value) : HANDSHAKE_LENGTH
}
