// Two connections and the bytes between them, on one fake clock: quinn's Pair for this protocol.
//
// Each side is drained as the machine contract asks. Bytes wait in a pipe per direction until `run` delivers them, cut
// into chunks as `cut` says, each in memory of its own that is overwritten right after the call: a view that is stored
// instead of copied shows.
import { PieceGeometry } from '@bt/metainfo'
import { type InfoHash, type PeerId, parseInfoHash, parsePeerId } from '@bt/primitives'
import {
  type Admission,
  type ConnectionLimits,
  type Identity,
  type Message,
  PeerConnection,
  type PeerEvent,
  PeerSession,
  encodeMessage,
  reservedBytes,
} from '../src/index.ts'

export const INFO_HASH = parseInfoHash('aa'.repeat(20)) as InfoHash
export const V2_HASH = parseInfoHash('bb'.repeat(20)) as InfoHash
export const OTHER_HASH = parseInfoHash('cc'.repeat(20)) as InfoHash
export const PIECE_LENGTH = 32_768
/** 10 pieces of 32 KiB, as the known-answer file has them. */
export const GEOMETRY = new PieceGeometry({
  pieceLength: PIECE_LENGTH,
  files: [{ length: 10 * PIECE_LENGTH }],
})

export interface Side {
  readonly fast?: boolean
  readonly extensions?: boolean
  readonly v2?: boolean
  readonly limits?: Partial<ConnectionLimits>
  readonly geometry?: PieceGeometry | undefined
  readonly admission?: Partial<Admission>
  /** Accepting side: the word on 'asked'. Default: admit. */
  readonly admits?: boolean
}

export function identity(name: string, side: Side = {}): Identity {
  const { fast = true, extensions = true, v2 = false } = side
  return {
    peerId: parsePeerId(new TextEncoder().encode(name.padEnd(20, '-'))) as PeerId,
    reserved: reservedBytes({ fast, extensions, v2 }),
  }
}

export function admission(side: Side = {}): Admission {
  const geometry = 'geometry' in side ? side.geometry : GEOMETRY
  return {
    answer: INFO_HASH,
    accept: [INFO_HASH],
    ...(geometry === undefined ? {} : { geometry }),
    ...side.admission,
  }
}

/** One end: a connection, what it told, and the bytes on their way to it. */
export class End {
  readonly connection: PeerConnection
  readonly session: PeerSession
  /** Every event so far, with copies of lent bytes. */
  readonly events: PeerEvent[] = []
  /** Called inside the drain, as an engine would be. */
  onEvent: ((event: PeerEvent) => void) | undefined
  error: Error | undefined
  readonly #side: Side

  constructor(session: PeerSession, side: Side) {
    this.session = session
    this.connection = new PeerConnection(session)
    this.#side = side
  }

  take(chunk: Uint8Array, now: number): void {
    if (this.error !== undefined) return
    try {
      this.connection.receive(chunk, now)
      this.drain()
    } catch (error) {
      this.error = error as Error
    }
  }

