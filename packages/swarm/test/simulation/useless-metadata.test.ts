// Metadata that has the right hash and is no torrent: the fault is in the link, not in the peers.
import type { Magnet, Metainfo } from '@bt/metainfo'
import { parseInfoHash, sha1 } from '@bt/primitives'
import { encodeMetadataMessage } from '@bt/wire'
import { expect, test } from 'vitest'
import { fakeServer } from './fake-peer.ts'
import { World, makeContent } from './world.ts'

const SECOND = 1_000

const INFOS = [
  { name: 'without pieces', info: 'd6:lengthi1e4:name1:x12:piece lengthi16384ee' },
  {
    name: 'that leave the folder',
    info: `d6:lengthi1e4:name2:..12:piece lengthi16384e6:pieces20:${'x'.repeat(20)}e`,
  },
  { name: 'that are no dictionary', info: 'i7e' },
]

test.each(INFOS)(
  '[C06] metadata $name fail the torrent once, with the reason, and nobody is asked again',
  ({ info }) => {
    const bytes = new TextEncoder().encode(info)
    const infoHash = parseInfoHash(sha1(bytes))
    if (infoHash === undefined) throw new Error('a digest is an infohash')
    const content = makeContent([100_000])
    const magnet: Magnet = { ...content.magnet, infoHashV1: infoHash }
    const world = new World(95, { ...content, magnet })
    const metainfo = Object.create(content.metainfo, {
      wireHashes: { value: [infoHash] },
    }) as Metainfo
    const requests: number[] = []
    const servers = Array.from({ length: 2 }, () => {
      const host = world.host()
      return {
        endpoint: { host: host.address, port: 6881 },
        peers: fakeServer({
          host,
          metainfo,
          files: content.files,
          script: {
            extensions: { ut_metadata: 7 },
            metadataLength: bytes.length,
            heard: (event, peer) => {
              if (event.type !== 'extended' || event.name !== 'ut_metadata') return
              requests.push(world.simulation.clock.now())
              const answer = { type: 'data', piece: 0, totalLength: bytes.length, bytes } as const
              peer.session.sendExtended('ut_metadata', encodeMetadataMessage(answer))
            },
          },
        }),
      }
    })
    const leech = world.node({ magnet: true, alone: true })
    leech.swarm.addPeers(servers.map(({ endpoint }) => endpoint))
    world.run(10 * SECOND)
    expect(leech.swarm.state).toBe('failed')
    expect(leech.swarm.failure?.code).toBe('CANNOT_START')
    expect((leech.swarm.failure?.cause as Error | undefined)?.name).toBe('MetainfoError')
    const asked = requests.length
    expect(asked).toBeGreaterThan(0)
    expect(asked).toBeLessThanOrEqual(2)
    const connections = servers.reduce((sum, { peers }) => sum + peers.length, 0)
    world.run(3_600 * SECOND)
    expect(leech.log.filter(({ event }) => event === 'failed')).toHaveLength(1)
    expect(requests).toHaveLength(asked)
    expect(servers.reduce((sum, { peers }) => sum + peers.length, 0)).toBe(connections)
    expect(
      leech.log.filter(({ facts }) => (facts as { change?: string }).change === 'banned'),
    ).toEqual([])
    world.close([leech])
  },
)
