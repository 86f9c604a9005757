import { describe, expect, test } from 'vitest'
import { fakeServer } from './fake-peer.ts'
import { type Node, World, makeContent } from './world.ts'

const SECOND = 1_000

/** The same host after a restart. */
function again(world: World, node: Node, magnet = false): Node {
  node.host.restart()
  return world.node({ host: node.host, magnet })
}

describe('crashes, partitions and time, in the simulator', () => {
  test('[F06] [I9] killed at any moment it resumes with what was verified, and fetches no more than the rest', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const world = new World(seed, makeContent([3_000_000]))
      const source = world.node({ seed: true, hostOptions: { uploadBytesPerSecond: 500_000 } })
      const first = world.node()
      world.run(1_000 + 400 * seed)
      const had = first.swarm.have.count
      const { pendingBytes } = first.swarm.stats
      first.host.kill()
      world.run(500)
      const second = again(world, first)
      world.complete([second], 120 * SECOND)
      world.expectContent(second.host)
      const { downloadedBytes } = second.swarm.stats
      expect(downloadedBytes, `seed ${seed}`).toBeLessThanOrEqual(3_000_000 - had * 32_768 + 65_536)
      expect(pendingBytes).toBeGreaterThanOrEqual(0)
      world.close([source, second])
    }
  })

  test('[F07] after a power cut nothing is believed that is not there', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const world = new World(seed, makeContent([3_000_000]))
      const source = world.node({ seed: true, hostOptions: { uploadBytesPerSecond: 80_000 } })
      const first = world.node()
      world.run(20 * SECOND + 3_000 * seed)
      first.host.crash()
      const second = again(world, first)
      world.complete([second], 300 * SECOND)
      world.expectContent(second.host)
      expect(second.log.filter(({ event }) => event === 'corrupt')).toEqual([])
      world.close([source, second])
    }
  })

  test('checkpoints come every 30 s while something changed, and not when nothing does', () => {
    const world = new World(72, makeContent([3_000_000]))
    const source = world.node({ seed: true, hostOptions: { uploadBytesPerSecond: 30_000 } })
    const leech = world.node()
    world.run(95 * SECOND)
    const saved = leech.log.filter(({ event }) => event === 'checkpoint')
    expect(saved.length).toBe(3)
    world.complete([leech], 120 * SECOND)
    const atEnd = leech.log.filter(({ event }) => event === 'checkpoint').length
    world.run(300 * SECOND)
    expect(leech.log.filter(({ event }) => event === 'checkpoint').length).toBeLessThanOrEqual(
      atEnd + 2,
    )
    world.close([source, leech])
  })

  test('[L05] a partition of ten minutes heals within a minute', () => {
    const world = new World(73, makeContent([6_000_000]))
    const source = world.node({ seed: true, hostOptions: { uploadBytesPerSecond: 100_000 } })
    const leech = world.node()
    world.run(10 * SECOND)
    const before = leech.swarm.have.count
    const heal = world.network.partition([source.host], [leech.host])
    world.run(600 * SECOND)
    const during = leech.swarm.have.count
    expect(during).toBeLessThan(before + 40)
    heal()
    world.run(60 * SECOND)
    expect(leech.swarm.have.count).toBeGreaterThan(during)
    world.complete([leech], 300 * SECOND)
    world.close([source, leech])
  })

  test('[E06] the last piece sits at a peer that chokes; it comes as soon as any seed is back', () => {
    const world = new World(74, makeContent([1_000_000]))
    const seed = world.node({ seed: true })
    const leech = world.node()
    world.simulation.runUntil(
      () => leech.swarm.have.count >= leech.swarm.have.length - 1 || leech.swarm.isComplete,
      { timeMs: 60 * SECOND },
    )
    const host = world.host()
    const { metainfo, files } = world.content
    fakeServer({ host, metainfo, files, script: { unchokes: false } })
    leech.swarm.addPeers([{ host: host.address, port: 6881 }])
    seed.host.kill()
    world.run(60 * SECOND)
    const back = again(world, seed)
    world.complete([leech], 90 * SECOND)
    world.expectContent(leech.host)
    world.close([leech, back])
  })

  test('[E07] all peers leave; when one is back after an hour the download goes on by itself', () => {
    const world = new World(75, makeContent([2_000_000]))
    const seed = world.node({ seed: true, hostOptions: { uploadBytesPerSecond: 100_000 } })
    const leech = world.node()
    world.run(5 * SECOND)
    seed.host.kill()
    world.run(3_600 * SECOND)
    expect(leech.swarm.stats.peersConnected).toBe(0)
    const back = again(world, seed)
    world.complete([leech], 120 * SECOND)
    world.close([leech, back])
  })

  test('[L02] the wall clock may jump a year either way: nobody notices', () => {
    const world = new World(76, makeContent([2_000_000]))
    const seed = world.node({ seed: true, hostOptions: { uploadBytesPerSecond: 200_000 } })
    const leech = world.node()
    world.run(3 * SECOND)
    leech.host.jumpWallClock(365 * 86_400)
    seed.host.jumpWallClock(-365 * 86_400)
    world.complete([leech], 30 * SECOND)
    const closed = leech.log.filter(
      ({ event, facts }) => event === 'peer' && (facts as { change: string }).change === 'closed',
    )
    expect(closed.length).toBeLessThanOrEqual(2)
    world.close([seed, leech])
  })

  test('pause closes every connection and says goodbye; resume goes on where it stopped', () => {
    const world = new World(77, makeContent([2_000_000]))
    const seed = world.node({ seed: true, hostOptions: { uploadBytesPerSecond: 200_000 } })
    const leech = world.node()
    world.run(3 * SECOND)
    leech.swarm.pause()
    expect(leech.swarm.state).toBe('paused')
    world.run(2 * SECOND)
    expect(leech.session.connections).toBe(0)
    expect(world.meeting.goodbyes).toBe(1)
    const had = leech.swarm.have.count
    // who asks a paused torrent is closed without a word [D03]
    seed.swarm.addPeers([world.endpoint(leech)])
    world.run(10 * SECOND)
    expect(leech.swarm.stats.peersConnected).toBe(0)
    expect(leech.swarm.have.count).toBe(had)
    leech.swarm.resume()
    world.complete([leech], 120 * SECOND)
    expect(leech.swarm.stats.wastedBytes + leech.swarm.stats.pendingBytes).toBeLessThan(600_000)
    world.close([seed, leech])
  })

  test('[E13] [L07] a torrent added, paused, resumed and removed a hundred times leaves nothing', () => {
    const world = new World(78, makeContent([400_000]))
    const seed = world.node({ seed: true, hostOptions: { uploadBytesPerSecond: 400_000 } })
    const leech = world.node()
    const random = world.simulation.random('moments')
    let { swarm } = leech
    for (let round = 0; round < 100; round++) {
      world.run(random.below(300))
      swarm.pause()
      world.run(random.below(20))
      swarm.resume()
      world.run(random.below(300))
      let closed = false
      swarm.stop(() => {
        closed = true
      })
      world.simulation.runUntil(() => closed, {
        timeMs: world.simulation.clock.now() + 20 * SECOND,
      })
      expect(leech.session.connections).toBe(0)
      expect(leech.session.memoryBytes).toBe(0)
      expect([...leech.session.swarms()]).toEqual([])
      swarm = leech.session.start(world.content.metainfo, {
        sources: [world.meeting.source(leech.host)],
      })
    }
    world.simulation.runUntil(() => swarm.isComplete, {
      timeMs: world.simulation.clock.now() + 120 * SECOND,
    })
    world.expectContent(leech.host)
    world.close([seed, leech])
  })

  test('rate limits hold for upload and download, of session and torrent', () => {
    const bytes = 2_000_000
    const cases = [
      { seed: { session: { limits: { uploadBytesPerSecond: 100_000 } } }, leech: {} },
      { seed: { torrent: { limits: { uploadBytesPerSecond: 100_000 } } }, leech: {} },
      { seed: { torrent: { limits: { peerUploadBytesPerSecond: 100_000 } } }, leech: {} },
      { seed: {}, leech: { session: { limits: { downloadBytesPerSecond: 100_000 } } } },
      { seed: {}, leech: { torrent: { limits: { downloadBytesPerSecond: 100_000 } } } },
      { seed: {}, leech: { torrent: { limits: { peerDownloadBytesPerSecond: 100_000 } } } },
    ]
    for (const [at, options] of cases.entries()) {
      const world = new World(79, makeContent([bytes]))
      const seed = world.node({ seed: true, ...options.seed })
      const leech = world.node(options.leech)
      world.complete([leech], 60 * SECOND)
      const seconds = world.simulation.clock.now() / SECOND
      expect(seconds, `case ${at}`).toBeGreaterThan(18)
      expect(seconds, `case ${at}`).toBeLessThan(24)
      world.close([seed, leech])
    }
  })
})