  drain(): void {
    for (let event = this.connection.next(); event; event = this.connection.next()) {
      this.events.push(copy(event))
      if (event.type === 'asked') {
        if (this.#side.admits === false) this.session.refuse()
        else this.session.admit(admission(this.#side))
      }
      this.onEvent?.(event)
    }
  }

  /** Takes out what was told since the last time. */
  told(): PeerEvent[] {
    return this.events.splice(0)
  }
}

export class Pair {
  now = 0
  readonly dialer: End
  readonly acceptor: End
  readonly #toAcceptor: Uint8Array[] = []
  readonly #toDialer: Uint8Array[] = []

  constructor(dialer: Side = {}, acceptor: Side = {}) {
    this.dialer = new End(
      new PeerSession({
        role: 'dialed',
        identity: identity('dialer', dialer),
        admission: admission(dialer),
        ...(dialer.limits === undefined ? {} : { limits: dialer.limits }),
        now: 0,
      }),
      dialer,
    )
    this.acceptor = new End(
      new PeerSession({
        role: 'accepted',
        identity: identity('acceptor', acceptor),
        ...(acceptor.limits === undefined ? {} : { limits: acceptor.limits }),
        now: 0,
      }),
      acceptor,
    )
  }

  /** A pair after both handshakes, with nothing told. */
  static open(dialer: Side = {}, acceptor: Side = {}): Pair {
    const pair = new Pair(dialer, acceptor)
    pair.run()
    pair.dialer.told()
    pair.acceptor.told()
    return pair
  }

  /** Moves bytes both ways until neither has anything to say. */
  run(cut: (bytes: Uint8Array) => readonly Uint8Array[] = (bytes) => [bytes]): void {
    for (;;) {
      this.#collect(this.dialer, this.#toAcceptor)
      this.#collect(this.acceptor, this.#toDialer)
      if (this.#toAcceptor.length === 0 && this.#toDialer.length === 0) return
      this.#deliver(this.#toAcceptor, this.acceptor, cut)
      this.#deliver(this.#toDialer, this.dialer, cut)
    }
  }

  /** Lets time pass and both sides know when they asked to. */
  advance(milliseconds: number): void {
    const until = this.now + milliseconds
    for (;;) {
      const next = Math.min(this.dialer.session.deadline(), this.acceptor.session.deadline())
      if (next > until) break
      this.now = Math.max(this.now, next)
      for (const end of [this.dialer, this.acceptor]) {
        if (end.session.deadline() > this.now || end.error !== undefined) continue
        try {
          end.session.tick(this.now)
          end.drain()
        } catch (error) {
          end.error = error as Error
        }
      }
      this.run()
    }
    this.now = until
  }

  /** Bytes as a peer might send them, to one end. */
  inject(end: End, bytes: Uint8Array): void {
    end.take(bytes.slice(), this.now)
    this.run()
  }

  #collect(end: End, pipe: Uint8Array[]): void {
    const output = end.connection.takeOutput()
    if (output === undefined) return
    let length = 0
    for (const chunk of output.chunks) {
      pipe.push(chunk.slice())
      length += chunk.length
    }
    if (length !== output.length) throw new Error('an output is as long as it says')
    output.sent()
  }

  #deliver(pipe: Uint8Array[], end: End, cut: (bytes: Uint8Array) => readonly Uint8Array[]): void {
    const bytes = concat(pipe.splice(0))
    for (const chunk of cut(bytes)) {
      const lent = chunk.slice()
      end.take(lent, this.now)
      lent.fill(0xdb)
    }
  }
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Chunks of one length, the last one shorter. */
export function chunksOf(length: number): (bytes: Uint8Array) => Uint8Array[] {
  return (bytes) => {
    const chunks: Uint8Array[] = []
    for (let at = 0; at < bytes.length; at += length) chunks.push(bytes.subarray(at, at + length))
    return chunks
  }
}

function copy(event: PeerEvent): PeerEvent {
  if (event.type === 'block' && event.data instanceof Uint8Array) {
    return { ...event, data: event.data.slice() }
  }
  if (event.type === 'extended') return { ...event, payload: event.payload.slice() }
  if (event.type === 'hashes') return { ...event, hashes: event.hashes.slice() }
  return { ...event }
}

export const BLOCK = 16_384

/** A side without the fast extension. */
export const SLOW: Side = { fast: false }

/** Content of a block. */
export function data(length = BLOCK): Uint8Array {
  return new Uint8Array(length).fill(7)
}

/** Messages end to end, as they stand on the wire. */
export function bytesOf(...messages: readonly Message[]): Uint8Array {
  return concat(messages.map((message) => encodeMessage(message)))
}

/** An open pair whose acceptor does not choke the dialer, with nothing told. */
export function unchoked(dialer: Side = {}, acceptor: Side = {}): Pair {
  const pair = Pair.open(dialer, acceptor)
  pair.acceptor.session.unchoke()
  pair.run()
  pair.dialer.told()
  return pair
}
