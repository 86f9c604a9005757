// Two ends of one channel, each with a reader that watches every rule of `ChannelReader`.

import type { ByteChannel, ChannelReader, Listener, Transport } from '../src/index.ts'
import { type Check, checkIn, type Setup, type Witness, type World } from './check.ts'
import { content, StreamCheck } from './content.ts'

/** Both adapters must run with poison on: a chunk is overwritten with 0xDB after the call that lent it. */
export interface TransportParts {
  /** Dials. */
  readonly near: Transport
  /** Listens; may be the same. */
  readonly far: Transport
  /** Address of `far` as `near` dials it; `far` listens there. */
  readonly farHost: string
  /** Address of `near` as `far` sees it. */
  readonly nearHost: string
}

/** Reads a stream of `content`, and complains when a rule of the reader is broken. */
export class WatchedReader implements ChannelReader {
  readonly stream: StreamCheck
  /** The last chunk, kept against the rule to see what becomes of it. */
  lastChunk: Uint8Array | undefined
  drainedCalls = 0
  closedCalls = 0
  reason: Error | undefined
  onReceived: ((chunk: Uint8Array) => void) | undefined
  onDrained: (() => void) | undefined
  readonly #witness: Witness
  readonly #name: string
  #inside = 0

  constructor(name: string, witness: Witness, stream: number) {
    this.#name = name
    this.#witness = witness
    this.stream = new StreamCheck(stream)
  }

  /** Runs a call of the channel; the reader must not be called from inside it. */
  within<T>(call: () => T): T {
    this.#inside++
    try {
      return call()
    } finally {
      this.#inside--
    }
  }

  received(chunk: Uint8Array): void {
    this.#called('received')
    this.stream.take(chunk)
    this.lastChunk = chunk
    this.within(() => this.onReceived?.(chunk))
  }

  drained(): void {
    this.#called('drained')
    this.drainedCalls++
    this.onDrained?.()
  }

  closed(reason: Error | undefined): void {
    this.#called('closed')
    this.closedCalls++
    this.reason = reason
  }

  #called(what: string): void {
    if (this.closedCalls > 0) this.#witness.complain(`${this.#name}: ${what} after closed`)
    if (this.#inside > 0) this.#witness.complain(`${this.#name}: ${what} from inside another call`)
  }
}

/** One end: its channel, its reader, and a sender of `content` that watches every `sent`. */
export class End {
  readonly channel: ByteChannel
  readonly reader: WatchedReader
  sends = 0
  sentCalls = 0
  sentLength = 0
  readonly #stream: number
  readonly #witness: Witness

  /** `streams`: what it sends and what it reads. */
  constructor(
    name: string,
    channel: ByteChannel,
    witness: Witness,
    streams: readonly [number, number],
  ) {
    this.channel = channel
    this.#witness = witness
    this.#stream = streams[0]
    this.reader = new WatchedReader(name, witness, streams[1])
  }

  start(): this {
    this.reader.within(() => this.channel.start(this.reader))
    return this
  }

  /** Sends the next bytes of its stream as one gathered write of chunks of these lengths. */
  send(...lengths: number[]): boolean {
    const chunks = lengths.map((length) => {
      const chunk = content(this.#stream, this.sentLength, length)
      this.sentLength += length
      return chunk
    })
    const order = this.sends++
    const once = this.#witness.once(`sent of send ${order}`, () => {
      if (this.sentCalls++ !== order)
        this.#witness.complain(`sent of send ${order} came out of order`)
    })
    const room = this.reader.within(() => this.channel.send(chunks, once.call))
    once.arm()
    return room
  }

  close(): void {
    this.reader.within(() => this.channel.close())
  }

  abort(reason: Error): void {
    this.reader.within(() => this.channel.abort(reason))
  }
}

export interface Pair {
  readonly near: End
  readonly far: End
  readonly listener: Listener
}

/** A pair of connected ends, not started. `near` dialled. */
export async function connect(world: World & TransportParts, witness: Witness): Promise<Pair> {
  const accepted: ByteChannel[] = []
  const listener = await witness.ask<Listener>('listen', (done) =>
    world.far.listen({ host: world.farHost, port: 0 }, (channel) => accepted.push(channel), done),
  )
  const dialled = await witness.ask<ByteChannel>('dial', (done) =>
    world.near.dial(listener.local, { timeoutMs: 5000 }, done),
  )
  await world.until(() => accepted.length === 1, 'the far end accepts')
  return {
    near: new End('near', dialled, witness, [1, 2]),
    far: new End('far', accepted[0] as ByteChannel, witness, [2, 1]),
    listener,
  }
}

/** A check over a started pair, once from each end: sockets that dialled and that accepted are two code paths. */
export function pairChecks(
  name: string,
  setup: Setup<TransportParts>,
  body: (
    one: End,
    other: End,
    world: World & TransportParts,
    witness: Witness,
    pair: Pair,
  ) => Promise<void>,
  options: { readonly started: boolean } = { started: true },
): Check[] {
  return (['dialled', 'accepted'] as const).map((side) =>
    checkIn(`${name} (${side} end)`, setup, async (world, witness) => {
      const pair = await connect(world, witness)
      if (options.started) {
        pair.near.start()
        pair.far.start()
      }
      const [one, other] = side === 'dialled' ? [pair.near, pair.far] : [pair.far, pair.near]
      await body(one, other, world, witness, pair)
      await finish(pair, world, witness)
    }),
  )
}

/** Ends what a check left open; every `sent` must have come by then, and every `closed`. */
async function finish(pair: Pair, world: World, witness: Witness): Promise<void> {
  for (const end of [pair.near, pair.far]) {
    const { reader } = end
    reader.onReceived = undefined
    end.abort(new Error('end of the check'))
    if (reader.stream.fault !== undefined) witness.complain(reader.stream.fault)
  }
  await world.until(
    () => [pair.near, pair.far].every((end) => end.sentCalls === end.sends),
    'every sent has come',
  )
  await witness.ask('close the listener', (done) => pair.listener.close(done))
  await world.pass(1)
  for (const end of [pair.near, pair.far]) {
    if (end.reader.closedCalls > 1) witness.complain(`closed came ${end.reader.closedCalls} times`)
  }
}
