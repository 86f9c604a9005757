import type { ByteChannel } from '@bt/ports'
import { Prng } from '@bt/primitives'
import { SimNetwork, Simulation } from '@bt/simulator'
import type { SimHost } from '@bt/simulator'
import { describe, expect, test } from 'vitest'
import { fluidEnds } from './water-filling.ts'
import type { SlowTransfer } from './water-filling.ts'
import { accepting, connected, Counter, ONE_WAY_MS, PORT, twoHosts } from './world.ts'

const FAIR = { rates: 'fair' } as const

/** A channel from one host to another; both ends count. */
function dialled(simulation: Simulation, from: SimHost, to: SimHost): { near: Counter } {
  let near: Counter | undefined
  from.ports.transport.dial({ host: to.address, port: PORT }, {}, (error, channel) => {
    if (error !== undefined) throw error
    near = new Counter(channel)
  })
  simulation.runUntil(() => near !== undefined, { timeMs: simulation.clock.now() + 1_000 })
  return { near: near as unknown as Counter }
}

const content = (channel: ByteChannel, bytes: number): void => {
  channel.sendObject?.({ bytes }, bytes)
}

describe('transfers', () => {
  test('end when an exact fluid model says, within 1 % or 10 ms', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = new Prng(`fluid/${seed}`)
      const simulation = new Simulation(seed)
      const network = new SimNetwork(simulation, {}, { ...FAIR, chunking: 'whole' })
      const rate = (): number => 20_000 * (1 + random.below(20))
      const sites = 1 + random.below(4)
      const capacities: number[] = []
      const made = Array.from({ length: sites }, (_, at) => {
        const [uploadBytesPerSecond, downloadBytesPerSecond] = [2 * rate(), 2 * rate()]
        capacities.push(uploadBytesPerSecond, downloadBytesPerSecond)
        const rates = { uploadBytesPerSecond, downloadBytesPerSecond }
        return network.addSite(String(at), { latencyMs: 0, ...rates })
      })
      const hosts = Array.from({ length: 3 + random.below(6) }, (_, at) => {
        const [uploadBytesPerSecond, downloadBytesPerSecond] = [rate(), rate()]
        capacities.push(uploadBytesPerSecond, downloadBytesPerSecond)
        const rates = { uploadBytesPerSecond, downloadBytesPerSecond }
        const host = network.addHost(made[at % sites] as never, { latencyMs: 0, ...rates })
        host.ports.transport.listen(
          { port: PORT },
          (channel) => {
            channel.start({
              received: () => {},
              receivedObject: (value) => {
                measured[(value as { number: number }).number] = simulation.clock.now()
              },
              drained: () => {},
              closed: () => {},
            })
          },
          () => {},
        )
        return host
      })
      const transfers: SlowTransfer[] = []
      const measured: number[] = []
      for (let number = 0; number < 25; number++) {
        const from = random.below(hosts.length)
        const to = (from + 1 + random.below(hosts.length - 1)) % hosts.length
        const links = [2 * sites + 2 * from, 2 * sites + 2 * to + 1]
        if (from % sites !== to % sites) links.push(2 * (from % sites), 2 * (to % sites) + 1)
        const transfer = {
          links,
          startMs: 100 + random.below(20_000),
          bytes: 10_000 + random.below(400_000),
        }
        transfers.push(transfer)
        const near = hosts[from] as SimHost
        const { address } = hosts[to] as SimHost
        near.ports.transport.dial({ host: address, port: PORT }, {}, (_error, channel) => {
          channel.start({ received: () => {}, drained: () => {}, closed: () => {} })
          simulation.at(transfer.startMs, () => {
            channel.sendObject?.({ number }, transfer.bytes)
          })
        })
      }
      simulation.run()
      const exact = fluidEnds(capacities, transfers)
      for (const [number, { startMs }] of transfers.entries()) {
        const took = (measured[number] as number) - startMs
        const want = (exact[number] as number) - startMs
        expect(
          Math.abs(took - want),
          `seed ${seed}, transfer ${number}: ${took} against ${want} ms`,
        ).toBeLessThan(Math.max(10, want * 0.01))
      }
    }
  })

  test('one after the other on one connection, given when the last has passed, take no gap', () => {
    const world = twoHosts({ network: FAIR, alice: { uploadBytesPerSecond: 100_000 } })
    const { far, near } = connected(world)
    const start = world.simulation.clock.now()
    let left = 10
    const next = (): void => {
      if (left-- > 0) near.channel.sendObject?.({ left }, 100_000, next)
    }
    next()
    world.simulation.runUntil(() => far.objects.length === 10, { timeMs: 60_000 })
    expect(world.simulation.clock.now() - start).toBe(10_000 + ONE_WAY_MS)
  })

  test('bytes take their time too, and share with objects', () => {
    const world = twoHosts({ network: FAIR, alice: { uploadBytesPerSecond: 100_000 } })
    const accepted = accepting(world.bob)
    const bytes = dialled(world.simulation, world.alice, world.bob).near
    const objects = dialled(world.simulation, world.alice, world.bob).near
    const start = world.simulation.clock.now()
    bytes.channel.send([new Uint8Array(500_000)])
    content(objects.channel, 500_000)
    world.simulation.runUntil(
      () => accepted[1]?.objects.length === 1 && accepted[0]?.length === 500_000,
      { timeMs: 60_000 },
    )
    const ms = world.simulation.clock.now() - start
    expect(Math.abs(ms - 10_000 - ONE_WAY_MS)).toBeLessThan(2)
  })

  test('what is aborted gives its share back and never arrives', () => {
    const world = twoHosts({ network: FAIR, alice: { uploadBytesPerSecond: 100_000 } })
    const accepted = accepting(world.bob)
    const one = dialled(world.simulation, world.alice, world.bob).near
    const other = dialled(world.simulation, world.alice, world.bob).near
    const start = world.simulation.clock.now()
    content(one.channel, 1_000_000)
    content(other.channel, 1_000_000)
    world.simulation.at(start + 10_000, () => one.channel.abort(new Error('enough')))
    world.simulation.runUntil(() => accepted[1]?.objects.length === 1, { timeMs: 60_000 })
    expect(world.simulation.clock.now() - start).toBe(15_000 + ONE_WAY_MS)
    expect([accepted[0]?.ends, accepted[0]?.objects.length]).toEqual([1, 0])
  })

  test('a crash in the middle frees the links, and what had not passed is lost', () => {
    const world = twoHosts({ network: FAIR, bob: { downloadBytesPerSecond: 100_000 } })
    const accepted = accepting(world.bob)
    const carol = world.network.addHost(world.network.addSite('c'))
    const dying = dialled(world.simulation, world.alice, world.bob).near
    const staying = dialled(world.simulation, carol, world.bob).near
    const start = world.simulation.clock.now()
    content(dying.channel, 1_000_000)
    content(staying.channel, 1_000_000)
    world.simulation.at(start + 10_000, () => world.alice.crash())
    world.simulation.runUntil(() => accepted[1]?.objects.length === 1, { timeMs: 60_000 })
    expect(world.simulation.clock.now() - start).toBe(15_000 + ONE_WAY_MS)
    expect(accepted[0]?.objects.length).toBe(0)
  })
})

