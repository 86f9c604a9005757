// What every Datagrams does: whole datagrams with the sender's address, answers in the same call, loss in silence.
//
// The world must lose nothing while the suite runs: the simulator's links are set to no loss.

import { packMapped } from '@bt/primitives'
import type { DatagramBatch, DatagramReceiver, DatagramSocket, Datagrams } from '../src/index.ts'
import {
  type Check,
  checkIn,
  equal,
  sameBytes,
  type Setup,
  that,
  type Witness,
  type World,
} from './check.ts'
import { content } from './content.ts'

/** Both adapters must run with poison on: lent memory is overwritten with 0xDB after the call. */
export interface DatagramParts {
  readonly near: Datagrams
  readonly far: Datagrams
  readonly nearHost: string
  readonly farHost: string
  readonly family: 4 | 6
}

/** What a receiver of the suite saw, copied. */
class Inbox implements DatagramReceiver {
  readonly datagrams: { readonly bytes: Uint8Array; readonly from: Uint8Array }[] = []
  readonly lent: Uint8Array[] = []
  answer: ((bytes: Uint8Array, from: Uint8Array) => Uint8Array | undefined) | undefined
  readonly #witness: Witness

  constructor(witness: Witness) {
    this.#witness = witness
  }

  received(batch: DatagramBatch, replies: DatagramBatch): void {
    if (replies.count !== 0) this.#witness.complain(`replies.count is ${replies.count} at the call`)
    if (batch.count < 1) this.#witness.complain('an empty batch came')
    if (replies.capacity < batch.capacity)
      this.#witness.complain('replies hold less than the batch')
    for (let index = 0; index < batch.count; index++) {
      const at = index * batch.stride
      const view = batch.bytes.subarray(at, at + (batch.lengths[index] as number))
      const bytes = view.slice()
      const from = batch.addresses.slice(index * 18, index * 18 + 18)
      this.lent.push(view)
      this.datagrams.push({ bytes, from })
      const answer = this.answer?.(bytes, from)
      if (answer === undefined) continue
      const to = replies.count++
      replies.bytes.set(answer, to * replies.stride)
      replies.lengths[to] = answer.length
      replies.addresses.set(from, to * 18)
    }
  }
}

