import { type Metainfo, parseInfo } from '@bt/metainfo'
import type { InfoHashV2 } from '@bt/primitives'
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

  test('a magnet of a v2 torrent gets the piece layers from peers, in spans with their proofs', () => {
    // 1,400 pieces of one file: three spans of 512 hashes; and a file of one piece, which needs none
    const content = makeContent([1_400 * 16_384 - 5, 9_000], { version: '2', pieceLength: 16_384 })
    const world = new World(17, content)
    const seeds = [world.node({ seed: true }), world.node({ seed: true })]
    world.run(500)
    const leeches = [world.node({ magnet: true }), world.node({ magnet: true })]
    world.complete(leeches, 60_000)
    for (const leech of leeches) {
      world.expectContent(leech.host)
      expect(leech.swarm.metainfo?.missingLayers()).toEqual([])
      expect(leech.log.filter(({ event }) => event === 'corrupt')).toEqual([])
    }
    world.close([...seeds, ...leeches])
  })

  test('a torrent file without its piece layers asks peers for them as well, and waits for one that has them', () => {
    const content = makeContent([900_000], { version: '2', pieceLength: 16_384 })
    const { infoBytes, infoHashV2 } = content.metainfo
    const bare = (): Metainfo => parseInfo(infoBytes, infoHashV2 as InfoHashV2)
    const world = new World(18, content)
    const leeches = [world.node({ metainfo: bare() }), world.node({ metainfo: bare() })]
    world.run(60_000)
    for (const { swarm } of leeches) {
      expect([swarm.state, swarm.stats.peersConnected]).toEqual(['metadata', 1])
    }
    const seed = world.node({ seed: true })
    world.complete(leeches, 120_000)
    for (const { host } of leeches) world.expectContent(host)
    world.close([seed, ...leeches])
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
