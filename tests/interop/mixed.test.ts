// Swarms of all four clients: ours as the only seed, and ours as the only leech.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Network, openNetwork } from '../support/network.ts'
import { aria2, type Job, libtorrent, ours, ourTracker, transmission } from '../support/peers.ts'
import { describePeers } from '../support/require-peers.ts'
import { expectSame, makeFolder, makeTorrent, type Torrent } from './contents.ts'

const CLIENTS = [aria2, libtorrent, transmission]
const PATIENCE_MS = 100_000
const MIB = 1024 * 1024

describePeers('a mixed swarm', [ours, ...CLIENTS], () => {
  const folder = makeFolder()
  let network: Network
  let torrent: Torrent
  beforeAll(async () => {
    const opened = openNetwork()
    if ('missing' in opened) throw new Error(opened.missing)
    network = opened
    const tracker = ourTracker(network, network.address(50))
    await tracker.ready
    torrent = makeTorrent(
      {
        name: 'mixed',
        pieceLength: MIB / 4,
        files: [
          ['a.bin', 20 * MIB + 1],
          ['b/c.bin', 3 * MIB],
        ],
      },
      folder.path,
      [tracker.http],
    )
  }, 60_000)
  afterAll(async () => {
    await network.close()
    folder.remove()
  })

  let hosts = 0
  const job = (to: string): Job => {
    hosts++
    return {
      network,
      source: torrent.file,
      folder: to,
      address: network.address(hosts),
      port: 21_000 + hosts,
      state: join(folder.path, `state-${hosts}`),
    }
  }
  const target = (name: string): string => {
    const path = join(folder.path, name)
    mkdirSync(path)
    return path
  }

  test('of aria2, libtorrent, transmission and ours completes with ours as the only seed', {
    timeout: PATIENCE_MS + 20_000,
  }, async () => {
    const seed = ours.seed(job(torrent.folder))
    await seed.ready
    const leeches = [...CLIENTS, ours].map((client) => {
      const to = target(`from-us-${client.name}`)
      return { to, running: client.leech(job(to)) }
    })
    await Promise.all(leeches.map(({ running }) => running.done(PATIENCE_MS)))
    for (const { to, running } of leeches) {
      running.program.kill()
      await running.program.exited
      expectSame(torrent, to)
    }
    seed.program.kill()
  })

  test('of aria2, libtorrent and transmission as seeds serves ours as the only leech', {
    timeout: PATIENCE_MS + 20_000,
  }, async () => {
    const seeds = CLIENTS.map((client) => client.seed(job(torrent.folder)))
    await Promise.all(seeds.map(({ ready }) => ready))
    const to = target('to-us')
    const leech = ours.leech(job(to))
    await leech.done(PATIENCE_MS)
    expectSame(torrent, to)
    // Scripts look for the word: no other event may have it as a key.
    const others = leech.program.events().filter(({ event }) => event !== 'complete')
    expect(others.filter((event) => 'complete' in event || 'seeding' in event)).toEqual([])
    for (const { program } of [...seeds, leech]) program.kill()
  })
})
