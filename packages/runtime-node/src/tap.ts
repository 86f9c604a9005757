// A Transport that records what passes through another one. Nothing is changed, delayed or kept: a chunk is copied
// into its record before it is handed on, so recording works under poison and in front of an encryption wrapper.

import type { Endpoint } from '@bt/primitives'
import type { ByteChannel, ChannelReader, Clock, Transport } from '@bt/ports'
import { encodeTapRecord, TAP_MAGIC, type TapRecord } from './tap-records.ts'

/**
 * Wraps `transport`; `sink` gets the bytes of a `.bttap` recording piece by piece, its head at once. What was given
 * to `send` counts as sent, whether or not it arrives.
 */
export function tap(
  transport: Transport,
  clock: Pick<Clock, 'now'>,
  sink: (bytes: Uint8Array) => void,
): Transport {
  const start = clock.now()
  let channels = 0
  const wrap = (inner: ByteChannel, kind: 'dialled' | 'accepted'): ByteChannel => {
    const channel = channels++
    const record = (facts: Facts): void => {
      sink(encodeTapRecord({ ...facts, timeMs: clock.now() - start, channel }))
    }
    record({ kind, remote: inner.remote })
    return new TappedChannel(inner, record)
  }
  sink(TAP_MAGIC.slice())
  return {
    dial: (remote, options, done) =>
      transport.dial(remote, options, (error, channel) => {
        if (error === undefined) done(undefined, wrap(channel, 'dialled'))
        else done(error, channel)
      }),
    listen: (options, accept, done) => {
      transport.listen(options, (channel) => accept(wrap(channel, 'accepted')), done)
    },
  }
}

type Facts = TapRecord extends infer R
  ? R extends TapRecord
    ? Omit<R, 'timeMs' | 'channel'>
    : never
  : never

class TappedChannel implements ByteChannel {
  readonly #inner: ByteChannel
  readonly #record: (facts: Facts) => void

  constructor(inner: ByteChannel, record: (facts: Facts) => void) {
    this.#inner = inner
    this.#record = record
  }

  get remote(): Endpoint {
    return this.#inner.remote
  }

  get carriers(): readonly string[] {
    return this.#inner.carriers
  }

  get queuedBytes(): number {
    return this.#inner.queuedBytes
  }

  start(reader: ChannelReader): void {
    const record = this.#record
    this.#inner.start({
      received: (chunk) => {
        record({ kind: 'received', bytes: chunk })
        reader.received(chunk)
      },
      drained: () => reader.drained(),
      closed: (reason) => {
        record({ kind: 'closed', reason: reason === undefined ? undefined : reasonText(reason) })
        reader.closed(reason)
      },
    })
  }

  send(chunks: readonly Uint8Array[], sent?: () => void): boolean {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    if (length > 0) this.#record({ kind: 'sent', bytes: gather(chunks, length) })
    return this.#inner.send(chunks, sent)
  }

  pause(): void {
    this.#inner.pause()
  }

  resume(): void {
    this.#inner.resume()
  }

  close(): void {
    this.#inner.close()
  }

  abort(reason: Error): void {
    this.#inner.abort(reason)
  }
}

function gather(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

function reasonText(reason: Error): string {
  return `${reason.name}: ${reason.message}`
}
