import { describe, expect, test } from 'vitest'
import { World, makeContent } from './world.ts'

describe('peer exchange in the simulator', () => {
  test('a peer that knows one other peer hears of the seed from it', () => {
    const world = new World(21, makeContent([400_000]))
    const seed = world.node({
      seed: true,
      alone: true,
      hostOptions: { uploadBytesPerSecond: 1_000 },
    })
    const middle = world.node({ alone: true })
    middle.swarm.addPeers([world.endpoint(seed)])
    world.run(1_000)
    const leech = world.node({ alone: true })
    leech.swarm.addPeers([world.endpoint(middle)])
    world.run(180_000)
    const met = leech.log.filter(({ event }) => event === 'peer')
    expect(met.map(({ facts }) => (facts as { origin: string }).origin)).toContain('pex')
    expect(leech.swarm.stats.peersConnected).toBe(2)
    world.close([seed, middle, leech])
  })

  test('a private torrent says nothing and hears nothing', () => {
    const world = new World(22, makeContent([400_000], { isPrivate: true }))
    expect(world.content.metainfo.isPrivate).toBe(true)
    const seed = world.node({
      seed: true,
      alone: true,
      hostOptions: { uploadBytesPerSecond: 1_000 },
    })
    const middle = world.node({ alone: true })
    middle.swarm.addPeers([world.endpoint(seed)])
    world.run(1_000)
    const leech = world.node({ alone: true })
    leech.swarm.addPeers([world.endpoint(middle)])
    world.run(180_000)
    expect(leech.swarm.stats.peersConnected).toBe(1)
    world.close([seed, middle, leech])
  })
})
