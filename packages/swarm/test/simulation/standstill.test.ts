// Machines that stand still, torrents that are being checked, and swarms that are full.
import { Bitfield } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { EVICT_AFTER_MS, EVICT_EVERY_MS } from '../../src/peers/upkeep.ts'
import { fakeServer } from './fake-peer.ts'
import { type Node, World, makeContent } from './world.ts'

const SECOND = 1_000
const HOUR = 3_600 * SECOND

/** Changes of peers in a log: 'connected', 'closed', 'banned', and the reason's detail. */
function changes(node: Node): { change: string; detail: string | undefined; at?: number }[] {
  return node.log
    .filter(({ event }) => event === 'peer')
    .map(({ facts }) => {
      const { change, reason } = facts as { change: string; reason?: { detail?: string } }
      return { change, detail: reason?.detail }
    })
}

function transfer(seed: number) {
  const world = new World(seed, makeContent([3_000_000]))
  const source = world.node({ seed: true, hostOptions: { uploadBytesPerSecond: 100_000 } })
  const leech = world.node()
  world.run(8 * SECOND)
  expect(leech.swarm.have.count).toBeGreaterThan(0)
  expect(leech.swarm.isComplete).toBe(false)
  return { world, source, leech }
}

describe('a machine that stands still, in the simulator', () => {
  test('[L04] five seconds without the event loop close no connection and ban nobody', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { world, source, leech } = transfer(seed)
      const before = [changes(source).length, changes(leech).length]
      for (const node of [leech, source]) {
        const heal = world.network.partition(
          [node.host],
          [node === leech ? source.host : leech.host],
        )
        node.host.freeze(5 * SECOND)
        world.run(5 * SECOND)
        heal()
        world.run(3 * SECOND)
      }
      expect([changes(source).length, changes(leech).length], `seed ${seed}`).toEqual(before)
      world.complete([leech], 60 * SECOND)
      expect(leech.swarm.stats.wastedBytes).toBe(0)
      world.close([source, leech])
    }
  })

  test('[L03] after eight hours of sleep dead connections are found, and the download goes on within two minutes', () => {
    for (let seed = 1; seed <= 3; seed++) {
      const { world, source, leech } = transfer(seed)
      const heal = world.network.partition([source.host], [leech.host])
      leech.host.freeze(8 * HOUR)
      world.run(300 * SECOND)
      expect(source.swarm.stats.peersConnected, 'the one that stayed awake noticed').toBe(0)
      world.run(8 * HOUR - 300 * SECOND)
      heal()
      const had = leech.swarm.have.count
      world.run(120 * SECOND)
      expect(leech.swarm.have.count, `seed ${seed}`).toBeGreaterThan(had)
      expect(changes(leech).filter(({ change }) => change === 'banned')).toEqual([])
      world.complete([leech], 120 * SECOND)
      world.close([source, leech])
    }
  })
})

describe('a torrent that is being checked, in the simulator', () => {
  function checking(limits: { readonly peersMax?: number } = {}) {
    const world = new World(51, makeContent([3_000_000]))
    const host = world.host()
    host.disk.bytesPerSecond = 400_000
    const source = world.node({ host, seed: true, alone: true, torrent: { limits } })
    world.run(1 * SECOND)
    expect(source.swarm.state).toBe('checking')
    return { world, host, source }
  }

  test('keeps who comes, tells its pieces when they are checked, and serves in the next second', () => {
    const { world, host, source } = checking()
    const leech = world.node({ alone: true })
    leech.swarm.addPeers([world.endpoint(source)])
    world.run(2 * SECOND)
    expect(source.swarm.state).toBe('checking')
    expect(leech.swarm.stats.peersConnected).toBe(1)
    expect(leech.swarm.have.count).toBe(0)
    world.simulation.runUntil(
      () => source.swarm.state === 'seeding',
      { timeMs: 30 * SECOND },
      'the end of the check',
    )
    host.disk.bytesPerSecond = Number.POSITIVE_INFINITY
    world.complete([leech], 2 * SECOND)
    expect(changes(leech).map(({ change }) => change)).not.toContain('banned')
    world.close([source, leech])
  })

  test('keeps no more of them than it may have, and none while it is paused', () => {
    const { world, source } = checking({ peersMax: 2 })
    const leeches = Array.from({ length: 4 }, () => world.node({ alone: true }))
    for (const leech of leeches) leech.swarm.addPeers([world.endpoint(source)])
    world.run(1 * SECOND)
    expect(source.swarm.state).toBe('checking')
    expect(source.swarm.stats.peersConnected).toBe(2)
    source.swarm.pause()
    world.run(1 * SECOND)
    expect(source.swarm.stats.peersConnected).toBe(0)
    source.swarm.resume()
    world.complete(leeches, 120 * SECOND)
    world.close([source, ...leeches])
  })
})

describe('a swarm that is full, in the simulator', () => {
  /** Peers that have nothing and want nothing. */
  function idlers(world: World, count: number) {
    const { metainfo, files } = world.content
    return Array.from({ length: count }, () => {
      const host = world.host()
      fakeServer({
        host,
        metainfo,
        files,
        script: { pieces: new Bitfield(metainfo.geometry.pieceCount) },
      })
      return { host: host.address, port: 6881 }
    })
  }

  test('makes room for those who wait: the least useful goes, one a minute, after two to prove itself', () => {
    const world = new World(61, makeContent([400_000]))
    const seed = world.node({ seed: true, alone: true })
    const leech = world.node({ alone: true, torrent: { limits: { peersMax: 3 } } })
    const evictedAt: number[] = []
    leech.swarm.on('peer', ({ reason }) => {
      if ((reason as { detail?: string } | undefined)?.detail !== 'evicted') return
      evictedAt.push(world.simulation.clock.now())
    })
    leech.swarm.addPeers(idlers(world, 3))
    world.run(5 * SECOND)
    expect(leech.swarm.stats.peersConnected).toBe(3)
    leech.swarm.addPeers([world.endpoint(seed), ...idlers(world, 2)])
    world.run(EVICT_AFTER_MS - 10 * SECOND)
    expect(evictedAt).toEqual([])
    world.complete([leech], 6 * EVICT_EVERY_MS)
    expect(evictedAt.length).toBeGreaterThan(0)
    expect(leech.swarm.stats.peersConnected).toBeLessThanOrEqual(3)
    for (const [at, time] of evictedAt.entries()) {
      if (at > 0)
        expect(time - (evictedAt[at - 1] as number)).toBeGreaterThanOrEqual(EVICT_EVERY_MS)
    }
    world.close([seed, leech])
  })

  test('keeps everybody while nobody waits', () => {
    const world = new World(62, makeContent([400_000]))
    const leech = world.node({ alone: true, torrent: { limits: { peersMax: 3 } } })
    leech.swarm.addPeers(idlers(world, 3))
    world.run(3_600 * SECOND)
    expect(changes(leech).filter(({ detail }) => detail === 'evicted')).toEqual([])
    world.close([leech])
  })
})