/** The suite for `Datagrams`. */
export function datagramsContract(setup: Setup<DatagramParts>): Check[] {
  const pairCheck = (
    name: string,
    body: (pair: Pair, witness: Witness, world: World & DatagramParts) => Promise<void>,
  ): Check =>
    checkIn(name, setup, async (world, witness) => {
      const pair = await openPair(world, witness)
      await body(pair, witness, world)
      for (const socket of [pair.near, pair.far])
        await witness.ask('close', (done) => socket.close(done))
    })
  return [
    pairCheck('a datagram arrives whole, with its sender', async (pair, _witness, world) => {
      for (const length of [1, 16, 512, 1400]) {
        const before = pair.farInbox.datagrams.length
        pair.near.send(content(length, 0, length), pair.farAddress)
        await world.until(() => pair.farInbox.datagrams.length > before, `${length} bytes`)
        const got = pair.farInbox.datagrams[before]
        sameBytes(got?.bytes as Uint8Array, content(length, 0, length), 'bytes')
        sameBytes(got?.from as Uint8Array, pair.nearAddress, 'sender')
      }
    }),
    pairCheck('answers put into replies come back', async (pair, _witness, world) => {
      pair.farInbox.answer = (bytes) => bytes.slice().reverse()
      for (let round = 1; round <= 20; round++) {
        pair.near.send(content(round, 0, 20 + round), pair.farAddress)
        await world.until(() => pair.nearInbox.datagrams.length === round, `answer ${round}`)
        const got = pair.nearInbox.datagrams[round - 1]
        sameBytes(got?.bytes as Uint8Array, content(round, 0, 20 + round).reverse(), 'answer')
        sameBytes(got?.from as Uint8Array, pair.farAddress, 'sender of the answer')
      }
    }),
    pairCheck('send copies before it returns', async (pair, _witness, world) => {
      const bytes = content(1, 0, 100)
      const to = pair.farAddress.slice()
      pair.near.send(bytes, to)
      bytes.fill(0)
      to.fill(0)
      await world.until(() => pair.farInbox.datagrams.length === 1, 'the datagram')
      sameBytes(pair.farInbox.datagrams[0]?.bytes as Uint8Array, content(1, 0, 100), 'bytes')
    }),
    pairCheck('what is lent is lent only', async (pair, witness, world) => {
      pair.near.send(content(1, 0, 100), pair.farAddress)
      await world.until(() => pair.farInbox.datagrams.length === 1, 'the datagram')
      await world.pass(1)
      const lent = pair.farInbox.lent[0] as Uint8Array
      if (!lent.every((byte) => byte === 0xdb)) witness.complain('lent memory was not overwritten')
    }),
    pairCheck('a burst arrives, each datagram once', async (pair, _witness, world) => {
      for (let index = 0; index < 100; index++)
        pair.near.send(Uint8Array.of(index, 7), pair.farAddress)
      await world.until(() => pair.farInbox.datagrams.length >= 100, '100 datagrams')
      const seen = new Set(pair.farInbox.datagrams.map((datagram) => datagram.bytes[0]))
      equal(seen.size, 100, 'different datagrams')
    }),
    pairCheck(
      'an address nobody listens at is silence, and the socket lives on',
      async (pair, witness, world) => {
        const inbox = new Inbox(witness)
        const gone = await open(witness, world.far, world, inbox, world.farHost)
        const address = packMapped(gone.local) as Uint8Array
        await witness.ask('close', (done) => gone.close(done))
        for (let round = 0; round < 5; round++) pair.near.send(content(1, 0, 30), address)
        pair.near.send(
          content(1, 0, 30),
          packMapped({ host: world.farHost, port: 0 }) as Uint8Array,
        )
        await world.pass(10)
        pair.near.send(content(2, 0, 30), pair.farAddress)
        await world.until(
          () => pair.farInbox.datagrams.length === 1,
          'a datagram to one who listens',
        )
        equal(inbox.datagrams.length, 0, 'datagrams after close')
      },
    ),
    pairCheck('a port that is taken is ADDRESS_IN_USE', async (pair, witness, world) => {
      const { port } = pair.far.local
      that(port > 0, 'a port was chosen')
      await witness.fails<DatagramSocket>(
        'open',
        (done) =>
          world.far.open(
            { host: world.farHost, port, family: world.family },
            new Inbox(witness),
            done,
          ),
        'ADDRESS_IN_USE',
      )
    }),
    checkIn(
      'after close nothing is delivered or sent, without an error',
      setup,
      async (world, witness) => {
        const pair = await openPair(world, witness)
        pair.near.send(content(1, 0, 10), pair.farAddress)
        const closing = witness.ask('close', (done) => pair.far.close(done))
        const before = pair.farInbox.datagrams.length
        await closing
        pair.far.send(content(1, 0, 10), pair.nearAddress)
        await world.pass(10)
        equal(pair.farInbox.datagrams.length, before, 'datagrams delivered after close')
        equal(pair.nearInbox.datagrams.length, 0, 'datagrams sent after close')
        await witness.ask('close', (done) => pair.near.close(done))
      },
    ),
    checkIn('a socket may be closed from inside received', setup, async (world, witness) => {
      const pair = await openPair(world, witness)
      let closed = false
      pair.farInbox.answer = () => {
        pair.far.close(() => {
          closed = true
        })
        return undefined
      }
      pair.near.send(content(1, 0, 10), pair.farAddress)
      await world.until(() => closed, 'close')
      await witness.ask('close', (done) => pair.near.close(done))
    }),
    checkIn('memory given for replies is the memory used', setup, async (world, witness) => {
      const replies = batchOf(16, 600)
      const used: DatagramBatch[] = []
      const receiver: DatagramReceiver = { received: (_batch, given) => void used.push(given) }
      const options = { host: world.farHost, port: 0, family: world.family, replies } as const
      const far = await witness.ask<DatagramSocket>('open', (done) =>
        world.far.open(options, receiver, done),
      )
      const near = await open(witness, world.near, world, new Inbox(witness), world.nearHost)
      near.send(content(1, 0, 10), packMapped(far.local) as Uint8Array)
      await world.until(() => used.length === 1, 'a datagram')
      equal(used[0], replies, 'replies')
      for (const socket of [near, far]) await witness.ask('close', (done) => socket.close(done))
    }),
  ]
}

interface Pair {
  readonly near: DatagramSocket
  readonly far: DatagramSocket
  readonly nearInbox: Inbox
  readonly farInbox: Inbox
  readonly nearAddress: Uint8Array
  readonly farAddress: Uint8Array
}

async function openPair(world: World & DatagramParts, witness: Witness): Promise<Pair> {
  const nearInbox = new Inbox(witness)
  const farInbox = new Inbox(witness)
  const near = await open(witness, world.near, world, nearInbox, world.nearHost)
  const far = await open(witness, world.far, world, farInbox, world.farHost)
  return {
    near,
    far,
    nearInbox,
    farInbox,
    nearAddress: packMapped(near.local) as Uint8Array,
    farAddress: packMapped(far.local) as Uint8Array,
  }
}

function open(
  witness: Witness,
  datagrams: Datagrams,
  world: DatagramParts,
  receiver: DatagramReceiver,
  host: string,
): Promise<DatagramSocket> {
  return witness.ask('open', (done) =>
    datagrams.open({ host, port: 0, family: world.family }, receiver, done),
  )
}

function batchOf(capacity: number, stride: number): DatagramBatch {
  return {
    count: 0,
    capacity,
    stride,
    bytes: new Uint8Array(capacity * stride),
    lengths: new Uint16Array(capacity),
    addresses: new Uint8Array(capacity * 18),
  }
}
