// What every Transport does: dials that end in a channel or a typed error, listeners that can be asked to stop.

import type { Endpoint } from '@bt/primitives'
import type { ByteChannel, Listener, Transport } from '../src/index.ts'
import { channelContract } from './channel.ts'
import { connect, End, type TransportParts } from './channel-pair.ts'
import { type Check, checkIn, equal, type Setup, that, type Witness, type World } from './check.ts'

/** The suite for `Transport`, `Listener` and the channels they make. */
export function transportContract(setup: Setup<TransportParts>): Check[] {
  return [
    checkIn('a listener on port 0 says which port it got', setup, async (world, witness) => {
      const one = await listen(world, witness)
      const other = await listen(world, witness)
      that(one.local.port > 0 && one.local.port < 65_536, 'a port')
      that(one.local.port !== other.local.port, 'two listeners have two ports')
      equal(one.local.host, world.farHost, 'host')
      for (const listener of [one, other])
        await witness.ask('close', (done) => listener.close(done))
    }),
    checkIn('a port that is taken is ADDRESS_IN_USE', setup, async (world, witness) => {
      const one = await listen(world, witness)
      await witness.fails<Listener>(
        'listen',
        (done) => world.far.listen({ host: world.farHost, port: one.local.port }, () => {}, done),
        'ADDRESS_IN_USE',
      )
      await witness.ask('close', (done) => one.close(done))
    }),
    checkIn('a closed listener frees its port and refuses dials', setup, async (world, witness) => {
      const one = await listen(world, witness)
      const { port } = one.local
      await witness.ask('close', (done) => one.close(done))
      await witness.fails('dial', (done) => world.near.dial(one.local, {}, done), 'REFUSED')
      const again = await witness.ask<Listener>('listen again', (done) =>
        world.far.listen({ host: world.farHost, port }, () => {}, done),
      )
      equal(again.local.port, port, 'port')
      await witness.ask('close', (done) => again.close(done))
    }),
    checkIn('channels outlive their listener', setup, async (world, witness) => {
      const { near, far, listener } = await connect(world, witness)
      near.start()
      far.start()
      await witness.ask('close', (done) => listener.close(done))
      near.send(1000)
      far.send(2000)
      await world.until(() => far.reader.stream.length === 1000, 'bytes to the far end')
      await world.until(() => near.reader.stream.length === 2000, 'bytes to the near end')
      near.close()
      await world.until(() => far.reader.closedCalls === 1, 'the end')
    }),
    checkIn('nobody listening is REFUSED', setup, async (world, witness) => {
      const one = await listen(world, witness)
      await witness.ask('close', (done) => one.close(done))
      const error = await witness.fails<ByteChannel>(
        'dial',
        (done) => world.near.dial(one.local, { timeoutMs: 5000 }, done),
        'REFUSED',
      )
      equal(error.name, 'NetworkError', 'name')
      that(error.message.includes(String(one.local.port)), 'the message says which port')
    }),
    checkIn('a name or a port that is none is BAD_ADDRESS', setup, async (world, witness) => {
      for (const remote of [
        { host: 'a.name.example', port: 80 },
        { host: '', port: 80 },
        { host: '1.2.3', port: 80 },
        { host: world.farHost, port: 0 },
        { host: world.farHost, port: 65_536 },
        { host: world.farHost, port: -1 },
      ]) {
        await witness.fails(
          `dial ${remote.host}:${remote.port}`,
          (done) => world.near.dial(remote, { timeoutMs: 1000 }, done),
          'BAD_ADDRESS',
        )
      }
    }),
    checkIn(
      'a cancelled dial is not answered, and leaves no channel',
      setup,
      async (world, witness) => {
        const accepted: End[] = []
        const listener = await witness.ask<Listener>('listen', (done) =>
          world.far.listen(
            { host: world.farHost, port: 0 },
            (channel) => accepted.push(new End('far', channel, witness, [2, 1]).start()),
            done,
          ),
        )
        for (let dial = 0; dial < 3; dial++) {
          const alarm = world.near.dial(listener.local, { timeoutMs: 30 }, () =>
            witness.complain('a cancelled dial was answered'),
          )
          alarm.cancel()
          alarm.cancel()
        }
        await world.pass(60)
        await world.until(
          () => accepted.every((end) => end.reader.closedCalls === 1),
          'the far ends end',
        )
        await witness.ask('close', (done) => listener.close(done))
      },
    ),
    checkIn(
      'cancelling after the answer leaves the channel alone',
      setup,
      async (world, witness) => {
        const accepted: End[] = []
        const listener = await witness.ask<Listener>('listen', (done) =>
          world.far.listen(
            { host: world.farHost, port: 0 },
            (channel) => accepted.push(new End('far', channel, witness, [2, 1]).start()),
            done,
          ),
        )
        let dialled: ByteChannel | undefined
        const alarm = world.near.dial(listener.local, {}, (_error, channel) => {
          dialled = channel
        })
        await world.until(() => dialled !== undefined && accepted.length === 1, 'a channel')
        alarm.cancel()
        const near = new End('near', dialled as ByteChannel, witness, [1, 2]).start()
        near.send(500)
        await world.until(() => accepted[0]?.reader.stream.length === 500, 'bytes')
        near.close()
        await world.until(() => near.reader.closedCalls === 1, 'the end')
        await witness.ask('close', (done) => listener.close(done))
      },
    ),
    checkIn('many channels at once do not mix', setup, async (world, witness) => {
      const accepted: ByteChannel[] = []
      const listener = await witness.ask<Listener>('listen', (done) =>
        world.far.listen(
          { host: world.farHost, port: 0 },
          (channel) => accepted.push(channel),
          done,
        ),
      )
      const dialled: ByteChannel[] = []
      for (let index = 0; index < 12; index++) {
        dialled.push(
          await witness.ask<ByteChannel>('dial', (done) =>
            world.near.dial(listener.local, {}, done),
          ),
        )
        await world.until(() => accepted.length === index + 1, `channel ${index}`)
      }
      const nears = dialled.map((channel, index) =>
        new End('near', channel, witness, [index, 50 + index]).start(),
      )
      const fars = accepted.map((channel, index) =>
        new End('far', channel, witness, [50 + index, index]).start(),
      )
      for (let round = 0; round < 20; round++) {
        for (const end of [...nears, ...fars]) end.send(13, 9000)
      }
      await world.until(
        () => [...nears, ...fars].every((end) => end.reader.stream.length === 20 * 9013),
        'all bytes of all channels',
      )
      for (const end of [...nears, ...fars]) {
        equal(end.reader.stream.fault, undefined, 'fault')
        end.close()
      }
      await world.until(
        () => [...nears, ...fars].every((end) => end.reader.closedCalls === 1),
        'the ends',
      )
      await witness.ask('close', (done) => listener.close(done))
    }),
    ...channelContract(setup),
  ]
}

/** The suite for dials that get neither yes nor no from `silent`. */
export function silentDialContract(
  setup: Setup<{ readonly near: Transport; readonly silent: Endpoint }>,
): Check[] {
  return [
    checkIn('a dial that nobody answers is TIMED_OUT', setup, async (world, witness) => {
      const { near, silent } = world
      await witness.fails<ByteChannel>(
        'dial',
        (done) => near.dial(silent, { timeoutMs: 40 }, done),
        'TIMED_OUT',
      )
    }),
    checkIn('a dial that hangs can be cancelled', setup, async (world, witness) => {
      const alarm = world.near.dial(world.silent, { timeoutMs: 40 }, () =>
        witness.complain('a cancelled dial was answered'),
      )
      await world.pass(10)
      alarm.cancel()
      await world.pass(60)
    }),
  ]
}

function listen(world: World & TransportParts, witness: Witness): Promise<Listener> {
  return witness.ask('listen', (done) =>
    world.far.listen({ host: world.farHost, port: 0 }, () => {}, done),
  )
}
