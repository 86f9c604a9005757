// UDP over node:dgram, behind the batch interface: Node offers no recvmmsg, so each batch holds one datagram.
//
// A reply leaves straight from the memory it was written into, which is given up for new memory in the rare case that
// libuv keeps it queued; every other send is copied. Every failure of a send is silence, as loss is. Names are never
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
/** Replies one call can hold, and the longest: no protocol here answers above 1,500 bytes. */
const REPLIES = 8
const REPLY_LENGTH = 2048

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
  /** Replies of our own making, by length: views of the first place of `#replies`. Undefined: the memory is not ours. */
  readonly #views: (Buffer | undefined)[] | undefined
  readonly #poison: boolean
  readonly #onClosed: () => void
  /** The batch of every call: one datagram, its `bytes` set anew each time. */
  readonly #batch = {
    count: 1,
    capacity: 1,
    stride: 0,
    bytes: new Uint8Array(0) as Uint8Array,
    lengths: new Uint16Array(1),
    addresses: new Uint8Array(18),
  }
  #isOpen = true
  /** After the last send something was left queued. */
  #isQueueing = false

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
    this.#replies = replies ?? newBatch(REPLIES, REPLY_LENGTH)
    if (replies === undefined)
      this.#views = Array.from({ length: REPLY_LENGTH + 1 }, () => undefined)
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
    const batch = this.#batch
    const replies = this.#replies
    batch.count = 1
    batch.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    batch.stride = bytes.length
    batch.lengths[0] = bytes.length
    writeAddress(batch.addresses, 0, from.address, from.port)
    replies.count = 0
    this.#receiver.received(batch, replies)
    for (let index = 0; index < replies.count; index++) {
      const isSender = isSameAddress(replies.addresses, index * 18, batch.addresses)
      const host = isSender ? from.address : readHost(replies.addresses, index * 18, this.#family)
      this.#reply(index, host, readPort(replies.addresses, index * 18))
    }
    replies.count = 0
    if (!this.#poison) return
    batch.bytes.fill(POISON)
    batch.addresses.fill(POISON)
  }

  #reply(index: number, host: string, port: number): void {
    const replies = this.#replies
    const length = replies.lengths[index] as number
    const at = index * replies.stride
    const views = this.#views
    if (views === undefined || index > 0 || this.#isQueueing)
      return this.#sendTo(replies.bytes.subarray(at, at + length), host, port)
    if (!this.#isOpen || port === 0) return
    views[length] ??= Buffer.from(replies.bytes.buffer, replies.bytes.byteOffset, length)
    this.#raw.send(views[length], port, host)
    this.#isQueueing = this.#raw.getSendQueueCount() > 0
    if (!this.#isQueueing) return
    replies.bytes = new Uint8Array(replies.bytes.length)
    views.fill(undefined)
  }

  #sendTo(bytes: Uint8Array, host: string, port: number): void {
    if (!this.#isOpen || port === 0) return
    if (this.#raw.getSendQueueSize() > SEND_QUEUE_BYTES) return
    // The copy comes from Node's pool: libuv may keep it queued.
    // Without a callback, which Node would put off to a tick of its own; a failure is an 'error', that is, loss.
    this.#raw.send(Buffer.from(bytes), port, host)
    this.#isQueueing = this.#raw.getSendQueueCount() > 0
  }
}

/** The common answer goes to who asked: its address need not be written as text again. */
function isSameAddress(one: Uint8Array, at: number, other: Uint8Array): boolean {
  for (let index = 0; index < 16; index++) if (one[at + index] !== other[index]) return false
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
