// Magnet links: ours from each client's seed, and each client from a magnet with ours as the only seed.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { type Network, openNetwork } from '../support/network.ts'
import {
  aria2,
  type Job,
  libtorrent,
  ours,
  ourTracker,
  type PeerProgram,
  transmission,
} from '../support/peers.ts'
import { describePeers } from '../support/require-peers.ts'
import { expectSame, makeFolder, makeTorrent, type Torrent } from './contents.ts'

const PATIENCE_MS = 120_000
const CLIENTS = [aria2, libtorrent, transmission, ours]

describePeers('a magnet link', CLIENTS, () => {
  const folder = makeFolder()
  const torrents = new Map<string, Torrent>()
  let network: Network
  beforeAll(async () => {
    const opened = openNetwork()
    if ('missing' in opened) throw new Error(opened.missing)
    network = opened
    const tracker = ourTracker(network, network.address(50))
    await tracker.ready
    // One torrent a transfer: nobody else is there to help. 3,000 pieces make metadata of several blocks (BEP 9).
    for (const { name } of CLIENTS)
      for (const role of ['from', 'to']) {
        const content = `${role}-${name}`
        torrents.set(
          content,
          makeTorrent(
            { name: content, pieceLength: 16_384, files: [[content, 16_384 * 1500 + 7]] },
            folder.path,
            [tracker.http],
          ),
        )
      }
  }, 60_000)
  afterAll(async () => {
    await network.close()
    folder.remove()
  })

  let hosts = 0
  const run = async (content: string, seeder: PeerProgram, leecher: PeerProgram): Promise<void> => {
    const torrent = torrents.get(content) as Torrent
    const job = (source: string, to: string): Job => {
      hosts++
      return {
        network,
        source,
        folder: to,
        address: network.address(hosts),
        port: 22_000 + hosts,
        state: join(folder.path, `state-${hosts}`),
      }
    }
    const to = join(folder.path, `magnet-${content}`)
    mkdirSync(to)
    const seed = seeder.seed(job(torrent.file, torrent.folder))
    await seed.ready
    const leech = leecher.leech(job(torrent.magnet, to))
    await leech.done(PATIENCE_MS)
    leech.program.kill()
    seed.program.kill()
    await leech.program.exited
    expectSame(torrent, to)
  }
  test.concurrent.for(CLIENTS)(
    'is followed by ours to a seed of $name',
    { timeout: PATIENCE_MS + 20_000 },
    (client) => run(`from-${client.name}`, client, ours),
  )
  test.concurrent.for(CLIENTS.slice(0, 3))(
    'is followed by $name to a seed of ours',
    { timeout: PATIENCE_MS + 20_000 },
    (client) => run(`to-${client.name}`, ours, client),
  )
})
