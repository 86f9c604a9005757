// Datagrams in, datagrams out: BEP 15 with proven addresses, written against a batch of flat memory.
//
// Until a sender proved its address with a connection id, no answer is longer than the question: the tracker is no
// amplifier. An address that guesses at ids hears nothing for its guesses, and is still served with a true id, so that
// nobody can silence somebody else.

import type { Clock, DatagramBatch, DatagramReceiver, Random } from '@bt/ports'
import { type Endpoint, formatIp, unpackEndpoint } from '@bt/primitives'
import {
  encodeConnectResponse,
  encodeUdpAnnounceResponse,
  encodeUdpError,
  encodeUdpScrapeResponse,
  parseUdpRequest,
  TrackerProtocolError,
  transactionIdOf,
  type UdpRequest,
} from '@bt/tracker-protocol'
import { ConnectionIds } from './connection-id.ts'
import { TrackerError } from './errors.ts'
import { BAD_ADDRESSES_MAX, BAD_IDS_MAX, CONNECTION_ID_STEP_MS } from './limits.ts'
import { isMapped } from './members.ts'
import type { Tracker } from './tracker.ts'

/** Bytes of a packet that leave room for some words in answer. */
const SHORT_LENGTH_MIN = 24

export class UdpFrontend implements DatagramReceiver {
  readonly #tracker: Tracker
  readonly #failed: ((error: unknown) => void) | undefined
  readonly #clock: Clock
  readonly #ids: ConnectionIds
  /** Bad ids by address since `#badSince`. */
  readonly #bad = new Map<string, number>()
  #badSince = 0

  /** `failed` hears what is wrong on our side, such as a hook that breaks; without it, `received` throws it. */
  constructor(
    tracker: Tracker,
    ports: { readonly clock: Clock; readonly random: Random },
    failed?: (error: unknown) => void,
  ) {
    this.#tracker = tracker
    this.#failed = failed
    this.#clock = ports.clock
    this.#ids = new ConnectionIds(ports.random)
  }

  received(batch: DatagramBatch, replies: DatagramBatch): void {
    for (let at = 0; at < batch.count; at++) {
      const start = at * batch.stride
      const packet = batch.bytes.subarray(start, start + (batch.lengths[at] as number))
      const sender = batch.addresses.subarray(at * 18, at * 18 + 18)
      const reply = this.#guarded(packet, sender)
      if (
        reply === undefined ||
        reply.length > replies.stride ||
        replies.count === replies.capacity
      )
        continue
      const to = replies.count++
      replies.bytes.set(reply, to * replies.stride)
      replies.lengths[to] = reply.length
      replies.addresses.set(sender, to * 18)
    }
  }

  /** `sender` is 18 bytes: 16 of address (IPv4 as mapped IPv6), 2 of port. Undefined: silence. */
  answer(packet: Uint8Array, sender: Uint8Array): Uint8Array | undefined {
    const now = this.#clock.now()
    const address = sender.subarray(0, 16)
    let request: UdpRequest
    try {
      request = parseUdpRequest(packet)
    } catch (error) {
      if (error instanceof TrackerProtocolError) return short(packet, error.message)
      throw error
    }
    const { transactionId } = request
    if (request.action === 'connect') {
      const id = new Uint8Array(8)
      this.#ids.write(id, 0, address, now)
      return encodeConnectResponse(transactionId, id)
    }
    if (!this.#ids.holds(request.connectionId, 0, address, now)) {
      return this.#isGuessing(formatIp(address), now)
        ? undefined
        : short(packet, 'connection id is not valid, connect again')
    }
    try {
      return this.#serve(request, unpackEndpoint(sender, 0, 18), isMapped(address) ? 6 : 18)
    } catch (error) {
      if (error instanceof TrackerError) return encodeUdpError(transactionId, error.message)
      throw error
    }
  }

  #guarded(packet: Uint8Array, sender: Uint8Array): Uint8Array | undefined {
    try {
      return this.answer(packet, sender)
    } catch (error) {
      if (this.#failed === undefined) throw error
      this.#failed(error)
      return undefined
    }
  }

  #serve(
    request: Exclude<UdpRequest, { action: 'connect' }>,
    from: Endpoint,
    stride: 6 | 18,
  ): Uint8Array {
    if (request.action === 'scrape')
      return encodeUdpScrapeResponse(
        request.transactionId,
        this.#tracker.scrape(request.infoHashes),
      )
    const response = this.#tracker.announce(request.request, from, stride === 6 ? 4 : 6)
    return encodeUdpAnnounceResponse(request.transactionId, response, stride)
  }

  #isGuessing(host: string, now: number): boolean {
    if (now - this.#badSince > CONNECTION_ID_STEP_MS) {
      this.#bad.clear()
      this.#badSince = now
    }
    const bad = (this.#bad.get(host) ?? 0) + 1
    if (bad > 1 || this.#bad.size < BAD_ADDRESSES_MAX) this.#bad.set(host, bad)
    return bad > BAD_IDS_MAX
  }
}

/** An error no longer than what it answers; silence where there is no room, or no transaction to name. */
function short(packet: Uint8Array, sentence: string): Uint8Array | undefined {
  const transactionId = transactionIdOf(packet)
  if (transactionId === undefined || packet.length < SHORT_LENGTH_MIN) return undefined
  return encodeUdpError(transactionId, sentence).subarray(0, packet.length)
}
