import { Bitfield } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { encodeMetadataMessage } from '@bt/wire'
import { type Script, fakeDial, fakeServer } from './fake-peer.ts'
import { World, makeContent } from './world.ts'

const SECOND = 1_000

/** Content with metadata of several pieces of 16 KiB. */
const big = () => makeContent([40_000_000], { pieceLength: 16_384 })

function liar(world: World, script: Script) {
  const host = world.host()
  const { metainfo, files } = world.content
  fakeServer({ host, metainfo, files, script })
  return { host: host.address, port: 6881 }
}

describe('metadata from hostile peers, in the simulator', () => {
  test('[C04] peers that name wrong sizes, or answer nothing, cost less than half a minute', () => {
    const world = new World(91, makeContent([400_000]))
    const { length } = world.content.metainfo.infoBytes
    const sizes = [length + 1, 1, 5_000_000, length]
    const liars = sizes.map((metadataLength) =>
      liar(world, { extensions: { ut_metadata: 7 }, metadataLength, answer: () => 'silent' }),
    )
    const seed = world.node({ seed: true, alone: true })
    world.run(500)
    const leech = world.node({ magnet: true, alone: true })
    leech.swarm.addPeers([...liars, world.endpoint(seed)])
    world.simulation.runUntil(
      () => leech.swarm.metainfo !== undefined,
      { timeMs: 31 * SECOND },
      'the metadata',
    )
    world.complete([leech], 120 * SECOND)
    world.close([seed, leech])
  })

  test('[C05] whole metadata with a wrong hash is thrown away, its sender dropped, and others are asked', () => {
    const world = new World(92, makeContent([400_000]))
    const { length } = world.content.metainfo.infoBytes
    const liars = Array.from({ length: 3 }, () =>
      liar(world, {
        extensions: { ut_metadata: 7 },
        metadataLength: length,
        heard: (event, peer) => {
          if (event.type !== 'extended' || event.name !== 'ut_metadata') return
          const bytes = new Uint8Array(length).fill(120)
          const answer = { type: 'data', piece: 0, totalLength: length, bytes } as const
          peer.session.sendExtended('ut_metadata', encodeMetadataMessage(answer))
        },
      }),
    )
    const leech = world.node({ magnet: true, alone: true })
    leech.swarm.addPeers(liars)
    world.run(60 * SECOND)
    expect(leech.swarm.state).toBe('metadata')
    const seed = world.node({ seed: true, alone: true })
    world.run(500)
    leech.swarm.addPeers([world.endpoint(seed)])
    world.complete([leech], 60 * SECOND)
    world.close([seed, leech])
  })

  test('[C07] a flood of metadata requests is answered to a bound, and what is out of range is rejected', () => {
    const world = new World(93, big())
    expect(world.content.metainfo.infoBytes.length).toBeGreaterThan(2 * 16_384)
    const seed = world.node({ seed: true, alone: true, torrent: { found: 'trust' } })
    world.run(2 * SECOND)
    const host = world.host()
    const { metainfo, files } = world.content
    let answers = 0
    fakeDial(
      {
        host,
        metainfo,
        files,
        script: {
          extensions: { ut_metadata: 7 },
          pieces: new Bitfield(metainfo.geometry.pieceCount),
          heard: (event, peer) => {
            if (event.type === 'extension-handshake') {
              for (let at = 0; at < 2_000; at++) {
                const request = encodeMetadataMessage({ type: 'request', piece: at % 5 })
                peer.session.sendExtended('ut_metadata', request)
              }
            }
            if (event.type === 'extended') answers++
          },
        },
      },
      world.endpoint(seed),
    )
    world.run(20 * SECOND)
    expect(answers).toBeGreaterThan(3)
    expect(host.receivedBytes).toBeLessThan(4 * metainfo.infoBytes.length)
    world.close([seed])
  })

  test('metadata of several pieces comes from several peers at once', () => {
    const world = new World(94, big())
    const seeds = Array.from({ length: 3 }, () =>
      world.node({ seed: true, alone: true, torrent: { found: 'trust' } }),
    )
    world.run(2 * SECOND)
    const leech = world.node({ magnet: true, alone: true, torrent: { select: () => [0] } })
    leech.swarm.addPeers(seeds.map((seed) => world.endpoint(seed)))
    world.simulation.runUntil(
      () => leech.swarm.metainfo !== undefined,
      { timeMs: 20 * SECOND },
      'the metadata',
    )
    expect(leech.swarm.metainfo?.infoHashV1).toBe(world.content.metainfo.infoHashV1)
    world.run(2 * SECOND)
    // nothing is wanted of it, so nothing is fetched
    expect(leech.swarm.stats.downloadedBytes).toBe(0)
    world.close([...seeds, leech])
  })
})
