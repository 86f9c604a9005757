// A reader of its own on every connection of the wire profile: each request gets one answer, the piece or a reject (§2.5).
//
// It knows the framing of BEP 3 and five messages of BEP 3 and 6, and nothing of the engine. What the far end asked of us
// is open until we answer; a choke answers nothing where both ends speak BEP 6, and everything where they do not. A
// cancelled request may still be answered once.

import type { ByteChannel, Transport } from '@bt/ports'

const HANDSHAKE_LENGTH = 68
/** Byte 27 of the handshake has bit 4 where BEP 6 is spoken. */
const FAST_AT = 27
const FAST_BIT = 0x04
const CHOKE = 0
const REQUEST = 6
const PIECE = 7
const CANCEL = 8
const REJECT = 16
/** Bytes of a message that are looked at: its kind, piece, begin and length. */
const LOOKED_AT = 13

/** Milliseconds that a request may stay without an answer while its connection is open. */
export const ANSWER_BY_MS = 600_000

/** Cuts one direction of a connection into messages; only their first bytes are kept. */
class Framing {
  readonly #message: (head: Uint8Array, length: number) => void
  readonly #greeted: (handshake: Uint8Array) => void
  #head = new Uint8Array(HANDSHAKE_LENGTH)
  #filled = 0
  #left = HANDSHAKE_LENGTH
  #length = 0
  #state: 'handshake' | 'length' | 'body' = 'handshake'

  constructor(
    greeted: (handshake: Uint8Array) => void,
    message: (head: Uint8Array, length: number) => void,
  ) {
    this.#greeted = greeted
    this.#message = message
  }

  take(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) {
      const step = Math.min(this.#left, chunk.length - at)
      const room = Math.min(step, this.#head.length - this.#filled)
      this.#head.set(chunk.subarray(at, at + room), this.#filled)
      this.#filled += room
      this.#left -= step
      at += step
      if (this.#left === 0) this.#whole()
    }
  }

  #whole(): void {
    const head = this.#head.subarray(0, this.#filled)
    if (this.#state === 'length') {
      this.#length = new DataView(head.buffer, head.byteOffset).getUint32(0)
      // of length 0: a keep-alive
      this.#next(this.#length === 0 ? 'length' : 'body', this.#length === 0 ? 4 : this.#length)
      return
    }
    if (this.#state === 'handshake') this.#greeted(head)
    else this.#message(head, this.#length)
    this.#next('length', 4)
  }

  #next(state: 'length' | 'body', left: number): void {
    this.#state = state
    this.#left = left
    this.#filled = 0
    if (this.#head.length !== LOOKED_AT) this.#head = new Uint8Array(LOOKED_AT)
  }
}

/** What one end was asked for and has not answered. */
export class AnswerWatch {
  readonly #broken: (what: string) => void
  readonly #now: () => number
  /** Blocks asked for and not answered, each as often as it was asked for, with the time. */
  readonly #open = new Map<string, number[]>()
  /** Answers that may still come for what was cancelled. */
  readonly #cancelled = new Map<string, number>()
  readonly #in: Framing
  readonly #out: Framing
  #fastEnds = 0

  constructor(now: () => number, broken: (what: string) => void) {
    this.#now = now
    this.#broken = broken
    const greeted = (handshake: Uint8Array): void => {
      if (((handshake[FAST_AT] as number) & FAST_BIT) !== 0) this.#fastEnds++
    }
    this.#in = new Framing(greeted, (head) => this.#asked(head))
    this.#out = new Framing(greeted, (head, length) => this.#answered(head, length))
  }

  received(chunk: Uint8Array): void {
    this.#in.take(chunk)
  }

  sent(chunk: Uint8Array): void {
    this.#out.take(chunk)
  }

  #asked(head: Uint8Array): void {
    const now = this.#now()
    const block = blockOf(head)
    if (head[0] === REQUEST) this.#open.set(block, [...(this.#open.get(block) ?? []), now])
    if (head[0] === CANCEL && this.#close(block)) this.#mayAnswer(block)
    for (const [old, [since = now]] of this.#open) {
      if (now - since < ANSWER_BY_MS) break
      this.#broken(`a request for ${old} has had no answer for ${ANSWER_BY_MS / 1000} s`)
    }
  }

  #answered(head: Uint8Array, length: number): void {
    const kind = head[0]
    if (kind === CHOKE && this.#fastEnds < 2) {
      for (const block of Array.from(this.#open.keys())) {
        while (this.#close(block)) this.#mayAnswer(block)
      }
    }
    if (kind !== PIECE && kind !== REJECT) return
    const block = blockOf(head, kind === PIECE ? length - 9 : undefined)
    if (this.#close(block)) return
    const more = this.#cancelled.get(block) ?? 0
    if (more > 0) this.#cancelled.set(block, more - 1)
    else this.#broken(`${kind === PIECE ? 'a piece' : 'a reject'} for ${block} answers nothing`)
  }

  /** One of the requests for it is not open any more; false: none was. */
  #close(block: string): boolean {
    const asked = this.#open.get(block)
    if (asked === undefined) return false
    asked.shift()
    if (asked.length === 0) this.#open.delete(block)
    return true
  }

  #mayAnswer(block: string): void {
    this.#cancelled.set(block, (this.#cancelled.get(block) ?? 0) + 1)
  }
}

/** "piece/begin+length"; of a piece message the length is what it carries. Of shorter messages: nothing. */
function blockOf(head: Uint8Array, carried?: number): string {
  if (head.length < (carried === undefined ? LOOKED_AT : 9)) return ''
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  return `${view.getUint32(1)}/${view.getUint32(5)}+${carried ?? view.getUint32(9)}`
}

/** A transport on which every connection is watched. */
export function watchedTransport(
  inner: Transport,
  now: () => number,
  broken: (what: string) => void,
): Transport {
  const watched = (channel: ByteChannel): ByteChannel =>
    watchedChannel(channel, new AnswerWatch(now, broken))
  return {
    dial: (remote, options, done) =>
      inner.dial(remote, options, (error, channel) => {
        if (error === undefined) done(undefined, watched(channel))
        else done(error, undefined as never)
      }),
    listen: (options, accept, done) =>
      inner.listen(options, (channel) => accept(watched(channel)), done),
  }
}

function watchedChannel(inner: ByteChannel, watch: AnswerWatch): ByteChannel {
  return {
    remote: inner.remote,
    carriers: inner.carriers,
    start: (reader) =>
      inner.start({
        received: (chunk) => {
          watch.received(chunk)
          reader.received(chunk)
        },
        drained: () => reader.drained(),
        closed: (reason) => reader.closed(reason),
      }),
    send: (chunks, sent) => {
      for (const chunk of chunks) watch.sent(chunk)
      return inner.send(chunks, sent)
    },
    pause: () => inner.pause(),
    resume: () => inner.resume(),
    close: () => inner.close(),
    abort: (reason) => inner.abort(reason),
    get queuedBytes() {
      return inner.queuedBytes
    },
  }
}
