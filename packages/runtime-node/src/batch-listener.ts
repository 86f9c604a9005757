// A listening TCP socket for many short conversations, by an addon: all that waits is accepted and read, handed over in
// one call, and what is answered leaves together.
//
// Not a Transport: connections are numbers, and whoever serves them answers at once or not at all. That is what makes a
// connection cheap; what has to wait for something belongs on node:net.

import { type Endpoint, endpointText, parseIp } from '@bt/primitives'
import { NetworkError } from '@bt/ports'
import type { ListenerNative, NativeListener } from './batch-native.ts'
import { networkError } from './errors.ts'
import { POISON } from './tcp-channel.ts'

/** Events of one call. */
const SLOTS = 256
/** Bytes that come, and that are answered, in one call; a connection is read 16 KiB at most in a turn. */
const ARENA_LENGTH = 512 * 1024
const EVENT_WORDS = 4
const OPENED = 1
const GONE = 2
const NOTHING = new Uint8Array(0)

/** Go on reading; close, as all was read; say goodbye, and close when the other side does or has lingered. */
export type NextStep = 'go on' | 'close' | 'end'
const STEPS: Readonly<Record<NextStep, number>> = { 'go on': 0, close: 1, end: 2 }

/** Who serves the connections of a listener. A number is free again after `gone`, or an answer that is not to go on. */
export interface BatchConnections {
  /** Answers are written there; emptied by the listener. */
  readonly out: { readonly length: number; readonly written: Uint8Array; clear(): void }
  /** `from` (16 bytes of IPv6, IPv4 mapped, and 2 of port) is kept. */
  opened(connection: number, from: Uint8Array): void
  /** `chunk` is lent; what is to be sent is in `out` afterwards. */
  received(connection: number, chunk: Uint8Array): NextStep
  /** The other side has hung up or the connection broke; nothing can be sent any more. */
  gone(connection: number): void
}

export interface ListenerLimits {
  /** Connections that wait to be accepted. */
  readonly backlog: number
  /** Connections at once; more are turned away. */
  readonly connectionsMax: number
  /** Bytes of answers that a connection may leave unread before it is read no further. */
  readonly unreadMax: number
  /** Milliseconds that the other side has to read the last answer, at least; looked at by `cut`. */
  readonly lingerMs: number
}

export class BatchListener {
  readonly local: Endpoint
  readonly #native: ListenerNative
  readonly #listener: NativeListener
  readonly #connections: BatchConnections
  readonly #input = new Uint8Array(ARENA_LENGTH)
  readonly #output = new Uint8Array(ARENA_LENGTH)
  readonly #addresses = new Uint8Array(18 * SLOTS)
  readonly #events = new Uint32Array(EVENT_WORDS * SLOTS)
  readonly #poison: boolean
  #isOpen = true

  /**
   * Listens at an address (port 0: any free one; "::" serves IPv4, too). `shared`: several, of this process or others,
   * may listen there, and the kernel spreads connections over them; each must ask for it.
   * @throws {NetworkError}
   */
  constructor(
    native: ListenerNative,
    at: Endpoint,
    limits: ListenerLimits,
    connections: BatchConnections,
    options: { readonly shared?: boolean; readonly poison?: boolean } = {},
  ) {
    this.#native = native
    this.#connections = connections
    this.#poison = options.poison === true
    const address = endpointText(at)
    const ip = parseIp(at.host)
    if (ip === undefined)
      throw new NetworkError('BAD_ADDRESS', `"${at.host}" is not an address`, { address })
    if (!Number.isInteger(at.port) || at.port < 0 || at.port > 65_535)
      throw new NetworkError('BAD_ADDRESS', `port ${at.port} is not 0 … 65535`, { address })
    const { backlog, connectionsMax, unreadMax, lingerMs } = limits
    try {
      this.#listener = native.open(
        at.host,
        at.port,
        ip.length === 16 ? 6 : 4,
        options.shared === true,
        Uint32Array.of(backlog, connectionsMax, unreadMax, lingerMs, SLOTS),
        this.#input,
        this.#output,
        this.#addresses,
        this.#events,
        (count) => this.#turn(count),
      )
    } catch (error) {
      throw networkError(error, `listen at ${address}`, address)
    }
    this.local = { host: at.host, port: native.port(this.#listener) }
  }

  /** Sends what `out` holds outside of a turn, and empties it. */
  answer(connection: number, next: NextStep): void {
    const { out } = this.#connections
    if (this.#isOpen)
      this.#native.answer(
        this.#listener,
        connection,
        out.length === 0 ? NOTHING : out.written,
        STEPS[next],
      )
    out.clear()
  }

  /** Cuts who has lingered long enough; how many connections there are. */
  cut(): number {
    return this.#isOpen ? this.#native.cut(this.#listener) : 0
  }

  /** Takes no new connection. */
  stop(): void {
    if (this.#isOpen) this.#native.stop(this.#listener)
  }

  /** Cuts every connection; nobody hears of any afterwards. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#native.close(this.#listener)
  }

  /** Takes events, writes answers over those it has read, and says how many. */
  #turn(count: number): number {
    const events = this.#events
    const { out } = this.#connections
    let answers = 0
    let end = 0
    for (let index = 0; index < count && this.#isOpen; index++) {
      const at = EVENT_WORDS * index
      const connection = events[at] as number
      const what = events[at + 1] as number
      const from = events[at + 2] as number
      const length = events[at + 3] as number
      if (what === GONE) {
        this.#connections.gone(connection)
        continue
      }
      if (what === OPENED)
        this.#connections.opened(connection, this.#addresses.slice(18 * index, 18 * index + 18))
      if (length === 0) continue
      const next = this.#connections.received(connection, this.#input.subarray(from, from + length))
      const answered = out.length
      if (answered === 0 && next === 'go on') continue
      // Rare: many questions at once.
      if (answered > this.#output.length - end) {
        this.answer(connection, next)
        continue
      }
      if (answered > 0) this.#output.set(out.written, end)
      out.clear()
      const to = EVENT_WORDS * answers++
      events[to] = connection
      events[to + 1] = STEPS[next]
      events[to + 2] = end
      events[to + 3] = answered
      end += answered
    }
    if (this.#poison) this.#input.fill(POISON)
    return answers
  }
}