describe('capacities that change', () => {
  test('hold at once, for what is under way', () => {
    const world = twoHosts({ network: FAIR, alice: { uploadBytesPerSecond: 10_000 } })
    const { far, near } = connected(world)
    const start = world.simulation.clock.now()
    content(near.channel, 200_000)
    world.simulation.at(start + 10_000, () =>
      world.alice.setRates({ uploadBytesPerSecond: 50_000 }),
    )
    world.simulation.runUntil(() => far.objects.length === 1, { timeMs: 60_000 })
    expect(world.simulation.clock.now() - start).toBe(12_000 + ONE_WAY_MS)
  })

  test("a site's link that becomes narrow limits what was under way without it", () => {
    const world = twoHosts({ network: FAIR, alice: { uploadBytesPerSecond: 100_000 } })
    const { far, near } = connected(world)
    const start = world.simulation.clock.now()
    const site = world.network.addSite('b')
    content(near.channel, 200_000)
    world.simulation.at(start + 1_000, () =>
      world.network.setSiteRates(site, { downloadBytesPerSecond: 10_000 }),
    )
    world.simulation.at(start + 6_000, () =>
      world.network.setSiteRates(site, { downloadBytesPerSecond: Number.POSITIVE_INFINITY }),
    )
    world.simulation.runUntil(() => far.objects.length === 1, { timeMs: 60_000 })
    expect(world.simulation.clock.now() - start).toBe(6_500 + ONE_WAY_MS)
  })

  test("a site's link that is down for ten seconds stops it for ten seconds, and nothing inside", () => {
    const world = twoHosts({ network: FAIR, alice: { uploadBytesPerSecond: 100_000 } })
    const { far, near } = connected(world)
    const neighbour = world.network.addHost(world.network.addSite('a'))
    const inside = accepting(neighbour)
    const local = dialled(world.simulation, world.alice, neighbour).near
    const site = world.network.addSite('a')
    const start = world.simulation.clock.now()
    content(near.channel, 200_000)
    world.simulation.at(start + 1_000, () =>
      world.network.setSiteRates(site, { uploadBytesPerSecond: 0 }),
    )
    world.simulation.at(start + 1_001, () => content(local.channel, 100_000))
    world.simulation.at(start + 11_000, () =>
      world.network.setSiteRates(site, { uploadBytesPerSecond: Number.POSITIVE_INFINITY }),
    )
    world.simulation.run({ timeMs: start + 3_000 })
    expect(inside[0]?.objects.length).toBe(1)
    world.simulation.runUntil(() => far.objects.length === 1, { timeMs: 60_000 })
    const ms = world.simulation.clock.now() - start
    // Rounded up at each change: within a microsecond or two.
    expect(Math.abs(ms - 12_000 - ONE_WAY_MS)).toBeLessThan(0.01)
    expect(near.ends + far.ends).toBe(0)
  })
})

