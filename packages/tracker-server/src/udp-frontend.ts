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
  encodeUdpExtended,
  encodeUdpScrapeResponse,
  parseUdpRequest,
  TrackerProtocolError,
  transactionIdOf,
  UDP_RESPONSE_LENGTH_MAX,
  type UdpRequest,
  wantsExtended,
} from '@bt/tracker-protocol'
import { type Halves, halvesOf } from './copy-halves.ts'
import { ConnectionIds } from './connection-id.ts'
import { TrackerError } from './errors.ts'
import { BAD_ADDRESSES_MAX, BAD_IDS_MAX, CONNECTION_ID_STEP_MS } from './limits.ts'
import { isMapped } from './peer-key.ts'
import type { Tracker } from './tracker.ts'
import { isPlainAnnounce, serveAnnounce } from './udp-announce.ts'

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
  #halves: Halves | undefined

  /** `secret` (16 bytes) makes frontends of one clock accept each other's ids. `failed` hears what is wrong on our side, such as a hook that breaks; without it, `received` throws it. */
  constructor(
    tracker: Tracker,
    ports: { readonly clock: Clock; readonly random: Random; readonly secret?: Uint8Array },
    failed?: (error: unknown) => void,
  ) {
    this.#tracker = tracker
    this.#failed = failed
    this.#clock = ports.clock
    this.#ids = new ConnectionIds(ports.random, ports.secret)
  }

  received(batch: DatagramBatch, replies: DatagramBatch): void {
    const now = this.#clock.now()
    const halves = this.#tracker.isPlain ? this.#halvesOf(replies) : undefined
    for (let at = 0; at < batch.count && replies.count < replies.capacity; at++) {
      const start = at * batch.stride
      const length = batch.lengths[at] as number
      const target = replies.count * replies.stride
      const isPlain =
        halves !== undefined &&
        isPlainAnnounce(batch.bytes, start, length) &&
        this.#ids.holds(batch.bytes, start, batch.addresses, at * 18, now)
      const replied = isPlain
        ? this.#serve(batch, at, replies, halves, target, now)
        : this.#answerInto(batch, at, replies, target)
      if (replied === 0) continue
      const to = replies.count++
      replies.lengths[to] = replied
      for (let byte = 0; byte < 18; byte++)
        replies.addresses[to * 18 + byte] = batch.addresses[at * 18 + byte] as number
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
      this.#ids.write(id, 0, address, 0, now)
      return encodeConnectResponse(transactionId, id)
    }
    if (!this.#ids.holds(request.connectionId, 0, address, 0, now)) {
      return this.#isGuessing(formatIp(address), now)
        ? undefined
        : short(packet, 'connection id is not valid, connect again')
    }
    try {
      return this.#answerProven(request, unpackEndpoint(sender, 0, 18), isMapped(address) ? 6 : 18)
    } catch (error) {
      if (error instanceof TrackerError) return encodeUdpError(transactionId, error.message)
      throw error
    }
  }

  /** The common announce, in flat memory; 0 when something of ours broke. */
  #serve(
    batch: DatagramBatch,
    at: number,
    replies: DatagramBatch,
    halves: Halves,
    target: number,
    now: number,
  ): number {
    const start = at * batch.stride
    const { bytes, addresses } = batch
    try {
      const to = target >> 1
      return serveAnnounce(
        this.#tracker,
        bytes,
        start,
        addresses,
        at * 18,
        replies.bytes,
        halves,
        to,
        now,
      )
    } catch (error) {
      if (!(error instanceof TrackerError)) return this.#broke(error)
      const transactionId = transactionIdOf(bytes.subarray(start, start + 16)) ?? 0
      return this.#put(encodeUdpError(transactionId, error.message), replies, target)
    }
  }

  #answerInto(batch: DatagramBatch, at: number, replies: DatagramBatch, target: number): number {
    const start = at * batch.stride
    const packet = batch.bytes.subarray(start, start + (batch.lengths[at] as number))
    const sender = batch.addresses.subarray(at * 18, at * 18 + 18)
    try {
      const reply = this.answer(packet, sender)
      return reply === undefined ? 0 : this.#put(reply, replies, target)
    } catch (error) {
      return this.#broke(error)
    }
  }

  /** The length of a reply that was put, or 0: it is too long for its place. */
  #put(reply: Uint8Array, replies: DatagramBatch, target: number): number {
    if (reply.length > replies.stride) return 0
    replies.bytes.set(reply, target)
    return reply.length
  }

  #broke(error: unknown): 0 {
    if (this.#failed === undefined) throw error
    this.#failed(error)
    return 0
  }

  /** The memory of replies as half-words; undefined where answers may not fit it or its places are odd. */
  #halvesOf(replies: DatagramBatch): Halves | undefined {
    const { bytes, stride } = replies
    const known = this.#halves?.halves
    if (known?.buffer === bytes.buffer && known.byteOffset === bytes.byteOffset) return this.#halves
    if (stride % 2 !== 0 || stride < UDP_RESPONSE_LENGTH_MAX || bytes.byteOffset % 4 !== 0)
      return undefined
    this.#halves = halvesOf(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1))
    return this.#halves
  }

  #answerProven(
    request: Exclude<UdpRequest, { action: 'connect' }>,
    from: Endpoint,
    stride: 6 | 18,
  ): Uint8Array {
    if (request.action === 'scrape')
      return encodeUdpScrapeResponse(
        request.transactionId,
        this.#tracker.scrape(request.infoHashes),
      )
    const { transactionId, request: announce } = request
    const isExtended = wantsExtended(announce)
    const family = isExtended ? undefined : stride === 6 ? 4 : 6
    const response = this.#tracker.announce(announce, from, family)
    const extended = isExtended ? encodeUdpExtended(transactionId, response) : undefined
    return extended ?? encodeUdpAnnounceResponse(transactionId, response, stride)
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
