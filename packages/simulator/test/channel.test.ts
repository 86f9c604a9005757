import { NetworkError } from '@bt/ports'
import type { ByteChannel } from '@bt/ports'
import { describe, expect, test } from 'vitest'
import { accepting, connected, Counter, ONE_WAY_MS, PORT, twoHosts } from './world.ts'

const MIB = 1024 * 1024

function codeOf(error: Error | undefined): unknown {
  return (error as { code?: unknown } | undefined)?.code
}

describe('dialling', () => {
  test('a connection takes one round trip, and the far end half a one more', () => {
    const world = twoHosts()
    const { simulation, alice, bob } = world
    const at: number[] = []
    bob.ports.transport.listen(
      { port: PORT },
      () => at.push(simulation.clock.now()),
      () => {},
    )
    alice.ports.transport.dial({ host: bob.address, port: PORT }, {}, () =>
      at.push(simulation.clock.now()),
    )
    simulation.run({ timeMs: 1_000 })
    expect(at).toEqual([2 * ONE_WAY_MS, 3 * ONE_WAY_MS])
  })

  test('a refusal takes a round trip; an address nobody has is silence until the time is up', () => {
    const { simulation, alice, bob } = twoHosts()
    const answers: unknown[] = []
    for (const host of [bob.address, '20.9.9.9']) {
      alice.ports.transport.dial({ host, port: PORT }, { timeoutMs: 5_000 }, (error) =>
        answers.push([host, codeOf(error), simulation.clock.now()]),
      )
    }
    simulation.run()
    expect(answers).toEqual([
      [bob.address, 'REFUSED', 2 * ONE_WAY_MS],
      ['20.9.9.9', 'TIMED_OUT', 5_000],
    ])
  })

  test('a dial without a limit of its own is given up after 127 seconds', () => {
    const { simulation, alice, bob } = twoHosts()
    bob.crash()
    let code: unknown
    alice.ports.transport.dial({ host: bob.address, port: PORT }, {}, (error) => {
      code = codeOf(error)
    })
    simulation.runUntil(() => code !== undefined, { timeMs: 200_000 })
    expect([code, simulation.clock.now()]).toEqual(['TIMED_OUT', 127_000])
  })

  test('a dial into a partition gets through when it heals in time', () => {
    const { simulation, network, alice, bob } = twoHosts()
    accepting(bob)
    const heal = network.partition([alice], [bob])
    simulation.at(2_500, heal)
    let channel: ByteChannel | undefined
    alice.ports.transport.dial({ host: bob.address, port: PORT }, {}, (_error, dialled) => {
      channel = dialled
    })
    simulation.runUntil(() => channel !== undefined, { timeMs: 10_000 })
    // Tries at 0, 1 and 3 seconds.
    expect(simulation.clock.now()).toBe(3_000 + 2 * ONE_WAY_MS)
  })

  test('a share of dials fails as the faults say, half of them in silence', () => {
    const { simulation, alice, bob } = twoHosts({ faults: { dialFailure: 0.5 } })
    accepting(bob)
    const codes: unknown[] = []
    for (let dial = 0; dial < 400; dial++) {
      const options = { timeoutMs: 1_000 }
      alice.ports.transport.dial({ host: bob.address, port: PORT }, options, (error) =>
        codes.push(codeOf(error) ?? 'ok'),
      )
    }
    simulation.run()
    const count = (code: string): number => codes.filter((one) => one === code).length
    expect(codes.length).toBe(400)
    expect(count('ok')).toBeGreaterThan(150)
    expect(count('REFUSED')).toBeGreaterThan(60)
    expect(count('TIMED_OUT')).toBeGreaterThan(60)
  })

  test('a host without a family cannot reach it, nor be reached by it', () => {
    const { simulation, alice, bob } = twoHosts({ alice: { families: [4] } })
    const codes: unknown[] = []
    alice.ports.transport.dial({ host: bob.address6 as string, port: PORT }, {}, (error) =>
      codes.push(codeOf(error)),
    )
    simulation.run()
    expect(codes).toEqual(['UNREACHABLE'])
    expect(alice.address6).toBeUndefined()
  })
})