test('two hosts behind one narrow link share it, and a third elsewhere gets the rest of its own', () => {
  const simulation = new Simulation(1)
  const network = new SimNetwork(simulation, {}, { ...FAIR, chunking: 'whole' })
  const site = network.addSite('narrow', { uploadBytesPerSecond: 60_000 })
  const target = network.addHost(network.addSite('far'), { downloadBytesPerSecond: 100_000 })
  const accepted = accepting(target)
  const behind = [0, 1].map(() => network.addHost(site))
  const third = network.addHost(network.addSite('elsewhere'))
  const channels = [...behind, third].map((host) => dialled(simulation, host, target).near.channel)
  simulation.run({ timeMs: 1_000 })
  const start = simulation.clock.now()
  const ends: number[] = []
  for (const [at, channel] of channels.entries()) {
    content(channel, at === 2 ? 400_000 : 300_000)
    const counter = accepted[at] as Counter
    counter.receivedObject = () => {
      ends[at] = simulation.clock.now() - start - ONE_WAY_MS
    }
  }
  simulation.run({ timeMs: 60_000 })
  expect(ends).toEqual([10_000, 10_000, 10_000])
})

describe('a slow way', () => {
  test('says that a long object is under way, until it is here or something is between', () => {
    const world = twoHosts({ network: FAIR, alice: { uploadBytesPerSecond: 10_000 } })
    const { far, near } = connected(world)
    expect(far.channel.isReceiving).toBe(false)
    content(near.channel, 100_000)
    world.simulation.run({ timeMs: 5_000 })
    expect(far.channel.isReceiving).toBe(true)
    expect(near.channel.isReceiving).toBe(false)
    world.bob.setRates({ downloadBytesPerSecond: 0 })
    expect(far.channel.isReceiving).toBe(false)
    world.bob.setRates({ downloadBytesPerSecond: 10_000 })
    world.simulation.run({ timeMs: 60_000 })
    expect(far.objects).toHaveLength(1)
    expect(far.channel.isReceiving).toBe(false)
  })

  test('lets bytes through several times a second', () => {
    const world = twoHosts({ network: FAIR, alice: { uploadBytesPerSecond: 40_000 } })
    const { far, near } = connected(world)
    near.channel.send([new Uint8Array(40_000)])
    world.simulation.run({ timeMs: 2_000 })
    expect(far.length).toBe(40_000)
    expect(far.chunks.length).toBeGreaterThanOrEqual(4)
  })
})

