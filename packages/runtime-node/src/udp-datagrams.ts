// UDP over node:dgram, behind the batch interface: Node offers no recvmmsg, so a batch is what came in one turn of the loop,
// handed over at its end. One datagram that is too long for a place in it is a batch of its own.
//
// Replies leave together, straight from the memory they were written into, which is given up for new memory in the rare
// case that libuv keeps one queued; every other send is copied. Every failure of a send is silence, as loss is. Names are never
// looked up: the socket's own `lookup` answers with the address it is given, at once.

import dgram from 'node:dgram'
import { type Endpoint, endpointText, parseIp } from '@bt/primitives'
import type { DatagramBatch, DatagramReceiver, DatagramSocket, Datagrams, Done } from '@bt/ports'
import { type Log, NetworkError } from '@bt/ports'
import { canonicalHost, familyOf, readHost, readPort, writeAddress } from './addresses.ts'
import type { DescriptorPressure } from './descriptor-pressure.ts'
import { isOutOfDescriptors, networkError } from './errors.ts'
import { POISON } from './tcp-channel.ts'

/** Bytes waiting in libuv at which further sends are dropped, as a full kernel buffer would drop them. */
export const SEND_QUEUE_BYTES = 1024 * 1024
/** Kernel buffers asked for: a tracker's bursts; the system may grant less. */
export const KERNEL_BUFFER_BYTES = 1024 * 1024
/** Datagrams of one call: libuv reads no more in one turn. */
const SLOTS = 32
/** Bytes of a place, for questions and replies: no protocol here answers above 1,500 bytes. */
const SLOT_LENGTH = 2048
/** Bytes up to which a loop copies faster than a call does. */
const COPIED_BY_HAND_MAX = 128

export interface UdpOptions {
  /** Workers of one cluster may open the same port, and share its socket. */
  readonly shared?: boolean
  /** Local address of sockets that name none. */
  readonly host?: string
  readonly poison?: boolean
  readonly pressure?: DescriptorPressure
  readonly log?: Log
}

export class UdpDatagrams implements Datagrams {
  readonly #options: UdpOptions
  readonly #sockets = new Set<UdpSocket>()
  #isClosed = false

  constructor(options: UdpOptions = {}) {
    this.#options = options
  }

