import { describe, expect, test } from 'vitest'
import { World, makeContent } from './world.ts'

describe('a download in the simulator', () => {
  test('one seed, one leecher: every byte arrives and nothing is left behind', () => {
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
})