describe('control objects', () => {
  test('take latency only, overtake content, keep their order, and are paid for by the content behind them', () => {
    const world = twoHosts({ network: FAIR, alice: { uploadBytesPerSecond: 100_000 } })
    const { far, near } = connected(world)
    const start = world.simulation.clock.now()
    const came: string[] = []
    far.receivedObject = (value) =>
      came.push(`${(value as { name: string }).name} ${world.simulation.clock.now() - start}`)
    const say = (name: string, length: number): void => {
      near.channel.sendObject?.({ name }, length)
    }
    say('content', 100_000)
    for (let at = 0; at < 500; at++) say('have', 20)
    say('last', 2_048)
    say('content', 100_000)
    world.simulation.runUntil(() => came.length === 503, { timeMs: 60_000 })
    expect(came.slice(0, 500)).toEqual(Array(500).fill(`have ${ONE_WAY_MS}`))
    expect(came[500]).toBe(`last ${ONE_WAY_MS}`)
    expect(came[501]).toBe(`content ${1_000 + ONE_WAY_MS}`)
    // 12,048 bytes of control were owed when the second content began to pass.
    expect(came[502]).toBe(`content ${2_120.48 + ONE_WAY_MS}`)
    expect(world.bob.receivedBytes).toBe(212_048)
  })

  test('never overtake bytes', () => {
    const world = twoHosts({ network: FAIR, alice: { uploadBytesPerSecond: 10_000 } })
    const { far, near } = connected(world)
    const lengths: number[] = []
    far.receivedObject = () => lengths.push(far.length)
    near.channel.send([new Uint8Array(20_000)])
    near.channel.sendObject?.({}, 9)
    near.channel.sendObject?.({}, 9)
    world.simulation.run({ timeMs: 60_000 })
    expect(lengths).toEqual([20_000, 20_000])
  })

  test('wait for a reader that paused, behind what is unread, and stop at the window', () => {
    const world = twoHosts({ network: { ...FAIR, windowBytes: 1_000 } })
    const { far, near } = connected(world)
    far.channel.pause()
    const order: number[] = []
    far.receivedObject = (value) => order.push((value as { at: number }).at)
    let sents = 0
    for (let at = 0; at < 300; at++) near.channel.sendObject?.({ at }, 10, () => sents++)
    world.simulation.run({ timeMs: 5_000 })
    expect([order.length, sents]).toEqual([0, 100])
    far.channel.resume()
    world.simulation.run({ timeMs: 6_000 })
    expect(order).toEqual(Array.from({ length: 300 }, (_, at) => at))
    expect(sents).toBe(300)
  })

  test('wait for a partition to heal, and come in order', () => {
    const world = twoHosts({ network: FAIR })
    const { far, near } = connected(world)
    const heal = world.network.partition([world.alice], [world.bob])
    const order: number[] = []
    far.receivedObject = (value) => order.push((value as { at: number }).at)
    near.channel.sendObject?.({ at: 0 }, 10)
    world.simulation.at(5_000, () => near.channel.sendObject?.({ at: 1 }, 10))
    world.simulation.at(9_000, heal)
    world.simulation.at(9_001, () => near.channel.sendObject?.({ at: 2 }, 10))
    world.simulation.run({ timeMs: 60_000 })
    expect(order).toEqual([0, 1, 2])
  })

  test('wait for a host that stands still', () => {
    const world = twoHosts({ network: FAIR })
    const { far, near } = connected(world)
    const times: number[] = []
    far.receivedObject = () => times.push(world.simulation.clock.now())
    world.simulation.at(1_000, () => world.bob.freeze(5_000))
    world.simulation.at(2_000, () => near.channel.sendObject?.({ at: 1 }, 10))
    world.simulation.at(6_000 - ONE_WAY_MS, () => near.channel.sendObject?.({ at: 2 }, 10))
    world.simulation.run({ timeMs: 60_000 })
    expect(times).toEqual([6_000, 6_000])
  })
})