  open(
    options: {
      readonly host?: string
      readonly port: number
      readonly family: 4 | 6
      readonly replies?: DatagramBatch
    },
    receiver: DatagramReceiver,
    done: Done<DatagramSocket>,
  ): void {
    const host = options.host ?? this.#options.host
    const refusal = this.#isClosed
      ? new NetworkError('CLOSED', 'the datagram sockets were closed')
      : openRefusal(host, options)
    if (refusal !== undefined) {
      process.nextTick(() => done(refusal, undefined as never))
      return
    }
    const where = endpointText({ host: host ?? 'any address', port: options.port })
    const raw = dgram.createSocket({
      type: options.family === 4 ? 'udp4' : 'udp6',
      ipv6Only: options.family === 6,
      lookup: (address, _options, answer) => answer(null, address, options.family),
    })
    const failed = (error: Error): void => {
      if (isOutOfDescriptors(error)) this.#options.pressure?.felt()
      raw.close()
      const failure = networkError(error, `open UDP at ${where}`, where)
      process.nextTick(() => done(failure, undefined as never))
    }
    raw.once('error', failed)
    raw.bind(
      {
        port: options.port,
        exclusive: this.#options.shared !== true,
        ...(host !== undefined && { address: host }),
      },
      () => {
        raw.off('error', failed)
        raw.on('error', (error) => this.#options.log?.('debug', 'datagrams.error', { error }))
        const socket: UdpSocket = new UdpSocket(
          raw,
          options.family,
          receiver,
          options.replies,
          this.#options.poison === true,
          () => this.#sockets.delete(socket),
        )
        this.#sockets.add(socket)
        if (this.#isClosed) socket.close(() => {})
        // `lookup` answers at once, so bind does too.
        process.nextTick(() => done(undefined, socket))
      },
    )
  }

  /** Closes all sockets. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(
      [...this.#sockets].map(
        (socket) => new Promise<void>((resolve) => socket.close(() => resolve())),
      ),
    )
  }
}

/** Why a socket cannot be opened there, before anything was tried. */
export function openRefusal(
  host: string | undefined,
  options: { readonly port: number; readonly family: 4 | 6 },
): NetworkError | undefined {
  const { port, family } = options
  const address = `${host ?? 'any address'}:${port}`
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    return new NetworkError('BAD_ADDRESS', `port ${port} is not 0 … 65535`, { address })
  }
  if (host === undefined) return undefined
  if (parseIp(host.replace(/%.*$/, '')) === undefined) {
    return new NetworkError('BAD_ADDRESS', `"${host}" is not an address`, { address })
  }
  if (familyOf(host) === family) return undefined
  return new NetworkError('ADDRESS_NOT_HERE', `${host} is no IPv${family} address`, { address })
}

class UdpSocket implements DatagramSocket {
  readonly local: Endpoint
  readonly #raw: dgram.Socket
  readonly #family: 4 | 6
  readonly #receiver: DatagramReceiver
  readonly #replies: { -readonly [field in keyof DatagramBatch]: DatagramBatch[field] }
  /** The last reply of each place of `#replies`. Undefined: the memory is not ours, and is copied. */
  readonly #views: (Buffer | undefined)[] | undefined
  readonly #poison: boolean
  readonly #onClosed: () => void
  /** What came in this turn, and the text of its addresses. */
  readonly #batch: DatagramBatch
  readonly #hosts: string[] = []
  readonly #deliver = (): void => {
    const batch = this.#batch
    try {
      if (this.#isOpen && batch.count > 0) this.#hand(batch)
    } finally {
      batch.count = 0
    }
  }
  #isOpen = true

  constructor(
    raw: dgram.Socket,
    family: 4 | 6,
    receiver: DatagramReceiver,
    replies: DatagramBatch | undefined,
    poison: boolean,
    onClosed: () => void,
  ) {
    this.#raw = raw
    this.#family = family
    this.#receiver = receiver
    this.#replies = replies ?? newBatch(SLOTS, SLOT_LENGTH)
    this.#batch = newBatch(Math.min(SLOTS, this.#replies.capacity), SLOT_LENGTH)
    if (replies === undefined) this.#views = Array.from({ length: SLOTS }, () => undefined)
    this.#poison = poison
    this.#onClosed = onClosed
    const { address, port } = raw.address()
    this.local = { host: canonicalHost(address), port }
    try {
      raw.setRecvBufferSize(KERNEL_BUFFER_BYTES)
      raw.setSendBufferSize(KERNEL_BUFFER_BYTES)
    } catch {
      // The system's own size will do.
    }
    raw.on('message', (bytes, from) => this.#received(bytes, from))
  }

  send(bytes: Uint8Array, to: Uint8Array): void {
    this.#sendTo(bytes, readHost(to, 0, this.#family), readPort(to, 0))
  }

  close(done: Done): void {
    if (!this.#isOpen) {
      setImmediate(() => done(undefined))
      return
    }
    this.#isOpen = false
    this.#raw.close(() => {
      this.#onClosed()
      done(undefined)
    })
  }

  #received(bytes: Buffer, from: dgram.RemoteInfo): void {
    if (!this.#isOpen) return
    if (bytes.length > SLOT_LENGTH) {
      this.#deliver()
      const alone = { ...newBatch(1, 0), count: 1, stride: bytes.length, bytes }
      this.#put(alone, 0, bytes.length, from)
      return this.#hand(alone)
    }
    const batch = this.#batch
    const at = batch.count++
    if (at === 0) setImmediate(this.#deliver)
    const target = at * SLOT_LENGTH
    if (bytes.length > COPIED_BY_HAND_MAX) batch.bytes.set(bytes, target)
    else
      for (let byte = 0; byte < bytes.length; byte++)
        batch.bytes[target + byte] = bytes[byte] as number
    this.#put(batch, at, bytes.length, from)
    if (batch.count === batch.capacity) this.#deliver()
  }

  #put(batch: DatagramBatch, at: number, length: number, from: dgram.RemoteInfo): void {
    batch.lengths[at] = length
    writeAddress(batch.addresses, at * 18, from.address, from.port)
    this.#hosts[at] = from.address
  }

  /** Hands a batch over, and sends what is answered. */
  #hand(batch: DatagramBatch): void {
    const replies = this.#replies
    // Replies of the turn before that the kernel did not take yet are sent from the memory they are in.
    if (this.#views !== undefined && this.#raw.getSendQueueCount() > 0) {
      replies.bytes = new Uint8Array(replies.bytes.length)
      this.#views.fill(undefined)
    }
    replies.count = 0
    this.#receiver.received(batch, replies)
    for (let index = 0, asker = 0; index < replies.count; index++) {
      // Nearly always whoever asked: its address need not be written as text again.
      let at = asker
      while (at < batch.count && !isSameAddress(replies.addresses, index * 18, batch.addresses, at))
        at++
      const isAsker = at < batch.count
      if (isAsker) asker = at + 1
      const host = isAsker
        ? (this.#hosts[at] as string)
        : readHost(replies.addresses, index * 18, this.#family)
      this.#reply(index, host, readPort(replies.addresses, index * 18))
    }
    replies.count = 0
    if (!this.#poison) return
    batch.bytes.fill(POISON)
    batch.addresses.fill(POISON)
  }

  #reply(index: number, host: string, port: number): void {
    const { bytes, stride, lengths } = this.#replies
    const length = lengths[index] as number
    const at = index * stride
    const views = this.#views
    if (views === undefined) return this.#sendTo(bytes.subarray(at, at + length), host, port)
    if (!this.#isOpen || port === 0) return
    let view = views[index]
    if (view?.length !== length) {
      view = Buffer.from(bytes.buffer, bytes.byteOffset + at, length)
      views[index] = view
    }
    this.#raw.send(view, port, host)
  }

  #sendTo(bytes: Uint8Array, host: string, port: number): void {
    if (!this.#isOpen || port === 0) return
    if (this.#raw.getSendQueueSize() > SEND_QUEUE_BYTES) return
    // The copy comes from Node's pool: libuv may keep it queued.
    // Without a callback, which Node would put off to a tick of its own; a failure is an 'error', that is, loss.
    this.#raw.send(Buffer.from(bytes), port, host)
  }
}

/** Whether a reply goes to the sender of a datagram, by number. */
function isSameAddress(one: Uint8Array, at: number, senders: Uint8Array, sender: number): boolean {
  const other = sender * 18
  for (let index = 0; index < 16; index++)
    if (one[at + index] !== senders[other + index]) return false
  return true
}

export function newBatch(capacity: number, stride: number): DatagramBatch {
  return {
    count: 0,
    capacity,
    stride,
    bytes: new Uint8Array(capacity * stride),
    lengths: new Uint16Array(capacity),
    addresses: new Uint8Array(capacity * 18),
  }
}
