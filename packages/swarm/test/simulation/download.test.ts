import { Bitfield, type InfoHash } from '@bt/primitives'
import { allowedFastSet } from '@bt/wire'
import { describe, expect, test } from 'vitest'
import { World, makeContent } from './world.ts'

describe('a download in the simulator', () => {
  test('one seed, one leecher: every byte arrives once and nothing is left behind', () => {
    const world = new World(1, makeContent([300_000]))
    const seed = world.node({ seed: true })
    const leech = world.node()
    world.complete([leech], 60_000)
    world.expectContent(leech.host)
    expect(leech.swarm.stats.downloadedBytes).toBe(300_000)
    expect(seed.swarm.stats.uploadedBytes).toBe(300_000)
    expect(leech.swarm.stats.wastedBytes).toBe(0)
    world.close([seed, leech])
  })

  test('one seed, eight leechers: all complete and share the work', () => {
    const world = new World(2, makeContent([4_000_000]))
    const seed = world.node({ seed: true, hostOptions: { uploadBytesPerSecond: 500_000 } })
    const leeches = Array.from({ length: 8 }, () =>
      world.node({ hostOptions: { uploadBytesPerSecond: 500_000 } }),
    )
    world.complete(leeches, 300_000)
    for (const { host } of leeches) world.expectContent(host)
    expect(seed.swarm.stats.uploadedBytes).toBeLessThan(4 * 4_000_000)
    world.close([seed, ...leeches])
  })

  for (const version of ['1', '2', 'hybrid'] as const) {
    test(`a folder with awkward sizes and an empty file arrives (version ${version})`, () => {
      const lengths = [0, 1, 16_384, 16_385, 100_000, 70_001]
      const world = new World(3, makeContent(lengths, { version, pieceLength: 32_768 }))
      const seed = world.node({ seed: true })
      const leech = world.node()
      world.complete([leech], 60_000)
      world.expectContent(leech.host)
      world.close([seed, leech])
    })
  }

  test('only the wanted files are fetched, the others when they become wanted', () => {
    const world = new World(5, makeContent([100_000, 200_000, 50_000], { pieceLength: 16_384 }))
    const seed = world.node({ seed: true })
    const leech = world.node({ torrent: { select: () => [0, 4, 0] } })
    world.complete([leech], 60_000)
    expect(leech.host.disk.contents('content/file-1')).toEqual(world.content.files[1]?.data)
    expect(leech.host.disk.paths()).not.toContain('content/file-2')
    expect(leech.swarm.state).toBe('seeding')
    expect(leech.swarm.stats.leftBytes).toBe(0)
    expect(leech.swarm.have.count).toBeLessThan(leech.swarm.have.length)
    void leech.swarm.select(Bitfield.full(3))
    world.simulation.runUntil(
      () => leech.swarm.have.count === leech.swarm.have.length,
      { timeMs: world.simulation.clock.now() + 10_000 },
      'the other files',
    )
    world.expectContent(leech.host)
    world.close([seed, leech])
  })

  test('pieces come in order where that is asked for', () => {
    const world = new World(6, makeContent([2_000_000]))
    const seed = world.node({ seed: true, hostOptions: { uploadBytesPerSecond: 300_000 } })
    const leech = world.node({ torrent: { sequential: true } })
    world.complete([leech], 60_000)
    const order = leech.log.filter(({ event }) => event === 'piece')
    const pieces = order.map(({ facts }) => (facts as { piece: number }).piece)
    // while choked it may ask for these only (BEP 6), so they come whenever they can
    const { geometry, wireHashes } = world.content.metainfo
    const [infoHash] = wireHashes
    const fast = allowedFastSet(leech.host.address, infoHash as InfoHash, geometry.pieceCount)
    const others = pieces.filter((piece) => !fast.includes(piece))
    const strays = others.filter((piece, at) => at > 0 && Math.abs(piece - others[at - 1]!) > 8)
    expect(others.length).toBeGreaterThan(50)
    expect(strays).toEqual([])
    world.close([seed, leech])
  })
})
