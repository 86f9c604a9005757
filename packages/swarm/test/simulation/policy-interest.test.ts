import { describe, expect, test } from 'vitest'
import { Bitfield } from '@bt/primitives'
import type { PeerHandle, PolicyHost, SwarmPolicy } from '@bt/swarm'
import { World, makeContent } from './world.ts'

describe('a policy that decides piece by piece', () => {
  test('is interested, and unchoked, before anything may be asked', () => {
    const world = new World(71, makeContent([300_000]))
    const seed = world.node({ seed: true, alone: true })
    world.run(500)
    let host: PolicyHost | undefined
    let interested = false
    const may = new Bitfield(world.content.metainfo.geometry.pieceCount)
    const policy: SwarmPolicy = {
      attach: (to) => {
        host = to
      },
      scope: () => ({ had: may, reason: 'one', interested }),
    }
    const leech = world.node({ alone: true, torrent: { policy } })
    leech.swarm.addPeers([world.endpoint(seed)])
    world.run(20_000)
    const [peer] = [...(host as PolicyHost).peers()] as [PeerHandle]
    expect(host?.chokesUs(peer)).toBe(true)
    interested = true
    host?.changed('scope', peer)
    host?.changed('link', peer)
    world.run(20_000)
    expect(host?.chokesUs(peer)).toBe(false)
    expect(leech.swarm.stats.downloadedBytes).toBe(0)
    may.set(3)
    host?.changed('scope', peer)
    world.run(5_000)
    expect(leech.swarm.have.count).toBe(1)
    expect(leech.swarm.have.has(3)).toBe(true)
    world.close([leech, seed])
  })
})
