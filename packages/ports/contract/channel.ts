// What every ByteChannel does: bytes in order, back-pressure both ways, lent memory that comes back, one end.

import type { ByteChannel } from '../src/index.ts'
import { type End, pairChecks, type TransportParts } from './channel-pair.ts'
import { type Check, equal, type Setup, that, type World } from './check.ts'

const MIB = 2 ** 20
/** More than any sensible adapter queues before it says stop. */
const QUEUE_MAX = 256 * MIB

/** The suite for `ByteChannel` and `ChannelReader`. */
export function channelContract(setup: Setup<TransportParts>): Check[] {
  return [
    ...pairChecks('bytes arrive whole and in order', setup, async (one, other, world) => {
      for (const length of [1, 2, 13, 68, 1448, 16_397, 65_536, 300_001, MIB]) one.send(length)
      await arrival(world, one, other)
      await world.until(() => one.sentCalls === one.sends, 'every sent')
      equal(one.channel.queuedBytes, 0, 'queued bytes at rest')
    }),
    ...pairChecks(
      'a gathered write keeps the order of its chunks',
      setup,
      async (one, other, world) => {
        one.send(4, 9, 16_384, 1)
        one.send()
        one.send(0, 5, 0)
        one.send(...Array.from({ length: 500 }, () => 17))
        one.send(3)
        await arrival(world, one, other)
        await world.until(() => one.sentCalls === one.sends, 'every sent')
      },
    ),
    ...pairChecks('both directions run at once', setup, async (one, other, world) => {
      for (let round = 0; round < 60; round++) {
        one.send(13, 16_384)
        other.send(17, 9, 30_000)
      }
      await arrival(world, one, other)
      await arrival(world, other, one)
    }),
    ...pairChecks(
      'a far end that does not read makes send answer false',
      setup,
      async (one, other, world) => {
        other.channel.pause()
        await stuff(one, world)
        const drained = one.reader.drainedCalls
        that(one.channel.queuedBytes > 0, 'something is queued')
        that(one.sentCalls < one.sends, 'not all is sent')
        const before = other.reader.stream.length
        await world.pass(20)
        equal(other.reader.stream.length, before, 'bytes delivered while paused')
        equal(one.reader.drainedCalls, drained, 'drained while nobody reads')
        other.channel.resume()
        await world.until(() => one.reader.drainedCalls > drained, 'drained')
        await arrival(world, one, other)
        await world.pass(5)
        equal(one.reader.drainedCalls, drained + 1, 'drained, once for one false')
      },
    ),
    ...pairChecks(
      'nothing is refused after false, and drained may send on',
      setup,
      async (one, other, world) => {
        other.channel.pause()
        fill(one)
        for (let extra = 0; extra < 5; extra++) one.send(1000)
        let rounds = 0
        one.reader.onDrained = () => {
          if (++rounds < 3) fill(one)
        }
        other.channel.resume()
        await world.until(() => rounds === 3, 'drained three times')
        await arrival(world, one, other)
      },
    ),
    ...pairChecks('drained comes only after false', setup, async (one, other, world) => {
      for (let round = 0; round < 200; round++) {
        that(one.send(13, 100), 'there is room for 113 bytes')
        await world.until(() => one.channel.queuedBytes === 0, 'it is sent')
      }
      await arrival(world, one, other)
      equal(one.reader.drainedCalls, 0, 'drained')
    }),
    ...pairChecks(
      'a paused channel delivers nothing and loses nothing',
      setup,
      async (one, other, world) => {
        other.reader.onReceived = () => other.channel.pause()
        one.send(MIB)
        for (let rounds = 0; other.reader.stream.length < one.sentLength; rounds++) {
          const before = other.reader.stream.length
          await world.until(() => other.reader.stream.length > before, `chunk ${rounds}`)
          const paused = other.reader.stream.length
          if (rounds < 3) await world.pass(5)
          equal(other.reader.stream.length, paused, 'bytes delivered while paused')
          other.channel.pause()
          other.channel.resume()
          other.channel.resume()
        }
      },
    ),
    ...pairChecks(
      'before start nothing is delivered, and what came is not lost',
      setup,
      async (one, other, world) => {
        one.start()
        one.send(70_000)
        await world.pass(20)
        equal(other.reader.stream.length, 0, 'bytes before start')
        other.start()
        equal(other.reader.stream.length, 0, 'bytes inside start')
        await arrival(world, one, other)
      },
      { started: false },
    ),
    ...pairChecks(
      'an end before start is told after start',
      setup,
      async (one, other, world) => {
        one.start()
        one.send(5000)
        one.close()
        await world.pass(20)
        equal(other.reader.closedCalls, 0, 'closed before start')
        other.start()
        await world.until(() => other.reader.closedCalls === 1, 'closed')
        equal(other.reader.stream.length, 5000, 'bytes')
      },
      { started: false },
    ),
    ...pairChecks(
      'a chunk is lent for one call, and writable',
      setup,
      async (one, other, world, witness) => {
        other.reader.onReceived = (chunk) => chunk.fill(0x55)
        one.send(100_000)
        await arrival(world, one, other)
        one.send(10)
        await arrival(world, one, other)
        await world.pass(1)
        const kept = other.reader.lastChunk as Uint8Array
        if (!kept.every((byte) => byte === 0xdb)) witness.complain('the chunk was not overwritten')
      },
    ),
    ...pairChecks(
      'close sends what is queued, and both ends hear an end in order',
      setup,
      async (one, other, world) => {
        for (let round = 0; round < 40; round++) one.send(13, 16_384)
        one.close()
        await world.until(() => other.reader.closedCalls === 1, 'the far end hears')
        equal(other.reader.stream.length, one.sentLength, 'bytes before the end')
        equal(other.reader.reason, undefined, 'reason at the far end')
        await world.until(() => one.reader.closedCalls === 1, 'the near end hears')
        equal(one.reader.reason, undefined, 'reason at the near end')
        await world.until(() => one.sentCalls === one.sends, 'every sent')
        equal(one.channel.queuedBytes, 0, 'queued bytes')
      },
    ),
    ...pairChecks(
      'abort throws away what is queued, and the far end hears an end',
      setup,
      async (one, other, world) => {
        other.channel.pause()
        await stuff(one, world)
        const reason = new Error('enough of this')
        one.abort(reason)
        equal(one.reader.closedCalls, 0, 'closed inside abort')
        await world.until(() => one.reader.closedCalls === 1, 'closed')
        equal(one.reader.reason, reason, 'reason')
        await world.until(() => one.sentCalls === one.sends, 'every sent')
        equal(one.channel.queuedBytes, 0, 'queued bytes')
        other.channel.resume()
        await world.until(() => other.reader.closedCalls === 1, 'the far end hears')
        that(other.reader.stream.length < one.sentLength, 'not all arrived')
      },
    ),
    ...pairChecks(
      'an abort with nothing under way is RESET there',
      setup,
      async (one, other, world) => {
        one.send(1000)
        await arrival(world, one, other)
        one.abort(new Error('enough'))
        await world.until(() => other.reader.closedCalls === 1, 'the far end hears')
        equal(codeOf(other.reader.reason), 'RESET', 'code at the far end')
        await world.until(() => one.reader.closedCalls === 1, 'closed')
      },
    ),
    ...pairChecks(
      'a send to a channel that ended goes nowhere, and its sent runs',
      setup,
      async (one, other, world) => {
        other.close()
        await world.until(() => one.reader.closedCalls === 1, 'closed')
        one.send(1000)
        one.send(0, 7)
        await world.until(() => one.sentCalls === one.sends, 'every sent')
        one.close()
        one.abort(new Error('late'))
        one.channel.pause()
        one.channel.resume()
      },
    ),
    ...pairChecks(
      'a far end that breaks off while we send gives all memory back',
      setup,
      async (one, other, world) => {
        other.channel.pause()
        await stuff(one, world)
        other.abort(new Error('gone'))
        await world.until(() => one.reader.closedCalls === 1, 'closed')
        equal(codeOf(one.reader.reason), 'RESET', 'code')
        await world.until(() => one.sentCalls === one.sends, 'every sent')
      },
    ),
    ...pairChecks(
      'a far end that closes ends the channel, whatever is still under way',
      setup,
      async (one, other, world) => {
        one.reader.onReceived = () => void one.send(20_000)
        for (let round = 0; round < 30; round++) other.send(10_000)
        other.close()
        await world.until(() => one.reader.closedCalls === 1, 'one end')
        await world.until(() => other.reader.closedCalls === 1, 'the other')
        equal(one.reader.stream.length, other.sentLength, 'what was sent before close arrived')
        await world.until(() => one.sentCalls === one.sends, 'every sent')
      },
    ),
    ...pairChecks('both ends may close at once', setup, async (one, other, world) => {
      one.send(10)
      one.close()
      other.close()
      one.close()
      await world.until(
        () => one.reader.closedCalls + other.reader.closedCalls === 2,
        'both closed',
      )
      equal(one.reader.reason, undefined, 'reason of one')
      equal(other.reader.reason, undefined, 'reason of the other')
    }),
    ...pairChecks(
      'after abort or close from inside received nothing more comes',
      setup,
      async (one, other, world) => {
        let after = 0
        other.reader.onReceived = () => {
          if (++after === 1) other.channel.abort(new Error('stop'))
        }
        one.send(2 * MIB)
        await world.until(() => other.reader.closedCalls === 1, 'closed')
        await world.pass(5)
        equal(after, 1, 'deliveries')
        equal(other.reader.reason?.message, 'stop', 'reason')
      },
    ),
    ...pairChecks(
      'close from inside received delivers nothing more and ends',
      setup,
      async (one, other, world) => {
        let after = 0
        other.reader.onReceived = () => {
          after++
          other.channel.close()
        }
        one.send(70_000)
        await world.until(() => other.reader.closedCalls === 1, 'closed')
        equal(after, 1, 'deliveries')
      },
    ),
    ...pairChecks(
      'a channel says who is at the other end, and what carries it',
      setup,
      async (one, other, _world, _witness, pair) => {
        const { near, far, listener } = pair
        equal(near.channel.remote.host, listener.local.host, 'host dialled')
        equal(near.channel.remote.port, listener.local.port, 'port dialled')
        equal(far.channel.remote.host, _world.nearHost, 'host of the dialler')
        that(far.channel.remote.port > 0, 'port of the dialler')
        for (const end of [one, other]) that(carriersOf(end.channel) > 0, 'carriers')
      },
    ),
  ]
}

/** Sends until the channel says stop. */
function fill(end: End): void {
  for (let queued = 0; queued < QUEUE_MAX; queued += 100_013) if (!end.send(13, 100_000)) return
  throw new Error(`expected: send answers false before ${QUEUE_MAX} bytes are queued`)
}

/** Sends until the channel says stop for good: what is below it (a kernel's buffers) is full as well. */
async function stuff(end: End, world: World): Promise<void> {
  for (let filled = -1; end.reader.drainedCalls > filled; ) {
    filled = end.reader.drainedCalls
    fill(end)
    await world.pass(15)
  }
}

function arrival(world: World, from: End, at: End): Promise<void> {
  return world.until(
    () => at.reader.stream.length >= from.sentLength,
    `${from.sentLength} bytes arrive`,
  )
}

function codeOf(error: Error | undefined): unknown {
  return (error as { code?: unknown } | undefined)?.code
}

function carriersOf(channel: ByteChannel): number {
  return channel.carriers.length
}
