import { Bitfield } from '@bt/primitives'
import { Session } from '@bt/swarm'
import { describe, expect, test } from 'vitest'
import { fakeDial } from './fake-peer.ts'
import { World, makeContent } from './world.ts'

const SECOND = 1_000

describe('a session, in the simulator', () => {
  test('many torrents share one port, told apart by the infohash of the handshake', () => {
    const contents = Array.from({ length: 5 }, (_, at) =>
      makeContent([100_000 + at], { seed: at, version: at === 4 ? 'hybrid' : '1' }),
    )
    const world = new World(81, contents[0]!)
    const hosts = [world.host(), world.host()]
    const [seedHost, leechHost] = hosts as [(typeof hosts)[0], (typeof hosts)[0]]
    const sessions = hosts.map((host) => new Session(host.ports))
    for (const session of sessions) session.listen({ port: 7000 }, () => {})
    world.run(100)
    const [seeding, leeching] = sessions as [Session, Session]
    for (const [at, { metainfo, files }] of contents.entries()) {
      const folder = (host: typeof seedHost) => ({
        open: ((list, done) =>
          host.ports.storage.open(
            list.map((file) => ({ ...file, path: [`t${at}`, ...file.path] })),
            done,
          )) as typeof host.ports.storage.open,
      })
      for (const file of files) seedHost.disk.put(`t${at}/${file.path}`, file.data)
      seeding.start(metainfo, { storage: folder(seedHost) })
      const swarm = leeching.start(metainfo, { storage: folder(leechHost) })
      world.run(500)
      swarm.addPeers([{ host: seedHost.address, port: 7000 }])
    }
    world.simulation.runUntil(
      () => [...leeching.swarms()].every((swarm) => swarm.isComplete),
      { timeMs: 60 * SECOND },
      'all five',
    )
    for (const [at, { files }] of contents.entries()) {
      expect(leechHost.disk.contents(`t${at}/${files[0]!.path}`)).toEqual(files[0]!.data)
    }
    expect([...leeching.swarms()]).toHaveLength(5)
  })

  test('a torrent is added once, and again after it was removed', () => {
    const world = new World(82, makeContent([50_000]))
    const node = world.node()
    expect(() => node.session.start(world.content.metainfo)).toThrow(
      expect.objectContaining({ code: 'ALREADY_ADDED' }),
    )
    let removed = false
    node.swarm.stop(() => {
      removed = true
    })
    world.simulation.runUntil(() => removed, { timeMs: 20 * SECOND })
    node.session.start(world.content.metainfo)
    world.close([node])
    expect(() => node.session.start(world.content.metainfo)).toThrow(
      expect.objectContaining({ code: 'CLOSED' }),
    )
  })

  test('super-seeding beside another policy is refused by name', () => {
    const world = new World(83, makeContent([50_000]))
    expect(() => world.node({ torrent: { superSeed: true, policy: {} } })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', detail: 'superSeed' }),
    )
  })

  test('[D03] who asks for an unknown or paused torrent is closed without a word', () => {
    const world = new World(84, makeContent([50_000]))
    const other = makeContent([60_000], { seed: 'other' })
    const node = world.node({ seed: true })
    world.run(500)
    const host = world.host()
    const unknown = fakeDial(
      { host, metainfo: other.metainfo, files: other.files, script: {} },
      world.endpoint(node),
    )
    world.run(2 * SECOND)
    expect(unknown.peer?.isClosed).toBe(true)
    expect(unknown.peer?.counts.size).toBe(0)
    node.swarm.pause()
    const { metainfo, files } = world.content
    const paused = fakeDial({ host, metainfo, files, script: {} }, world.endpoint(node), 2)
    world.run(2 * SECOND)
    expect(paused.peer?.isClosed).toBe(true)
    expect(paused.peer?.counts.size).toBe(0)
    world.close([node])
  })

  test('[D13] silent connections take a bounded number of slots and lose them after the handshake deadline', () => {
    const world = new World(85, makeContent([50_000]))
    const node = world.node({ seed: true, session: { limits: { acceptsPendingMax: 10 } } })
    world.run(500)
    let open = 0
    for (let at = 0; at < 20; at++) {
      const host = world.host()
      host.ports.transport.dial(world.endpoint(node), {}, (error, channel) => {
        if (error !== undefined) return
        open++
        channel.start({ received() {}, drained() {}, closed: () => open-- })
      })
    }
    world.run(2 * SECOND)
    expect(open).toBe(10)
    expect(node.session.connections).toBe(10)
    world.run(20 * SECOND)
    expect(open).toBe(0)
    expect(node.session.connections).toBe(0)
    world.close([node])
  })

  test('[E14] connections and dials of all torrents together stay below the caps', () => {
    const world = new World(86, makeContent([400_000]), { everyMs: 2_000 })
    const limits = { connectionsMax: 6, dialsMax: 2 }
    const node = world.node({ session: { limits } })
    const seeds = Array.from({ length: 12 }, () =>
      world.node({ seed: true, hostOptions: { uploadBytesPerSecond: 2_000 } }),
    )
    let most = 0
    for (let step = 0; step < 100; step++) {
      world.run(200)
      most = Math.max(most, node.session.connections)
    }
    expect(most).toBe(6)
    world.close([node, ...seeds])
  })

  test('[E11] a peer that reconnects gains nothing over one that waits', () => {
    const world = new World(87, makeContent([8_000_000]))
    const options = { unchokeSlots: 1, uploadBytesPerSecond: 100_000 }
    const seed = world.node({ seed: true, alone: true, torrent: { limits: options } })
    world.run(500)
    const { metainfo, files } = world.content
    const none = new Bitfield(metainfo.geometry.pieceCount)
    const got = new Map<string, number>()
    const greedy = (name: string, reconnects: boolean): void => {
      const host = world.host()
      let number = 0
      const connect = (): void => {
        // a choke may leave one open whose block was on its way out: it is answered, and not asked twice
        const open = new Set<number>()
        const dialed = fakeDial(
          {
            host,
            metainfo,
            files,
            script: {
              pieces: none,
              heard: (event, peer) => {
                const now = host.ports.clock.now()
                if (event.type === 'handshake') peer.session.setInterested(true)
                if (event.type === 'block' || event.type === 'reject') open.delete(event.piece)
                if (event.type === 'unchoke' || event.type === 'block') {
                  const at = got.get(name) ?? 0
                  if (event.type === 'block') got.set(name, at + event.data.length)
                  if (event.type === 'unchoke') {
                    for (let piece = 0; piece < 100; piece++) {
                      if (open.has(piece)) continue
                      open.add(piece)
                      peer.session.request(piece, 0, 16_384, now)
                    }
                  }
                }
              },
            },
          },
          world.endpoint(seed),
          number++,
        )
        if (!reconnects) return
        host.ports.clock.at(host.ports.clock.now() + 15 * SECOND, () => {
          dialed.peer?.close()
          connect()
        })
      }
      connect()
    }
    greedy('patient', false)
    greedy('patient 2', false)
    greedy('reconnecting', true)
    world.run(600 * SECOND)
    const total = [...got.values()].reduce((sum, bytes) => sum + bytes, 0)
    expect(got.get('reconnecting') ?? 0).toBeLessThan(0.6 * total)
    expect(got.get('patient') ?? 0).toBeGreaterThan(0)
    world.close([seed])
  })
})
