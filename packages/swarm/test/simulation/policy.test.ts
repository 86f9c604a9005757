import { Bitfield } from '@bt/primitives'
import { type PeerHandle, type PolicyFact, type PolicyHost, type SwarmPolicy } from '@bt/swarm'
import { describe, expect, test } from 'vitest'
import { fakeDial, fakeServer } from './fake-peer.ts'
import { LEAVE_MS } from '../../src/options.ts'
import { World, makeContent } from './world.ts'

describe('the policy seam, in the simulator', () => {
  test('"never ask peer X for piece Y, hold its requests for two seconds" is a policy of ten lines', () => {
    const world = new World(61, makeContent([600_000]))
    const { metainfo, files } = world.content
    const host = world.host()
    const PIECE = 7
    // X lacks one piece, or it would be a seed, and nobody unchokes seeds
    const claimed = Bitfield.full(metainfo.geometry.pieceCount)
    claimed.clear(0)
    const askedOfX: number[] = []
    const rejectedAt: number[] = []
    let requestedAt = 0
    let pieceCame = 0
    const clock = world.simulation.clock
    fakeServer({
      host,
      metainfo,
      files,
      script: {
        pieces: claimed,
        heard: (event, peer) => {
          if (event.type === 'request') askedOfX.push(event.piece)
          if (event.type === 'reject') rejectedAt.push(clock.now())
          if (event.type === 'block') pieceCame = clock.now()
          if (event.type === 'unchoke' && requestedAt === 0) {
            requestedAt = clock.now()
            peer.session.request(PIECE, 0, 16_384, clock.now())
          }
          if (event.type === 'handshake') peer.session.setInterested(true)
        },
      },
    })
    const isX = (peer: PeerHandle): boolean => peer.endpoint.host === host.address
    const all = Bitfield.full(metainfo.geometry.pieceCount)
    all.clear(PIECE)
    const policy: SwarmPolicy = {
      scope: (peer) => (isX(peer) ? { had: all, reason: 'x' } : undefined),
      hold: (peer) => (isX(peer) ? 2_000 : 0),
    }
    const leech = world.node({ alone: true, torrent: { policy } })
    leech.swarm.addPeers([{ host: host.address, port: 6881 }])
    world.run(20_000)
    expect(new Set(askedOfX).size).toBe(metainfo.geometry.pieceCount - 2)
    expect(askedOfX).not.toContain(PIECE)
    expect(leech.swarm.have.count).toBe(metainfo.geometry.pieceCount - 2)
    expect(requestedAt).toBeGreaterThan(0)
    expect(rejectedAt).toHaveLength(1)
    expect(rejectedAt[0]! - requestedAt).toBeGreaterThan(2_000)
    expect(rejectedAt[0]! - requestedAt).toBeLessThan(2_200)
    expect(pieceCame).toBe(0)
    expect(leech.swarm.reasons.get('x')).toBe(leech.swarm.stats.downloadedBytes)
    // from anybody else it is fetched
    const seed = world.node({ seed: true, alone: true })
    leech.swarm.addPeers([world.endpoint(seed)])
    world.complete([leech], 60_000)
    world.close([leech, seed])
  })

  test('a held request is answered the moment its piece is here', () => {
    const world = new World(62, makeContent([600_000]))
    const { metainfo, files } = world.content
    const seed = world.node({
      seed: true,
      alone: true,
      hostOptions: { uploadBytesPerSecond: 60_000 },
    })
    const leech = world.node({ alone: true, torrent: { policy: { hold: () => 60_000 } } })
    world.run(500)
    const got: number[] = []
    const wanted = metainfo.geometry.pieceCount - 1
    const host = world.host()
    fakeDial(
      {
        host,
        metainfo,
        files,
        script: {
          pieces: new Bitfield(metainfo.geometry.pieceCount),
          heard: (event, peer) => {
            if (event.type === 'handshake') peer.session.setInterested(true)
            if (event.type === 'unchoke') {
              peer.session.request(wanted, 0, 10_000, host.ports.clock.now())
            }
            if (event.type === 'block') got.push(event.piece)
          },
        },
      },
      world.endpoint(leech),
    )
    leech.swarm.addPeers([world.endpoint(seed)])
    world.complete([leech], 60_000)
    world.run(2_000)
    expect(got).toEqual([wanted])
    world.close([leech, seed])
  })

  test('[37] a super-seed shows one piece at a time and sends each about once (BEP 16)', () => {
    const uploads = new Map<string, number>()
    for (const name of ['plain', 'super'] as const) {
      const world = new World(63, makeContent([3_000_000]))
      const seed = world.node({
        seed: true,
        hostOptions: { uploadBytesPerSecond: 200_000 },
        torrent: name === 'super' ? { superSeed: true } : {},
      })
      const leeches = Array.from({ length: 6 }, () =>
        world.node({ hostOptions: { uploadBytesPerSecond: 200_000 } }),
      )
      world.complete(leeches, 600_000)
      uploads.set(name, seed.swarm.stats.uploadedBytes)
      world.close([seed, ...leeches])
    }
    expect(uploads.get('super')).toBeLessThan(1.4 * 3_000_000)
    expect(uploads.get('super')).toBeLessThan(uploads.get('plain') as number)
  })

  test('a policy hears what happened, in order, and decides whom to dial and which way a link carries', () => {
    const world = new World(64, makeContent([300_000]))
    const seed = world.node({ seed: true, alone: true })
    const banned = world.node({ seed: true, alone: true })
    world.run(500)
    const facts: PolicyFact['type'][] = []
    let host: PolicyHost | undefined
    let detached = 0
    const policy: SwarmPolicy = {
      attach: (to) => {
        host = to
      },
      detach: () => {
        detached++
      },
      observe: (fact) => facts.push(fact.type),
      dial: (endpoint) => (endpoint.host === banned.host.address ? -1 : 1),
      link: () => (detached === 0 && facts.includes('pieces') ? 'both' : 'upload-only'),
    }
    const leech = world.node({ alone: true, torrent: { policy } })
    leech.swarm.addPeers([world.endpoint(seed), world.endpoint(banned)])
    world.run(10_000)
    expect(leech.swarm.stats.peersConnected).toBe(1)
    expect(leech.swarm.stats.downloadedBytes).toBe(0)
    host?.changed('link')
    world.complete([leech], 30_000)
    expect(banned.swarm.stats.uploadedBytes).toBe(0)
    expect(facts.slice(0, 2)).toEqual(['opened', 'pieces'])
    const count = (type: PolicyFact['type']): number => facts.filter((fact) => fact === type).length
    expect(count('verified')).toBe(world.content.metainfo.geometry.pieceCount)
    expect(count('requested')).toBe(count('progress'))
    world.close([leech, seed, banned])
    expect(detached).toBe(1)
  })

  test('a policy that serves one peer at a time keeps the rest waiting, and all complete', () => {
    const world = new World(66, makeContent([600_000]))
    let underWay = 0
    let most = 0
    let waited = 0
    const policy: SwarmPolicy = {
      observe: (fact) => {
        if (fact.type === 'served') most = Math.max(most, ++underWay)
        if (fact.type === 'sent') underWay--
      },
      serve: () => {
        if (underWay === 0) return undefined
        waited++
        return 'later'
      },
    }
    const seed = world.node({ seed: true, alone: true, torrent: { policy } })
    const leeches = [world.node({ alone: true }), world.node({ alone: true })]
    for (const { swarm } of leeches) swarm.addPeers([world.endpoint(seed)])
    world.complete(leeches, 60_000)
    expect(most).toBe(1)
    expect(underWay).toBe(0)
    expect(waited).toBeGreaterThan(0)
    world.close([...leeches, seed])
  })

  test('a policy that says later for ever holds nobody up', () => {
    const world = new World(67, makeContent([100_000]))
    const policy: SwarmPolicy = { serve: () => 'later' }
    const seed = world.node({ seed: true, alone: true, torrent: { policy } })
    const leech = world.node({ alone: true })
    leech.swarm.addPeers([world.endpoint(seed)])
    world.complete([leech], 60_000)
    world.close([leech, seed])
  })

  test('two policies talk to each other in an extension of their own', () => {
    const world = new World(65, makeContent([50_000]))
    const heard: unknown[] = []
    const hosts: PolicyHost[] = []
    const speaker = (): SwarmPolicy => ({
      attach: (host) => {
        hosts.push(host)
      },
      extensions: [
        {
          name: 'x_test',
          handshake: () => new Map([['x_site', 7]]),
          received: (peer, payload) => {
            heard.push([peer.extensions.get('x_site'), new TextDecoder().decode(payload)])
          },
        },
      ],
    })
    const one = world.node({ alone: true, torrent: { policy: speaker() } })
    const other = world.node({ alone: true, torrent: { policy: speaker() } })
    world.run(500)
    one.swarm.addPeers([world.endpoint(other)])
    world.run(2_000)
    for (const host of hosts) {
      for (const peer of host.peers()) host.send(peer, 'x_test', new TextEncoder().encode('hello'))
    }
    world.run(1_000)
    expect(heard).toEqual([
      [7, 'hello'],
      [7, 'hello'],
    ])
    world.close([one, other])
  })

  test('a budget of the policy bounds what one peer gets', () => {
    const world = new World(66, makeContent([2_000_000]))
    let spent = 0
    const policy: SwarmPolicy = {
      budget: () => ({
        take: (bytes) => {
          if (spent + bytes > 500_000) return false
          spent += bytes
          return true
        },
        availableAt: (bytes, now) => (spent + bytes > 500_000 ? Number.POSITIVE_INFINITY : now),
      }),
    }
    const seed = world.node({ seed: true, alone: true, torrent: { policy } })
    world.run(500)
    const leech = world.node({ alone: true })
    leech.swarm.addPeers([world.endpoint(seed)])
    world.run(30_000)
    expect(leech.swarm.stats.downloadedBytes).toBeGreaterThan(480_000)
    expect(leech.swarm.stats.downloadedBytes).toBeLessThanOrEqual(500_000)
    world.close([seed, leech])
  })

  test('a policy that leaves in order has 5 s for it, in which what it serves goes on; one that has nothing left none', () => {
    const world = new World(67, makeContent([2_000_000]))
    const detached: string[] = []
    const policy = (name: string, leave: (done: () => void) => void): SwarmPolicy => ({
      leave,
      detach: () => detached.push(`${name} ${Math.round(world.simulation.clock.now())}`),
    })
    const seed = world.node({
      seed: true,
      alone: true,
      hostOptions: { uploadBytesPerSecond: 200_000 },
      torrent: { policy: policy('seed', () => {}) },
    })
    const leech = world.node({
      alone: true,
      torrent: { policy: policy('leech', (done) => done()) },
    })
    leech.swarm.addPeers([world.endpoint(seed)])
    world.run(3_000)
    const before = leech.swarm.stats.downloadedBytes
    const begun = world.simulation.clock.now()
    seed.swarm.stop(() => {})
    world.run(4_900)
    expect(leech.swarm.stats.downloadedBytes - before).toBeGreaterThan(500_000)
    expect(detached).toEqual([])
    world.run(200)
    expect(detached).toEqual([`seed ${Math.round(begun + LEAVE_MS)}`])
    const now = Math.round(world.simulation.clock.now())
    leech.swarm.stop(() => {})
    expect(detached.at(-1)).toBe(`leech ${now}`)
    world.close([seed, leech])
  })
})
