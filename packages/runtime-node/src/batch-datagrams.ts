// UDP in batches of up to 64, by an addon: one system call and one call into JavaScript for all that waits.
//
// Behind the same interface and contract as UdpDatagrams, with these differences: a datagram of more than 2,048 bytes
// is lost, and sockets may share a port among processes (SO_REUSEPORT), where the kernel spreads senders over them.

import { type Endpoint, endpointText } from '@bt/primitives'
import type { DatagramBatch, DatagramReceiver, DatagramSocket, Datagrams, Done } from '@bt/ports'
import { NetworkError } from '@bt/ports'
import { canonicalHost } from './addresses.ts'
import type { BatchNative, NativeSocket } from './batch-native.ts'
import { isOutOfDescriptors, networkError } from './errors.ts'
import { POISON } from './tcp-channel.ts'
import { KERNEL_BUFFER_BYTES, newBatch, openRefusal, type UdpOptions } from './udp-datagrams.ts'

/** Datagrams of one call. */
const SLOTS = 64
const SLOT_LENGTH = 2048

export interface BatchOptions extends UdpOptions {
  /** Several sockets, of this process or others, may open one port; each must ask for it. */
  readonly shared?: boolean
}

export class BatchDatagrams implements Datagrams {
  readonly #native: BatchNative
  readonly #options: BatchOptions
  readonly #sockets = new Set<BatchSocket>()
  #isClosed = false

  constructor(native: BatchNative, options: BatchOptions = {}) {
    this.#native = native
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
    const answer = (error: NetworkError | undefined, socket?: BatchSocket): void =>
      process.nextTick(() => done(error as undefined, socket as BatchSocket))
    const refusal = this.#isClosed
      ? new NetworkError('CLOSED', 'the datagram sockets were closed')
      : openRefusal(host, options)
    if (refusal !== undefined) return answer(refusal)
    const where = endpointText({ host: host ?? 'any address', port: options.port })
    try {
      const socket: BatchSocket = new BatchSocket(
        this.#native,
        { ...options, host: host ?? (options.family === 4 ? '0.0.0.0' : '::') },
        this.#options,
        receiver,
        () => this.#sockets.delete(socket),
      )
      this.#sockets.add(socket)
      answer(undefined, socket)
    } catch (error) {
      if (isOutOfDescriptors(error)) this.#options.pressure?.felt()
      answer(networkError(error, `open UDP at ${where}`, where))
    }
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

class BatchSocket implements DatagramSocket {
  readonly local: Endpoint
  readonly #native: BatchNative
  readonly #socket: NativeSocket
  readonly #onClosed: () => void
  #isOpen = true

  constructor(
    native: BatchNative,
    at: {
      readonly host: string
      readonly port: number
      readonly family: 4 | 6
      readonly replies?: DatagramBatch
    },
    options: BatchOptions,
    receiver: DatagramReceiver,
    onClosed: () => void,
  ) {
    this.#native = native
    this.#onClosed = onClosed
    const replies = at.replies ?? newBatch(SLOTS, SLOT_LENGTH)
    const batch = newBatch(Math.min(SLOTS, replies.capacity), SLOT_LENGTH)
    const received = (count: number): number => {
      if (!this.#isOpen) return 0
      batch.count = count
      replies.count = 0
      receiver.received(batch, replies)
      if (options.poison === true) {
        batch.bytes.fill(POISON)
        batch.addresses.fill(POISON)
      }
      return replies.count
    }
    this.#socket = native.open(
      at.host,
      at.port,
      at.family,
      options.shared === true,
      KERNEL_BUFFER_BYTES,
      ...sideOf(batch),
      ...sideOf(replies),
      received,
    )
    const [host, port] = native.local(this.#socket).split(' ') as [string, string]
    this.local = { host: canonicalHost(host), port: Number(port) }
  }

  send(bytes: Uint8Array, to: Uint8Array): void {
    if (this.#isOpen) this.#native.send(this.#socket, bytes, to)
  }

  close(done: Done): void {
    if (this.#isOpen) {
      this.#isOpen = false
      this.#native.close(this.#socket)
      this.#onClosed()
    }
    setImmediate(() => done(undefined))
  }
}

function sideOf(batch: DatagramBatch): [Uint8Array, Uint16Array, Uint8Array, number, number] {
  return [batch.bytes, batch.lengths, batch.addresses, batch.capacity, batch.stride]
}