describe('rates', () => {
  test('bytes take length over the slower rate, plus latency', () => {
    const world = twoHosts({
      alice: { uploadBytesPerSecond: 1_000_000 },
      bob: { downloadBytesPerSecond: 500_000 },
    })
    const { near, far } = connected(world)
    const start = world.simulation.clock.now()
    near.channel.send([new Uint8Array(MIB)])
    world.simulation.runUntil(() => far.length === MIB, { timeMs: 60_000 })
    const ms = world.simulation.clock.now() - start
    expect(ms).toBeGreaterThan(MIB / 500 + ONE_WAY_MS - 1)
    expect(ms).toBeLessThan(MIB / 500 + ONE_WAY_MS + 1)
  })

  test('connections of one host share its uplink about evenly', () => {
    const world = twoHosts({ alice: { uploadBytesPerSecond: 1_000_000 } })
    const accepted = accepting(world.bob)
    const near: Counter[] = []
    for (let dial = 0; dial < 4; dial++) {
      world.alice.ports.transport.dial({ host: world.bob.address, port: PORT }, {}, (_e, channel) =>
        near.push(new Counter(channel)),
      )
    }
    world.simulation.run({ timeMs: 1_000 })
    for (const { channel } of near) channel.send([new Uint8Array(4 * MIB)])
    world.simulation.run({ timeMs: 3_000 })
    const lengths = accepted.map(({ length }) => length)
    const total = lengths.reduce((sum, length) => sum + length, 0)
    expect(total).toBeGreaterThan(1_900_000)
    expect(total).toBeLessThanOrEqual(2_000_000)
    expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(2 * 16_384)
  })

  test('new rates hold from the next segment on', () => {
    const world = twoHosts({ alice: { uploadBytesPerSecond: 1_000 } })
    const { near, far } = connected(world)
    near.channel.send([new Uint8Array(100_000)])
    world.simulation.run({ timeMs: 1_000 })
    expect(far.length).toBe(0)
    world.alice.setRates({ uploadBytesPerSecond: 1_000_000 })
    world.simulation.runUntil(() => far.length === 100_000, { timeMs: 20_000 })
    expect(world.simulation.clock.now()).toBeLessThan(17_000)
  })
})

describe('back-pressure', () => {
  test('a far end that does not read stops the sender at the window, and reading lets it go on', () => {
    const world = twoHosts({ network: { windowBytes: 200_000 } })
    const { near, far } = connected(world)
    far.channel.pause()
    let accepted = 0
    while (near.channel.send([new Uint8Array(10_000)])) accepted += 10_000
    world.simulation.run({ timeMs: 5_000 })
    expect(far.length).toBe(0)
    expect(near.drains).toBe(0)
    // Segments are formed until the window is full; the last may go over it.
    expect(accepted).toBeGreaterThanOrEqual(200_000)
    expect(accepted).toBeLessThan(200_000 + 2 * 65_536 + 10_000)
    far.channel.resume()
    world.simulation.run({ timeMs: 6_000 })
    expect(far.length).toBe(accepted + 10_000)
    expect(near.drains).toBe(1)
  })
})

