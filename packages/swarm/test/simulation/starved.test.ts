// A download whose neighbours have nothing for it any more asks its sources for others, and one that goes on does not.
import type { PeerSource } from '@bt/ports'
import { Bitfield } from '@bt/primitives'
import { expect, test } from 'vitest'
import { fakeServer } from './fake-peer.ts'
import { World, makeContent } from './world.ts'

/** Times at which a leech wishes for more peers whose only neighbour has these pieces of twenty. */
function wishes(had: readonly number[], isQuick: boolean): readonly number[] {
  const world = new World(71, makeContent([20 * 32_768]))
  const { metainfo, files } = world.content
  const host = world.host({ uploadBytesPerSecond: isQuick ? 1_000_000 : 5_000 })
  const pieces = new Bitfield(20)
  for (const piece of had) pieces.set(piece)
  fakeServer({ host, metainfo, files, script: { pieces } })
  const at: number[] = []
  const source: PeerSource = {
    start: () => {},
    wanted: () => at.push(world.simulation.clock.now()),
    stop: (done) => done(undefined),
  }
  const leech = world.node({ alone: true, torrent: { sources: [source] } })
  leech.swarm.addPeers([{ host: host.address, port: 6881 }])
  world.run(1_000)
  // until then it was connected to nobody
  at.length = 0
  world.run(100_000)
  expect(leech.swarm.have.count > 0).toBe(had.length > 0)
  world.close([leech])
  return at
}

test('who has all that its neighbours have wishes for others after three rounds of ten seconds', () => {
  const [first = 0] = wishes([1, 2, 3, 4], true)
  expect(first).toBeGreaterThan(20_000)
  expect(first).toBeLessThanOrEqual(50_000)
})

test('so does who waits for its first piece among others that have none', () => {
  const [first = 0] = wishes([], true)
  expect(first).toBeGreaterThan(20_000)
  expect(first).toBeLessThanOrEqual(50_000)
})

test('who still gets something does not', () => {
  expect(
    wishes(
      Array.from({ length: 19 }, (_, piece) => piece),
      false,
    ),
  ).toEqual([])
})
