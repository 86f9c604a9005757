// A PeerSession with framing: bytes in, bytes out. The session is what the engine talks to.
//
// Receiving copies nothing but messages that straddle two chunks; sending costs one allocation a drain for all heads
// and small messages, and passes the data of blocks on as it is (one gathered write). BEP 3.

import { invariant } from '@bt/primitives'
import { writeMessage } from './encode-message.ts'
import {
  HANDSHAKE_LENGTH,
  type Handshake,
  type HandshakeHead,
  HandshakeReader,
  encodeHandshake,
} from './handshake.ts'
import { MessageDecoder } from './message-decoder.ts'
import type { Message } from './message.ts'
import type { PeerEvent } from './peer-event.ts'
import type { PeerSession } from './peer-session.ts'

/** Everything to write now, in order, as one gathered write. Chunks stay unchanged until `sent`. */
export interface ByteOutput {
  readonly chunks: readonly Uint8Array[]
  /** Sum of the chunks' lengths. */
  readonly length: number
  /** Call once, when all of it went out (or never will): lent block data is given back. */
  readonly sent: () => void
}

const NOTHING = new Uint8Array(0)

/** Same contract as the session's; errors with blame 'remote' come out of `next`. */
export class PeerConnection {
  readonly session: PeerSession
  readonly #decoder: MessageDecoder
  /** Undefined once the handshake is read. */
  #handshake: HandshakeReader | undefined = new HandshakeReader()
  #chunk: Uint8Array = NOTHING
  #now = 0
  #drained = true

  constructor(session: PeerSession) {
    this.session = session
    this.#decoder = new MessageDecoder({
      messageLengthMax: session.limits.messageLengthMax,
      get blockLengthMax() {
        return Math.max(session.limits.requestLengthMax, session.geometry?.blockLength ?? 0)
      },
      get bitfieldLengthMax() {
        const count = session.geometry?.pieceCount ?? session.limits.piecesBeforeGeometryMax
        return Math.ceil(count / 8)
      },
    })
  }

  /** Lent chunk; views in events point into it or into the carry buffer. Drain with `next` before the next one. */
  receive(chunk: Uint8Array, now: number): void {
    invariant(this.#drained, 'a connection is told something new after its events are taken')
    if (this.session.closed) return
    this.session.heard(now)
    this.#now = now
    this.#drained = false
    if (this.#handshake === undefined) this.#decoder.push(chunk)
    else this.#chunk = chunk
  }

  /**
   * The next event, or undefined when the chunk is used up. Lent until the next call.
   * @throws {WireError} blame remote; the session is closed then
   */
  next(): PeerEvent | undefined {
    const { session } = this
    for (;;) {
      const event = session.next()
      if (event !== undefined) return event
      if (session.closed) break
      const message = this.#decode()
      if (message === undefined) break
      session.receive(message, this.#now)
    }
    this.#drained = true
    return undefined
  }

  /** Undefined: nothing to write. */
  takeOutput(): ByteOutput | undefined {
    const output = this.session.takeMessages()
    if (output === undefined) return undefined
    const { messages, length } = output
    const chunks: Uint8Array[] = []
    const heads = new Uint8Array(length - dataLength(messages))
    let from = 0
    let at = 0
    for (const message of messages) {
      if (!('type' in message)) {
        heads.set(encodeHandshake(message), at)
        at += HANDSHAKE_LENGTH
        continue
      }
      at = writeMessage(message, heads, at)
      if (message.type !== 'piece') continue
      invariant(message.data instanceof Uint8Array, 'a block that goes on a wire has bytes')
      chunks.push(heads.subarray(from, at), message.data)
      from = at
    }
    if (from < at) chunks.push(from === 0 ? heads : heads.subarray(from, at))
    return { chunks, length, sent: output.sent }
  }

  #decode(): Message | Handshake | HandshakeHead | undefined {
    try {
      return this.#handshake === undefined
        ? this.#decoder.next()
        : this.#decodeHandshake(this.#handshake)
    } catch (error) {
      this.session.close()
      throw error
    }
  }

  /** Head first, so that it can be answered before the peer id is here; then on to messages in the same chunk. */
  #decodeHandshake(reader: HandshakeReader): Message | Handshake | HandshakeHead | undefined {
    const taken = reader.push(this.#chunk, 0)
    this.#chunk = this.#chunk.subarray(taken)
    const head = reader.head()
    if (head !== undefined) return head
    const whole = reader.whole()
    if (whole === undefined) return undefined
    this.#handshake = undefined
    this.#decoder.push(this.#chunk)
    this.#chunk = NOTHING
    return whole
  }
}

function dataLength(messages: readonly (Message | Handshake)[]): number {
  let length = 0
  for (const message of messages) {
    if ('type' in message && message.type === 'piece') length += message.data.length
  }
  return length
}
