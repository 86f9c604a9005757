// Each switch of `Manners`, and the limits that go with them, seen from the other end of a connection.
import { Bitfield } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { Upkeep } from '../../src/peers/upkeep.ts'
import type { Peer } from '../../src/peers/peer.ts'
import { PeerSet } from '../../src/peers/peer-set.ts'
import { type FakePeer, type Script, fakeDial, fakeServer } from './fake-peer.ts'
import { type Node, type NodeOptions, World, makeContent } from './world.ts'

const BLOCK = 16_384
const BLOCKS = 64

function newWorld(seed: number): World {
  return new World(seed, makeContent([BLOCKS * BLOCK], { pieceLength: 2 * BLOCK }))
}

/** Who comes to a seed with these options hears this. */
function visit(options: NodeOptions): FakePeer {
  const world = newWorld(1)
  const seed = world.node({ seed: true, alone: true, ...options })
  world.run(1_000)
  const { metainfo, files } = world.content
  const dialed = fakeDial({ host: world.host(), metainfo, files, script: {} }, world.endpoint(seed))
  world.run(1_000)
  if (dialed.peer === undefined) throw new Error('the seed takes visitors')
  return dialed.peer
}

interface Asked {
  readonly leech: Node
  readonly peers: readonly FakePeer[][]
  readonly world: World
}

/** A leech that is alone with these peers. */
function ask(scripts: readonly Script[], options: NodeOptions): Asked {
  const world = newWorld(2)
  const { metainfo, files } = world.content
  const leech = world.node({ alone: true, ...options })
  const peers = scripts.map((script) => {
    const host = world.host({ uploadBytesPerSecond: 100_000 })
    leech.swarm.addPeers([{ host: host.address, port: 6881 }])
    return fakeServer({ host, metainfo, files, script })
  })
  return { leech, peers, world }
}

const count = (peers: readonly FakePeer[], type: 'request' | 'cancel'): number =>
  peers.reduce((sum, peer) => sum + (peer.counts.get(type) ?? 0), 0)

const SILENT: Script = { answer: () => 'silent' }

const PATIENT = {
  stallMs: Number.POSITIVE_INFINITY,
  snubMs: Number.POSITIVE_INFINITY,
  requestMs: Number.POSITIVE_INFINITY,
}

describe('manners', () => {
  test('bitfield: off, every piece is told in a have of its own', () => {
    expect(visit({}).counts.get('have')).toBeUndefined()
    const { counts } = visit({ torrent: { manners: { bitfield: false } } })
    expect(counts.get('have')).toBe(BLOCKS / 2)
  })

  test('allowedFast: off, nobody is allowed anything while choked', () => {
    expect(visit({}).counts.get('allowed-fast')).toBe(10)
    const { counts } = visit({ torrent: { manners: { allowedFast: false } } })
    expect(counts.get('allowed-fast')).toBeUndefined()
  })

  test('endgame: off, no block is asked of two peers, and with patience without end none is given up', () => {
    const patient = ask([SILENT, {}], {
      session: { connectionLimits: { idleMs: Number.POSITIVE_INFINITY } },
      torrent: { limits: PATIENT, manners: { endgame: false } },
    })
    patient.world.run(600_000)
    expect(patient.leech.swarm.isComplete).toBe(false)
    expect(count(patient.peers.flat(), 'request')).toBe(BLOCKS)
    const usual = ask([SILENT, {}], {})
    usual.world.complete([usual.leech], 600_000)
    expect(count(usual.peers.flat(), 'request')).toBeGreaterThan(BLOCKS)
  })

  test('cancels: off, late blocks are not cancelled', () => {
    const usual = ask([SILENT, {}], {})
    usual.world.complete([usual.leech], 600_000)
    usual.world.run(1_000)
    expect(count(usual.peers.flat(), 'cancel')).toBeGreaterThan(0)
    const mute = ask([SILENT, {}], { torrent: { manners: { cancels: false } } })
    mute.world.complete([mute.leech], 600_000)
    mute.world.run(1_000)
    expect(count(mute.peers.flat(), 'cancel')).toBe(0)
  })

  test('redials: off, an endpoint is dialled once', () => {
    const hangsUp: Script = {
      heard: (event, peer) => {
        if (event.type === 'interested') peer.close()
      },
    }
    const usual = ask([hangsUp], {})
    usual.world.run(900_000)
    expect(usual.peers[0]?.length).toBeGreaterThan(1)
    const once = ask([hangsUp], { torrent: { manners: { redials: false } } })
    once.world.run(900_000)
    expect(once.peers[0]?.length).toBe(1)
  })

  test('redials: off, who came to us is not dialled when it has left', () => {
    for (const redials of [true, false]) {
      const world = newWorld(3)
      const slow = { uploadBytesPerSecond: 1_000 }
      const seed = world.node({ seed: true, alone: true, hostOptions: slow })
      const leech = world.node({ alone: true, torrent: { manners: { redials } } })
      seed.swarm.addPeers([world.endpoint(leech)])
      world.run(5_000)
      expect(leech.swarm.stats.peersConnected).toBe(1)
      seed.host.kill()
      seed.host.restart()
      world.node({ seed: true, alone: true, host: seed.host })
      world.run(300_000)
      const connects = leech.log.filter(
        ({ event, facts }) => event === 'peer' && 'change' in facts && facts.change === 'connected',
      )
      expect(connects.length, `redials ${redials}`).toBe(redials ? 2 : 1)
    }
  })

  test('evicts: off, a full torrent keeps whom it has', () => {
    for (const evicts of [true, false]) {
      const peers = new PeerSet()
      const dropped: string[] = []
      const idle = {
        peerId: 'x',
        openedAt: 0,
        session: { amInterested: false, peerInterested: false },
        drop: (detail: string) => dropped.push(detail),
      }
      peers.opened(idle as unknown as Peer, 'y' as Peer['peerId'])
      const upkeep = new Upkeep({
        evicts,
        peers,
        isFull: () => true,
        othersWait: () => true,
        isSnubbed: () => false,
      })
      upkeep.pulse(1_000_000)
      expect(dropped).toEqual(evicts ? ['evicted'] : [])
    }
  })
})

