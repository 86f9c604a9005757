// Questions to UDP trackers over one socket per family, shared by all torrents of a session.
//
// Sockets open with the first question and close with the last, so that nothing is left when nobody asks. Replies count
// only from the address that was asked. Connection ids are shared for the minute that they live (BEP 15).

import type {
  Alarm,
  Clock,
  DatagramBatch,
  Datagrams,
  DatagramSocket,
  Done,
  Random,
} from '@bt/ports'
import { endpointText, invariant, packMapped, unpackEndpoint } from '@bt/primitives'
import type { Endpoint } from '@bt/primitives'
import type { UdpResponse } from '@bt/tracker-protocol'
import { type ConnectionId, UdpExchange } from './udp-exchange.ts'

export interface UdpQuestion {
  /** The tracker's address, never a name. */
  readonly to: Endpoint
  readonly family: 4 | 6
  readonly attemptsMax?: number
  readonly packet: (connectionId: Uint8Array, transactionId: number) => Uint8Array
  /** Which answers are for this question; errors always are. */
  readonly accepts: (response: UdpResponse) => boolean
}

interface Open {
  readonly key: string
  readonly to: Uint8Array
  readonly exchange: UdpExchange
  readonly done: Done<UdpResponse>
}

/** One set of sockets: all torrents of a process ask through it. */
export class UdpTrackers {
  readonly #ports: { readonly clock: Clock; readonly random: Random; readonly datagrams: Datagrams }
  readonly #families = new Map<4 | 6, Family>()

  constructor(ports: {
    readonly clock: Clock
    readonly random: Random
    readonly datagrams: Datagrams
  }) {
    this.#ports = ports
  }

  /** `done` gets the answer, or an error when the socket cannot be opened or nobody answered. */
  ask(question: UdpQuestion, done: Done<UdpResponse>): Alarm {
    let family = this.#families.get(question.family)
    if (family === undefined) {
      family = new Family(question.family, this.#ports, () =>
        this.#families.delete(question.family),
      )
      this.#families.set(question.family, family)
    }
    return family.ask(question, done)
  }
}

class Family {
  readonly #family: 4 | 6
  readonly #ports: { readonly clock: Clock; readonly random: Random; readonly datagrams: Datagrams }
  readonly #ended: () => void
  readonly #open = new Set<Open>()
  readonly #connections = new Map<string, ConnectionId>()
  #socket: DatagramSocket | undefined
  #alarm: Alarm | undefined
  #alarmAt = Number.POSITIVE_INFINITY

  constructor(
    family: 4 | 6,
    ports: { readonly clock: Clock; readonly random: Random; readonly datagrams: Datagrams },
    ended: () => void,
  ) {
    this.#family = family
    this.#ports = ports
    this.#ended = ended
    const receiver = { received: (batch: DatagramBatch): void => this.#received(batch) }
    ports.datagrams.open({ port: 0, family }, receiver, (error, socket) => {
      if (error !== undefined) return this.#fail(error)
      this.#socket = socket
      this.#pump()
    })
  }

  ask(question: UdpQuestion, done: Done<UdpResponse>): Alarm {
    const { clock, random } = this.#ports
    const to = packMapped(question.to)
    invariant(to !== undefined, 'a UDP tracker is asked at its address')
    // As the source of a reply is written, however the address was.
    const key = endpointText(unpackEndpoint(to, 0, 18))
    const now = clock.now()
    const known = this.#connections.get(key)
    const exchange = new UdpExchange({
      question: question.packet,
      accepts: question.accepts,
      stride: this.#family === 4 ? 6 : 18,
      random,
      now,
      ...(question.attemptsMax === undefined ? {} : { attemptsMax: question.attemptsMax }),
      ...(known !== undefined && now < known.untilMs ? { connection: known } : {}),
    })
    const open: Open = { key, to, exchange, done }
    this.#open.add(open)
    // Never answers before this returned: the first packet goes out from an alarm.
    if (this.#socket !== undefined) this.#wakeAt(now)
    return {
      cancel: () => {
        if (this.#open.delete(open) && this.#open.size === 0) this.#close()
      },
    }
  }

  #received(batch: DatagramBatch): void {
    const now = this.#ports.clock.now()
    for (let at = 0; at < batch.count; at++) {
      const from = endpointText(unpackEndpoint(batch.addresses, at * 18, 18))
      const start = at * batch.stride
      const packet = batch.bytes.subarray(start, start + (batch.lengths[at] as number))
      for (const { key, exchange } of this.#open) if (key === from) exchange.receive(packet, now)
    }
    this.#pump()
  }

  /** Sends what is to be sent, hands out what was answered, and sets the one alarm. */
  #pump(): void {
    const socket = this.#socket
    if (socket === undefined) return
    const now = this.#ports.clock.now()
    let soonest = Number.POSITIVE_INFINITY
    for (const open of this.#open) {
      const { exchange } = open
      exchange.tick(now)
      const packet = exchange.takeOutput()
      if (packet !== undefined) socket.send(packet, open.to)
      this.#remember(open.key, exchange)
      if (exchange.state === 'open') soonest = Math.min(soonest, exchange.deadline())
      else this.#answer(open)
    }
    if (this.#open.size === 0) this.#close()
    else this.#wakeAt(soonest)
  }

  /** The freshest connection id of each tracker, and none that the tracker answered with an error. */
  #remember(key: string, exchange: UdpExchange): void {
    const { connection, answer } = exchange
    const known = this.#connections.get(key)
    if (answer?.action === 'error') this.#connections.delete(key)
    else if (connection !== undefined && connection.untilMs > (known?.untilMs ?? 0))
      this.#connections.set(key, connection)
  }

  #answer(open: Open): void {
    this.#open.delete(open)
    const { answer } = open.exchange
    if (answer !== undefined) open.done(undefined, answer)
    else open.done(new Error(`no answer from ${open.key} over UDP`), undefined as never)
  }

  #wakeAt(time: number): void {
    if (time === this.#alarmAt) return
    this.#alarm?.cancel()
    this.#alarmAt = time
    this.#alarm = undefined
    if (time === Number.POSITIVE_INFINITY) return
    this.#alarm = this.#ports.clock.at(time, () => {
      this.#alarmAt = Number.POSITIVE_INFINITY
      this.#pump()
    })
  }

  /** With the last question; one that comes later opens a socket of its own. */
  #close(): void {
    const socket = this.#socket
    if (socket === undefined) return
    this.#socket = undefined
    this.#ended()
    this.#alarm?.cancel()
    socket.close(() => {})
  }

  #fail(error: Error): void {
    this.#ended()
    for (const open of this.#open) open.done(error, undefined as never)
    this.#open.clear()
  }
}
