import { createMetainfo, parseMetainfo } from '@bt/metainfo'
import type { StorageProvider } from '@bt/ports'
import { Prng } from '@bt/primitives'
import type { SimHost } from '@bt/simulator'
import { describe, expect, test } from 'vitest'
import { type Node, World, makeContent } from './world.ts'

const conditions = (node: Node): string[] =>
  node.log
    .filter(({ event }) => event === 'condition')
    .map(({ facts }) => (facts as { state: string }).state)

describe('a disk that fails, in the simulator', () => {
  test('[F01] a full disk stops the download by name; it completes without restart when there is room', () => {
    const world = new World(31, makeContent([2_000_000]))
    const seed = world.node({ seed: true, hostOptions: { uploadBytesPerSecond: 400_000 } })
    const host = world.host()
    host.disk.capacityBytes = 700_000
    const leech = world.node({ host })
    world.run(30_000)
    expect(leech.swarm.state).toBe('stopped')
    expect(leech.swarm.condition).toMatchObject({ state: 'stopped', error: { code: 'DISK_FULL' } })
    expect(leech.swarm.have.count).toBeGreaterThan(5)
    // what it has, it serves on
    const other = world.node()
    world.run(20_000)
    expect(leech.swarm.stats.uploadedBytes + seed.swarm.stats.uploadedBytes).toBeGreaterThan(0)
    host.disk.capacityBytes = Number.POSITIVE_INFINITY
    world.complete([leech, other], 120_000)
    world.expectContent(leech.host)
    expect(conditions(leech).at(-1)).toBe('ok')
    const { wastedBytes } = leech.swarm.stats
    expect(wastedBytes).toBe(0)
    world.close([seed, leech, other])
  })

  test('[F02] permission lost in the middle stops writing, and writing goes on when it is back', () => {
    const world = new World(32, makeContent([2_000_000]))
    const seed = world.node({ seed: true, hostOptions: { uploadBytesPerSecond: 400_000 } })
    const leech = world.node()
    world.run(2_000)
    const lift = leech.host.disk.fail({ code: 'NO_PERMISSION', operations: ['write'] })
    world.run(20_000)
    expect(leech.swarm.state).toBe('stopped')
    lift()
    world.complete([leech], 120_000)
    world.expectContent(leech.host)
    world.close([seed, leech])
  })

  test('[F21] a disk of 5 s a write slows the peers down and costs no more memory than allowed', () => {
    const world = new World(33, makeContent([3_000_000], { pieceLength: 65_536 }))
    const seed = world.node({ seed: true })
    const leech = world.node({ session: { memoryMaxBytes: 256 * 1024 } })
    leech.host.disk.operationMs = 5_000
    let most = 0
    world.simulation.runUntil(
      () => {
        most = Math.max(most, leech.session.memoryBytes)
        return leech.swarm.isComplete
      },
      { timeMs: 600_000 },
      'completion on a slow disk',
    )
    expect(most).toBeLessThanOrEqual(256 * 1024)
    expect(leech.swarm.stats.wastedBytes).toBe(0)
    leech.host.disk.operationMs = 0
    world.run(60_000)
    world.close([seed, leech])
    world.expectContent(leech.host)
  })

  test('a piece whose file was damaged is noticed when it is served, taken back and fetched again', () => {
    const world = new World(34, makeContent([500_000]))
    const seed = world.node({ seed: true })
    const keeper = world.node({ torrent: { verifyOnRead: true } })
    world.complete([keeper], 60_000)
    world.close([keeper])
    const again = world.node({ host: keeper.host, torrent: { verifyOnRead: true } })
    world.complete([again], 10_000)
    again.host.disk.damage('content', 40_000)
    const leech = world.node({ alone: true })
    leech.swarm.addPeers([world.endpoint(again)])
    world.complete([leech, again], 120_000)
    world.expectContent(leech.host)
    expect(again.log.some(({ event }) => event === 'lost')).toBe(true)
    expect(leech.swarm.stats.wastedBytes).toBe(0)
    world.close([seed, again, leech])
    world.expectContent(again.host)
  })

  test('[E04] a disk that spoils every piece is a fault of the disk: pieces are lost, and nobody is banned', () => {
    const world = new World(35, makeContent([500_000]))
    const seed = world.node({ seed: true })
    const keeper = world.node({ torrent: { verifyOnRead: true } })
    world.complete([keeper], 60_000)
    world.close([keeper])
    const again = world.node({ host: keeper.host, torrent: { verifyOnRead: true } })
    world.complete([again], 10_000)
    for (let at = 100; at < 500_000; at += 32_768) again.host.disk.damage('content', at)
    const leech = world.node({ alone: true })
    leech.swarm.addPeers([world.endpoint(again)])
    world.complete([leech, again], 300_000)
    const lost = again.log.filter(({ event }) => event === 'lost')
    expect(lost.length).toBeGreaterThan(0)
    for (const { log } of [seed, again, leech]) {
      expect(log.filter(({ facts }) => (facts as { change?: string }).change === 'banned')).toEqual(
        [],
      )
      expect(log.filter(({ event }) => event === 'corrupt')).toEqual([])
    }
    world.close([seed, again, leech])
    world.expectContent(again.host)
    world.expectContent(leech.host)
  })

  test('[F24] on a file system that folds case and accents no two files of a torrent become one', () => {
    const names = ['Data', 'data', 'DATA', '\u00e9', 'e\u0301', 'Dir/x', 'dir/X', 'Straße']
    const random = new Prng('folding')
    const files = names.map((name, at) => {
      const data = new Uint8Array(20_000 + at)
      random.fill(data)
      return { path: name.split('/'), data }
    })
    const torrent = { name: 'c', layout: 'folder', version: '1', pieceLength: 16_384 } as const
    const metainfo = parseMetainfo(createMetainfo({ ...torrent, files }))
    const world = new World(36, { ...makeContent([1]), metainfo })
    const folding = (host: SimHost): StorageProvider => ({
      open: (list, done) => {
        const fold = (name: string): string => name.normalize('NFC').toLowerCase()
        host.ports.storage.open(
          list.map((file) => ({ ...file, path: file.path.map(fold) })),
          done,
        )
      },
    })
    const [from, to] = [world.host(), world.host()]
    for (const [at, { path }] of metainfo.files.entries()) {
      from.disk.put(`c/${path.join('/')}`, files[at]?.data as Uint8Array)
    }
    const seed = world.node({ host: from })
    const leech = world.node({ host: to, torrent: { storage: folding(to) } })
    world.complete([leech], 60_000)
    world.close([seed, leech])
    // one file each on that disk, and every one has its own bytes
    const there = metainfo.files.map(({ path }) =>
      to.disk.contents(`c/${path.join('/').normalize('NFC').toLowerCase()}`),
    )
    expect(there).toEqual(files.map(({ data }) => data))
  })
})
