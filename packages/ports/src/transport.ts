// Byte channels: TCP, anything that wraps it (encryption, proxies, rate caps, taps), and the simulator's links.
//
// Errors are `NetworkError`s: REFUSED, UNREACHABLE, TIMED_OUT, RESET, ADDRESS_IN_USE, ADDRESS_NOT_HERE, BAD_ADDRESS …

import type { Endpoint, InfoHash } from '@bt/primitives'
import type { Alarm, Done } from './done.ts'

export interface ByteChannel {
  /** Always an address, IPv4 in dotted form even where it came over an IPv6 socket. */
  readonly remote: Endpoint
  /** What the layers below did, outermost first: 'tcp', 'utp', 'mse-rc4', 'socks5', 'sim' … */
  readonly carriers: readonly string[]
  /** Reading begins; before this nothing is delivered, and nothing that came is lost. Call once. */
  start(reader: ChannelReader): void
  /**
   * One gathered write. All chunks are kept, unchanged, until `sent` runs (once, in order of the sends;
   * it runs too, after `closed`, when the channel dies first, so that lent memory always comes back).
   * False: enough is queued, wait for `drained` before sending more (nothing is refused meanwhile).
   * After `close`, `abort` or `closed` the bytes go nowhere; `sent` runs all the same, after `closed`.
   */
  send(chunks: readonly Uint8Array[], sent?: () => void): boolean
  /** Nothing more is delivered until `resume`; what the far end sends piles up there. */
  pause(): void
  resume(): void
  /** Sends what is queued, then closes. Nothing more is delivered; `closed(undefined)` follows. */
  close(): void
  /**
   * Closes now, throwing away what is queued. Nothing more is delivered; `closed(reason)` follows.
   * The far end hears of it as an error (RESET); with bytes unread there, some systems show an end instead.
   */
  abort(reason: Error): void
  /** Bytes accepted by `send` and not yet handed to the layer below; 0 after `closed`. */
  readonly queuedBytes: number
  /** Simulation, fast profile: hands over a value that counts as `length` bytes. Absent on real channels. */
  readonly sendObject?: (value: object, length: number, sent?: () => void) => boolean
  /** The same: a long value is on its way in. As bytes, the first of it would be here. */
  readonly isReceiving?: boolean
}

export interface ChannelReader {
  /** `chunk` is lent until this returns, and writable (an encryption wrapper decrypts in place). Never empty. */
  received(chunk: Uint8Array): void
  receivedObject?(value: object): void
  /**
   * A hint: it will soon be handed this value, as others are theirs, and may read what it will need. Memory that is far
   * away comes for many at once in nearly the time it takes for one. The number means nothing.
   */
  glance?(value: object): number
  /** After `send` answered false: there is room again. */
  drained(): void
  /** Last call. Undefined: closed in order by either end. Called once, never from inside another call of the channel. */
  closed(reason: Error | undefined): void
}

export interface Transport {
  /**
   * `remote` is an address, never a name. `skey` lets an encryption wrapper work (MSE needs the infohash before the first byte).
   * `cancel` on the answer gives up the dial: `done` is then not called.
   */
  dial(
    remote: Endpoint,
    options: { readonly skey?: InfoHash; readonly timeoutMs?: number },
    done: Done<ByteChannel>,
  ): Alarm
  /** Port 0: any free port; `Listener.local` says which. */
  listen(
    options: { readonly host?: string; readonly port: number },
    accept: (channel: ByteChannel) => void,
    done: Done<Listener>,
  ): void
}

export interface Listener {
  readonly local: Endpoint
  /** No more is accepted; channels that were stay as they are. */
  close(done: Done): void
}
