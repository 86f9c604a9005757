import { Bitfield } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { type Script, fakeDial, fakeServer } from './fake-peer.ts'
import { type Node, World, makeContent } from './world.ts'

const PORT = 6881

function fakes(world: World, script: Script, count = 1, uploadBytesPerSecond?: number) {
  return Array.from({ length: count }, () => {
    const host = world.host(uploadBytesPerSecond === undefined ? {} : { uploadBytesPerSecond })
    const { metainfo, files } = world.content
    return { host, peers: fakeServer({ host, metainfo, files, script }) }
  })
}

const banned = (node: Node): string[] =>
  node.log
    .filter(
      ({ event, facts }) => event === 'peer' && (facts as { change: string }).change === 'banned',
    )
    .map(({ facts }) => (facts as { endpoint: { host: string } }).endpoint.host)

const spoiled = (bytes: Uint8Array): Uint8Array => {
  const copy = bytes.slice()
  copy[0] = (copy[0] as number) ^ 0xff
  return copy
}

describe('peers that misbehave, in the simulator', () => {
  test('[E01] [E03] who corrupts one block of each piece is banned soon, honest peers never', () => {
    const world = new World(41, makeContent([4_000_000], { pieceLength: 65_536 }))
    const script: Script = {
      answer: ({ begin }, honest) => (begin === 16_384 ? spoiled(honest()) : honest()),
    }
    const [liar] = fakes(world, script, 1, 300_000)
    const seeds = Array.from({ length: 4 }, () =>
      world.node({ seed: true, hostOptions: { uploadBytesPerSecond: 300_000 } }),
    )
    const leech = world.node()
    leech.swarm.addPeers([{ host: liar!.host.address, port: PORT }])
    world.complete([leech], 300_000)
    world.expectContent(leech.host)
    expect(banned(leech)).toEqual([liar!.host.address])
    const corrupt = leech.log.filter(({ event }) => event === 'corrupt')
    expect(corrupt.length).toBeGreaterThan(0)
    expect(corrupt.length).toBeLessThanOrEqual(8)
    world.close([...seeds, leech])
  })

  test('[E02] a banned peer that comes back under another peer id and port is refused', () => {
    const world = new World(42, makeContent([1_000_000], { pieceLength: 32_768 }))
    const [liar] = fakes(world, { answer: (_, honest) => spoiled(honest()) })
    const leech = world.node()
    leech.swarm.addPeers([{ host: liar!.host.address, port: PORT }])
    world.run(60_000)
    expect(banned(leech)).toEqual([liar!.host.address])
    const { metainfo, files } = world.content
    const again = fakeDial(
      { host: liar!.host, metainfo, files, script: {} },
      world.endpoint(leech),
      7,
    )
    world.run(5_000)
    expect(again.peer?.isClosed).toBe(true)
    expect(again.peer?.counts.get('handshake')).toBeUndefined()
    const seed = world.node({ seed: true })
    world.complete([leech], 120_000)
    world.close([leech, seed])
  })

  test('[E02] who is banned for one torrent is refused by all torrents of the session', () => {
    const world = new World(47, makeContent([1_000_000], { pieceLength: 32_768 }))
    const other = makeContent([1_000_000], { seed: 'other', pieceLength: 32_768 })
    const [liar] = fakes(world, { answer: (_, honest) => spoiled(honest()) })
    const leech = world.node()
    const second = leech.session.start(other.metainfo)
    world.run(100)
    const { host } = liar!
    const dial = (): ReturnType<typeof fakeDial> =>
      fakeDial({ host, ...other, script: { answer: () => 'silent' } }, world.endpoint(leech), 9)
    const before = dial()
    world.run(2_000)
    expect(second.stats.peersConnected).toBe(1)
    leech.swarm.addPeers([{ host: host.address, port: PORT }])
    world.run(60_000)
    expect(banned(leech)).toEqual([host.address])
    expect(before.peer?.isClosed).toBe(true)
    expect(second.stats.peersConnected).toBe(0)
    const after = dial()
    world.run(2_000)
    expect(after.peer?.isClosed).toBe(true)
    world.close([leech])
  })

  test('[E05] a peer that claims everything and sends nothing costs time, not the download', () => {
    const world = new World(43, makeContent([1_000_000]))
    const silent = fakes(world, { answer: () => 'silent' }, 3)
    const leech = world.node({ alone: true })
    leech.swarm.addPeers(silent.map(({ host }) => ({ host: host.address, port: PORT })))
    world.run(10_000)
    expect(leech.swarm.stats.peersConnected).toBe(3)
    const seed = world.node({ seed: true, alone: true })
    leech.swarm.addPeers([world.endpoint(seed)])
    world.complete([leech], 120_000)
    world.expectContent(leech.host)
    world.close([leech, seed])
  })

  test('[E05] even a seed of which the silent peers hold every piece finishes within two minutes', () => {
    const world = new World(44, makeContent([300_000], { pieceLength: 131_072 }))
    const silent = fakes(world, { answer: () => 'silent' }, 6)
    const seed = world.node({ seed: true, hostOptions: { latencyMs: 100 } })
    const leech = world.node()
    leech.swarm.addPeers(silent.map(({ host }) => ({ host: host.address, port: PORT })))
    world.complete([leech], 120_000)
    world.close([leech, seed])
  })

  test('[D04] a torrent that is told its own address drops itself and never dials it again', () => {
    const world = new World(45, makeContent([100_000]))
    const leech = world.node({ alone: true })
    leech.swarm.addPeers([world.endpoint(leech)])
    world.run(5_000)
    expect(leech.swarm.stats.peersConnected).toBe(0)
    leech.swarm.addPeers([world.endpoint(leech)])
    const { events } = world.simulation
    world.run(600_000)
    expect(leech.swarm.stats.peersConnected).toBe(0)
    expect(world.simulation.events - events).toBeLessThan(500)
    world.close([leech])
  })

  test('[D05] two that dial each other at once keep one connection, the same one, and lose nothing', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const world = new World(seed, makeContent([200_000]))
      const one = world.node({
        seed: true,
        alone: true,
        hostOptions: { uploadBytesPerSecond: 20_000 },
      })
      const other = world.node({ alone: true })
      world.run(500)
      one.swarm.addPeers([world.endpoint(other)])
      other.swarm.addPeers([world.endpoint(one)])
      world.run(3_000)
      expect(one.swarm.stats.peersConnected, `seed ${seed}`).toBe(1)
      expect(other.swarm.stats.peersConnected, `seed ${seed}`).toBe(1)
      world.complete([other], 60_000)
      expect(other.swarm.stats.wastedBytes).toBe(0)
      world.close([one, other])
    }
  })

  test('[D10] blocks that nobody asked for are waste and change nothing', () => {
    const world = new World(46, makeContent([500_000]))
    const junk = new Uint8Array(16_384).fill(7)
    const pushed = fakes(world, {
      heard: (event, peer) => {
        if (event.type !== 'request') return
        // an unasked piece message, past the session's own rules
        const head = Uint8Array.of(0, 0, 0x40, 9, 7, 0, 0, 0, 3, 0, 0, 0, 0)
        peer.raw(head)
        peer.raw(junk)
      },
    })
    const leech = world.node({ alone: true })
    leech.swarm.addPeers([{ host: pushed[0]!.host.address, port: PORT }])
    world.run(20_000)
    const seed = world.node({ seed: true, alone: true })
    leech.swarm.addPeers([world.endpoint(seed)])
    world.complete([leech], 120_000)
    world.expectContent(leech.host)
    expect(leech.swarm.stats.wastedBytes).toBeGreaterThan(0)
    expect(banned(leech)).toEqual([])
    world.close([leech, seed])
  })

  test('[D14] a peer that asks for much and reads nothing is closed, and only so much waits for it', () => {
    const world = new World(47, makeContent([20_000_000], { pieceLength: 1_048_576 }))
    const seed = world.node({ seed: true })
    world.run(1_000)
    const { metainfo, files } = world.content
    const host = world.host()
    // after its requests it reads nothing: a partition towards it has the same look, the window stays full
    const dialed = fakeDial(
      {
        host,
        metainfo,
        files,
        script: {
          pieces: new Bitfield(metainfo.geometry.pieceCount),
          heard: (event, peer) => {
            if (event.type === 'handshake') peer.session.setInterested(true)
            if (event.type !== 'unchoke') return
            for (let piece = 0; piece < 10; piece++) {
              for (let at = 0; at < 25; at++) {
                peer.session.request(piece, at * 16_384, 16_384, host.ports.clock.now())
              }
            }
            host.setRates({ downloadBytesPerSecond: 1 })
          },
        },
      },
      world.endpoint(seed),
    )
    world.run(30_000)
    expect(dialed.peer?.isClosed).toBe(false)
    expect(seed.swarm.stats.uploadedBytes).toBeLessThan(4 * 1024 * 1024)
    world.run(200_000)
    expect(seed.swarm.stats.peersConnected).toBe(0)
    world.close([seed])
  })

  test('[E08] a choked peer gets each byte of its allowed-fast pieces once', () => {
    const world = new World(48, makeContent([2_000_000]))
    const seed = world.node({ seed: true, torrent: { limits: { unchokeSlots: 0 } } })
    const { metainfo, files } = world.content
    world.run(1_000)
    const host = world.host()
    const asked: number[] = []
    const dialed = fakeDial(
      {
        host,
        metainfo,
        files,
        script: {
          pieces: new Bitfield(metainfo.geometry.pieceCount),
          heard: (event, peer) => {
            if (event.type !== 'allowed-fast') return
            asked.push(event.piece)
            for (let round = 0; round < 3; round++) {
              host.ports.clock.at(1_500 + round * 1_000, () => {
                peer.session.request(event.piece, 0, 16_384, host.ports.clock.now())
                peer.flush()
              })
            }
          },
        },
      },
      world.endpoint(seed),
    )
    world.run(20_000)
    expect(asked.length).toBe(10)
    expect(dialed.peer?.counts.get('block')).toBe(20) // pieces of 32 KiB: 16 KiB twice, the third is rejected
    expect(dialed.peer?.counts.get('reject')).toBe(10)
    world.close([seed])
  })

  test('choked peers of one /24 do not share a slow uplink for copies of the same pieces', () => {
    const world = new World(52, makeContent([2_000_000]))
    const seed = world.node({
      seed: true,
      hostOptions: { uploadBytesPerSecond: 4_000 },
      torrent: { limits: { unchokeSlots: 0 } },
    })
    const { metainfo, files } = world.content
    world.run(1_000)
    const choked = Array.from({ length: 3 }, () => {
      const host = world.host()
      const script: Script = {
        pieces: new Bitfield(metainfo.geometry.pieceCount),
        heard: (event, peer) => {
          if (event.type !== 'allowed-fast') return
          peer.session.request(event.piece, 0, 16_384, host.ports.clock.now())
          peer.flush()
        },
      }
      return fakeDial({ host, metainfo, files, script }, world.endpoint(seed))
    })
    world.run(60_000)
    const counts = choked.map(({ peer }) => ({
      blocks: peer?.counts.get('block') ?? 0,
      rejects: peer?.counts.get('reject') ?? 0,
    }))
    expect(counts.filter(({ blocks }) => blocks === 10).length).toBe(1)
    expect(counts.filter(({ rejects }) => rejects === 10).length).toBe(2)
    world.close([seed])
  })

  test('[D15] a peer that resets in the middle of a block: others are asked in the same moment', () => {
    const world = new World(49, makeContent([600_000]))
    let served = 0
    const flaky = fakes(world, {
      heard: (event, peer) => {
        if (event.type === 'request' && ++served > 5) peer.close()
      },
    })
    const seed = world.node({ seed: true })
    const leech = world.node()
    leech.swarm.addPeers([{ host: flaky[0]!.host.address, port: PORT }])
    world.complete([leech], 30_000)
    world.expectContent(leech.host)
    world.close([seed, leech])
  })

  test('[D23] one address gets three connections, whatever it tries; loopback is not counted', () => {
    const world = new World(50, makeContent([100_000]))
    const seed = world.node({ seed: true })
    world.run(500)
    const { metainfo, files } = world.content
    const host = world.host()
    const none = new Bitfield(metainfo.geometry.pieceCount)
    const dialed = Array.from({ length: 20 }, (_, number) =>
      fakeDial({ host, metainfo, files, script: { pieces: none } }, world.endpoint(seed), number),
    )
    world.run(3_000)
    const open = dialed.filter(({ peer }) => peer?.isClosed === false)
    expect(open).toHaveLength(3)
    expect(seed.swarm.stats.peersConnected).toBe(3)
    world.close([seed])
  })
})