describe('chunks', () => {
  test('cut at random, they come in many lengths and are still the bytes that were sent', () => {
    const world = twoHosts({ network: { chunking: 'random' } })
    const { near, far } = connected(world, true)
    const sent: number[] = []
    for (let message = 0; message < 500; message++) {
      const bytes = Uint8Array.from({ length: 1 + (message % 90) }, (_, at) => message + at)
      sent.push(...bytes)
      world.simulation.at(100 + message, () => near.channel.send([bytes]))
    }
    world.simulation.run()
    expect(far.bytes).toEqual(sent)
    expect(far.chunks.filter((length) => length === 1).length).toBeGreaterThan(50)
    expect(new Set(far.chunks).size).toBeGreaterThan(60)
  })

  test('cut at random, chunks of several sends come joined', () => {
    const world = twoHosts({ network: { chunking: 'random' } })
    const { near, far } = connected(world)
    for (let message = 0; message < 100; message++) near.channel.send([new Uint8Array(100)])
    world.simulation.run()
    expect(far.length).toBe(10_000)
    expect(far.chunks.some((length) => length > 100)).toBe(true)
  })

  test('a share of chunks has one bit flipped when the faults say so', () => {
    const world = twoHosts({ faults: { corruptChunk: 1 } })
    const { near, far } = connected(world, true)
    near.channel.send([new Uint8Array(1_000)])
    world.simulation.run()
    const wrong = far.bytes.filter((byte) => byte !== 0)
    expect(wrong.length).toBe(1)
    expect(Math.log2(wrong[0] as number) % 1).toBe(0)
  })

  test('objects go through in order with bytes, and take the time of their length', () => {
    const world = twoHosts({ alice: { uploadBytesPerSecond: 1_000_000 } })
    const { near, far } = connected(world)
    const order: string[] = []
    const start = world.simulation.clock.now()
    const value = { piece: 7 }
    near.channel.send([new Uint8Array(10)], () => order.push('bytes'))
    near.channel.sendObject?.(value, 999_980, () => order.push('object'))
    near.channel.send([new Uint8Array(10)], () => order.push('bytes'))
    world.simulation.runUntil(() => far.length === 20, { timeMs: 60_000 })
    expect(far.objects[0]).toBe(value)
    expect(order).toEqual(['bytes', 'object', 'bytes'])
    expect(world.simulation.clock.now() - start).toBe(1_000 + ONE_WAY_MS)
  })
})

