// One question to a UDP tracker: connect, ask, repeat after 15·2ⁿ seconds (BEP 15). Pure.
//
// A connection id that expires while we repeat ourselves is fetched anew, and so is one of an earlier question that
// gets an error or silence: the tracker may have forgotten it. Answers that are not for us (other transaction, other
// action, broken) change nothing: the question stays open.

import type { Random } from '@bt/ports'
import { encodeConnectRequest, parseUdpResponse, type UdpResponse } from '@bt/tracker-protocol'
import { CONNECTION_ID_MS, UDP_DOUBLINGS_MAX, UDP_RETRY_FIRST_MS } from './limits.ts'

/** 8 bytes that prove our address to a tracker, and until when. */
export interface ConnectionId {
  readonly bytes: Uint8Array
  readonly untilMs: number
}

export type ExchangeState = 'open' | 'answered' | 'given-up'

export interface UdpExchangeOptions {
  readonly question: (connectionId: Uint8Array, transactionId: number) => Uint8Array
  /** Which answers are for this question; errors always are. Extensions let their own actions in. */
  readonly accepts: (response: UdpResponse) => boolean
  readonly stride: 6 | 18
  /** Packets sent for nothing until it gives up; 9 unless told (BEP 15). */
  readonly attemptsMax?: number
  /** Of an earlier question: spares the first round while it is fresh. */
  readonly connection?: ConnectionId
  readonly random: Random
  readonly now: number
}

export class UdpExchange {
  readonly #question: (connectionId: Uint8Array, transactionId: number) => Uint8Array
  readonly #accepts: (response: UdpResponse) => boolean
  readonly #stride: 6 | 18
  readonly #attemptsMax: number
  readonly #random: Random
  #connection: ConnectionId | undefined
  /** The connection id is another question's. */
  #isBorrowed: boolean
  #transactionId: number
  #phase: 'connect' | 'ask' = 'connect'
  #attempts = 0
  #repeatAt: number
  #output: Uint8Array | undefined
  #answer: UdpResponse | undefined
  #state: ExchangeState = 'open'

  constructor(options: UdpExchangeOptions) {
    this.#question = options.question
    this.#accepts = options.accepts
    this.#stride = options.stride
    this.#attemptsMax = options.attemptsMax ?? UDP_DOUBLINGS_MAX + 1
    this.#random = options.random
    this.#connection = options.connection
    this.#isBorrowed = options.connection !== undefined
    this.#transactionId = this.#draw()
    this.#repeatAt = options.now
    this.tick(options.now)
  }

  get state(): ExchangeState {
    return this.#state
  }

  /** What the tracker said: an announce, a scrape, an error, or an extension's action. */
  get answer(): UdpResponse | undefined {
    return this.#answer
  }

  get connection(): ConnectionId | undefined {
    return this.#connection
  }

  /** Something came from the tracker's address. */
  receive(packet: Uint8Array, now: number): void {
    if (this.#state !== 'open') return
    const response = this.#read(packet)
    if (response === undefined || response.transactionId !== this.#transactionId) return
    if (response.action === 'error' && this.#isBorrowed) {
      this.#attempts = 0
      this.#connectAnew(now)
    } else if (
      response.action === 'error' ||
      (this.#phase === 'ask' && response.action !== 'connect' && this.#accepts(response))
    ) {
      this.#answer = response
      this.#state = 'answered'
    } else if (this.#phase === 'connect' && response.action === 'connect') {
      this.#connection = { bytes: response.connectionId, untilMs: now + CONNECTION_ID_MS }
      this.#attempts = 0
      this.#send(now)
    }
  }

  tick(now: number): void {
    if (this.#state !== 'open' || now < this.#repeatAt) return
    if (this.#attempts >= this.#attemptsMax) this.#state = 'given-up'
    else if (this.#isBorrowed && this.#attempts > 0) this.#connectAnew(now)
    else this.#send(now)
  }

  /** The packet to send now, once. */
  takeOutput(): Uint8Array | undefined {
    const packet = this.#output
    this.#output = undefined
    return packet
  }

  deadline(): number {
    return this.#state === 'open' ? this.#repeatAt : Number.POSITIVE_INFINITY
  }

  #connectAnew(now: number): void {
    this.#isBorrowed = false
    this.#connection = undefined
    this.#send(now)
  }

  #send(now: number): void {
    const connection = this.#connection
    const phase = connection !== undefined && now < connection.untilMs ? 'ask' : 'connect'
    if (phase !== this.#phase) this.#transactionId = this.#draw()
    this.#phase = phase
    this.#output =
      phase === 'ask' && connection !== undefined
        ? this.#question(connection.bytes, this.#transactionId)
        : encodeConnectRequest(this.#transactionId)
    this.#repeatAt = now + UDP_RETRY_FIRST_MS * (1 << Math.min(this.#attempts, UDP_DOUBLINGS_MAX))
    this.#attempts++
  }

  #read(packet: Uint8Array): UdpResponse | undefined {
    try {
      return parseUdpResponse(packet, this.#stride)
    } catch {
      return undefined
    }
  }

  #draw(): number {
    return this.#random.below(2 ** 32)
  }
}