describe('limits of one torrent', () => {
  test('requestsPerPeerMin as much as requestsPerPeerMax: a fixed number of requests from the start', () => {
    const limits = { requestsPerPeerMin: 10, requestsPerPeerMax: 10 }
    const { world, peers } = ask([SILENT], { torrent: { limits } })
    world.run(5_000)
    expect(count(peers.flat(), 'request')).toBe(10)
  })

  test('chokeRoundMs: rounds come as often as asked for', () => {
    const rounds = (chokeRoundMs: number): number => {
      let asked = 0
      const world = newWorld(4)
      // one that has everything and nobody connected would rest
      world.node({
        alone: true,
        torrent: {
          limits: { chokeRoundMs },
          policy: {
            unchoke: ({ proposed }) => {
              asked++
              return proposed
            },
          },
        },
      })
      world.run(60_000)
      return asked
    }
    expect(rounds(10_000)).toBeLessThanOrEqual(7)
    expect(rounds(2_000)).toBeGreaterThanOrEqual(29)
  })

  test('optimisticMs and optimisticSlots: how many are unchoked by chance, and for how long', () => {
    const world = newWorld(5)
    const limits = { unchokeSlots: 0, optimisticSlots: 2, optimisticMs: 10_000 }
    const unchoked: (readonly string[])[] = []
    const leech = world.node({
      alone: true,
      torrent: {
        limits,
        policy: {
          unchoke: ({ proposed, interested }) => {
            if (interested.length === 6) unchoked.push(proposed.map((peer) => peer.endpoint.host))
            return proposed
          },
        },
      },
    })
    const { metainfo, files } = world.content
    const seed = world.node({
      seed: true,
      alone: true,
      hostOptions: { uploadBytesPerSecond: 10_000 },
    })
    leech.swarm.addPeers([world.endpoint(seed)])
    world.run(20_000)
    expect(leech.swarm.have.count).toBeGreaterThan(0)
    const visitors = Array.from({ length: 6 }, (_, number) =>
      fakeDial(
        {
          host: world.host(),
          metainfo,
          files,
          script: {
            pieces: new Bitfield(BLOCKS / 2),
            heard: (event, peer) => {
              if (event.type === 'handshake') peer.session.setInterested(true)
            },
          },
        },
        world.endpoint(leech),
        number,
      ),
    )
    world.run(25_000)
    expect(leech.swarm.isComplete).toBe(false)
    expect(visitors.every(({ peer }) => peer !== undefined)).toBe(true)
    expect(new Set(unchoked.map(({ length }) => length))).toEqual(new Set([2]))
    expect(new Set(unchoked.map((hosts) => hosts.toSorted().join())).size).toBeGreaterThan(1)
  })
})