describe('crashes and cuts', () => {
  test('a killed process resets its connections: the far end hears it after the latency', () => {
    const world = twoHosts()
    const { near, far } = connected(world)
    near.channel.send([new Uint8Array(1_000)])
    world.alice.kill()
    const start = world.simulation.clock.now()
    world.simulation.runUntil(() => far.ends === 1, { timeMs: 60_000 })
    expect(far.code).toBe('RESET')
    expect(world.simulation.clock.now() - start).toBe(ONE_WAY_MS)
    expect(near.ends).toBe(0)
  })

  test('half-written data is lost in a crash', () => {
    const world = twoHosts({ alice: { uploadBytesPerSecond: 1_000_000 } })
    const { near, far } = connected(world)
    const start = world.simulation.clock.now()
    near.channel.send([new Uint8Array(MIB)])
    world.simulation.at(start + 100, () => world.alice.crash())
    world.simulation.run()
    expect(far.length).toBeGreaterThan(50_000)
    expect(far.length).toBeLessThanOrEqual(100_000)
    expect(far.ends).toBe(0)
  })

  test('a machine that is off is noticed by who sends to it, after the silence', () => {
    const world = twoHosts({ network: { silenceMs: 30_000 } })
    const { near, far } = connected(world)
    world.bob.crash()
    world.simulation.run({ timeMs: 100_000 })
    expect([near.ends, far.ends]).toEqual([0, 0])
    let sent = 0
    near.channel.send([new Uint8Array(10)], () => sent++)
    world.simulation.runUntil(() => near.ends === 1, { timeMs: 200_000 })
    expect(near.code).toBe('TIMED_OUT')
    expect(world.simulation.clock.now()).toBeGreaterThanOrEqual(130_000)
    expect(world.simulation.clock.now()).toBeLessThan(150_000)
    world.simulation.run()
    expect(sent).toBe(1)
  })

  test('a machine that came back resets connections it does not know', () => {
    const world = twoHosts()
    const { near } = connected(world)
    world.bob.crash()
    near.channel.send([new Uint8Array(10)])
    world.simulation.at(5_000, () => world.bob.restart())
    world.simulation.runUntil(() => near.ends === 1, { timeMs: 60_000 })
    expect(near.code).toBe('RESET')
    expect(world.simulation.clock.now()).toBeLessThan(10_000)
  })

  test('nothing gets through a partition, everything arrives in order after it', () => {
    const world = twoHosts()
    const { near, far } = connected(world, true)
    const heal = world.network.partition([world.alice], [world.bob])
    near.channel.send([Uint8Array.of(1, 2, 3)])
    far.channel.send([Uint8Array.of(9)])
    world.simulation.run({ timeMs: 20_000 })
    expect([near.length, far.length]).toEqual([0, 0])
    heal()
    near.channel.send([Uint8Array.of(4, 5)])
    world.simulation.run({ timeMs: 60_000 })
    expect(far.bytes).toEqual([1, 2, 3, 4, 5])
    expect(near.bytes).toEqual([9])
    expect([near.ends, far.ends]).toEqual([0, 0])
  })

  test('a one-way cut stops one way', () => {
    const world = twoHosts()
    const { near, far } = connected(world)
    world.network.partition([world.alice], [world.bob], { oneWay: true })
    near.channel.send([new Uint8Array(10)])
    far.channel.send([new Uint8Array(20)])
    world.simulation.run({ timeMs: 10_000 })
    expect([near.length, far.length]).toEqual([20, 0])
    world.network.heal()
    world.simulation.run({ timeMs: 60_000 })
    expect(far.length).toBe(10)
  })

  test('random partitions come and go, and cut some hosts from others', () => {
    const world = twoHosts({ faults: { partitionEveryMs: 10_000, partitionForMs: 4_000 } })
    const accepted = accepting(world.bob)
    const answers = new Map<number, unknown>()
    for (let dial = 0; dial < 200; dial++) {
      world.simulation.at(dial * 500, () => {
        const to = { host: world.bob.address, port: PORT }
        world.alice.ports.transport.dial(to, { timeoutMs: 300 }, (error) =>
          answers.set(dial * 500, codeOf(error) ?? 'ok'),
        )
      })
    }
    world.simulation.run({ timeMs: 101_000 })
    for (const [timeMs, answer] of answers) {
      if (timeMs % 10_000 < 5_000) expect([timeMs, answer]).toEqual([timeMs, 'ok'])
    }
    const failed = [...answers.values()].filter((answer) => answer === 'TIMED_OUT').length
    expect(failed).toBeGreaterThan(10)
    expect(failed).toBeLessThan(80)
    expect(accepted.length).toBe(200 - failed)
  })

  test('who had closed or aborted already is not told of a crash, nor is a dead process', () => {
    const world = twoHosts()
    const { near, far } = connected(world)
    near.channel.abort(new NetworkError('CLOSED', 'mine'))
    world.alice.kill()
    world.simulation.run()
    expect(near.ends).toBe(0)
    expect(far.code).toBe('RESET')
  })

  test('an alarm, a read and a datagram of a dead process never come', () => {
    const world = twoHosts()
    const { alice } = world
    let calls = 0
    const count = (): void => void calls++
    alice.ports.clock.at(100, count)
    alice.ports.storage.open([{ path: ['a'], length: 1 }], count)
    alice.ports.keep.load('x', count)
    alice.ports.resolver.resolve('localhost', 'any', count)
    alice.ports.hasher.digest('sha1', new Uint8Array(1), count)
    alice.ports.datagrams.open({ port: 0, family: 4 }, { received: count }, count)
    const old = alice.ports
    alice.crash()
    alice.restart()
    old.clock.at(200, count)
    old.transport.dial({ host: world.bob.address, port: PORT }, {}, count)
    old.transport.listen({ port: PORT }, count, count)
    old.http.request(
      {
        url: 'http://1.2.3.4/',
        timeoutMs: 10,
        bodyLengthMax: 1,
        redirectsMax: 0,
        admit: () => true,
      },
      count,
    )
    world.simulation.run()
    expect(calls).toBe(0)
    expect(alice.alive).toBe(true)
  })
})

describe('counting', () => {
  test('bytes are counted by host, inside sites and between them', () => {
    const world = twoHosts()
    const carol = world.network.addHost(world.network.addSite('b'))
    const { near } = connected(world)
    near.channel.send([new Uint8Array(700)])
    const inside: Counter[] = []
    carol.ports.transport.dial({ host: world.bob.address, port: PORT }, {}, (_error, channel) => {
      inside.push(new Counter(channel))
      channel.send([new Uint8Array(300)])
    })
    world.simulation.run()
    expect(world.network.traffic).toEqual({ insideBytes: 300, betweenBytes: 700 })
    expect([world.alice.sentBytes, carol.sentBytes, world.bob.receivedBytes]).toEqual([
      700, 300, 1_000,
    ])
  })
})
