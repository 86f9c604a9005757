import { describe, expect, test } from 'vitest'
import { World, makeContent } from './world.ts'

describe('magnet links in the simulator', () => {
  for (const version of ['1', 'hybrid'] as const) {
    test(`metadata comes from peers and the download goes on over the same connections (version ${version})`, () => {
      const world = new World(11, makeContent([900_000, 30_000], { version, pieceLength: 16_384 }))
      const seeds = [world.node({ seed: true }), world.node({ seed: true })]
      world.run(500)
      const leech = world.node({ magnet: true, alone: true })
      leech.swarm.addPeers(seeds.map((seed) => world.endpoint(seed)))
      world.complete([leech], 60_000)
      world.expectContent(leech.host)
      const connected = leech.log.filter(
        ({ event, facts }) =>
          event === 'peer' && (facts as { change: string }).change === 'connected',
      )
      expect(connected).toHaveLength(2)
      expect(leech.log.some(({ event }) => event === 'metadata')).toBe(true)
      world.close([...seeds, leech])
    })
  }

  test('a magnet of a v2 torrent fails with what to do, since nobody asks peers for piece layers yet', () => {
    const content = makeContent([900_000], { version: '2', pieceLength: 16_384 })
    const world = new World(17, content)
    const seed = world.node({ seed: true })
    world.run(500)
    const leech = world.node({ magnet: true })
    world.run(30_000)
    const failed = leech.log.find(({ event }) => event === 'failed')
    expect(String((failed?.facts as { error?: Error } | undefined)?.error)).toContain(
      'use the .torrent file',
    )
    world.close([seed, leech])
  })

  test('a swarm of magnets gets metadata from one another', () => {
    const world = new World(12, makeContent([1_000_000]))
    const seed = world.node({ seed: true })
    const leeches = Array.from({ length: 6 }, () => world.node({ magnet: true }))
    world.complete(leeches, 120_000)
    for (const { host } of leeches) world.expectContent(host)
    world.close([seed, ...leeches])
  })

  test('[C08] a magnet that nobody has metadata for waits, and goes on when somebody comes', () => {
    const world = new World(13, makeContent([200_000]), { everyMs: 10_000 })
    const first = world.node({ magnet: true })
    const second = world.node({ magnet: true })
    world.run(600_000)
    expect(first.swarm.state).toBe('metadata')
    const before = world.simulation.events
    world.run(60_000)
    expect(world.simulation.events - before).toBeLessThan(1_000)
    const seed = world.node({ seed: true })
    world.complete([first, second], 120_000)
    world.expectContent(first.host)
    world.close([first, second, seed])
  })
})
