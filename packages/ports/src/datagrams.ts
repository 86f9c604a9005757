// UDP in batches: flat memory, so that one system call, or none, can move many datagrams.
// Errors are `NetworkError`s: ADDRESS_IN_USE, ADDRESS_NOT_HERE, NO_PERMISSION …

import type { Endpoint } from '@bt/primitives'
import type { Done } from './done.ts'

/**
 * Some datagrams in flat memory. Datagram i is `bytes[i*stride .. i*stride+lengths[i])`; its address is
 * the 18 bytes `addresses[i*18 ..]`: 16 of IPv6 (IPv4 as ::ffff:a.b.c.d), 2 of port, big-endian.
 * Everything is lent for the length of one call.
 */
export interface DatagramBatch {
  count: number
  readonly capacity: number
  readonly stride: number
  readonly bytes: Uint8Array
  readonly lengths: Uint16Array
  readonly addresses: Uint8Array
}

export interface Datagrams {
  /** `family` 6 is IPv6 only. Port 0: any free port. `replies`: memory for answers, made by the adapter when absent. */
  open(
    options: {
      readonly host?: string
      readonly port: number
      readonly family: 4 | 6
      readonly replies?: DatagramBatch
    },
    receiver: DatagramReceiver,
    done: Done<DatagramSocket>,
  ): void
}

export interface DatagramReceiver {
  /**
   * A batch came. Answers may be put into `replies` (count is 0 at the call,
   * capacity at least that of `batch`); they are sent when this returns.
   */
  received(batch: DatagramBatch, replies: DatagramBatch): void
}

export interface DatagramSocket {
  readonly local: Endpoint
  /** For senders that are not answering (uTP, DHT, tracker client). `to` is 18 bytes as above. Copied before return. Loss is silent, and so is an address nobody listens at, and a socket that is closed. */
  send(bytes: Uint8Array, to: Uint8Array): void
  /** Nothing is delivered after this call. */
  close(done: Done): void
}
