// Transfers with one real client, both directions: it seeds and we download, we seed and it downloads.
// Every shape of content and every piece length once for each client and direction; with BT_INTEROP=all the whole product.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { type Network, openNetwork } from '../support/network.ts'
import {
  aria2,
  opentracker,
  opentrackerProgram,
  ours,
  ourTracker,
  type PeerProgram,
  transmission,
} from '../support/peers.ts'
import { describePeers } from '../support/require-peers.ts'
import {
  CONTENTS,
  type Content,
  expectSame,
  GIBIBYTE,
  makeFolder,
  makeTorrent,
  type Torrent,
} from './contents.ts'

const OUR_TRACKER = 50
const OPENTRACKER = 51
/** Transmission's first byte comes after 10 to 16 s, and it looks for peers only now and then. */
const PATIENCE_MS = 100_000

const folder = makeFolder()
const torrents = new Map<Content, Torrent>()

/** Both directions as suites of the test file that calls it. */
export function describeTransfers(client: PeerProgram): void {
  // The full product leaves gigabytes to remove.
  afterAll(() => folder.remove(), 120_000)
  // Transmission waits, it does not compute: a gibibyte would only wait longer.
  const contents = client === transmission ? CONTENTS : [...CONTENTS, GIBIBYTE]
  direction(`${client.name} seeds, we download`, client, ours, contents)
  direction(`we seed, ${client.name} downloads`, ours, client, contents)
}

function direction(
  name: string,
  seeder: PeerProgram,
  leecher: PeerProgram,
  contents: readonly Content[],
): void {
  // aria2 asks UDP trackers over its DHT's socket, and DHT is off.
  const speaksUdp = seeder !== aria2 && leecher !== aria2
  describePeers(name, [seeder, leecher, opentrackerProgram], () => {
    let network: Network
    beforeAll(async () => {
      const opened = openNetwork()
      if ('missing' in opened) throw new Error(opened.missing)
      network = opened
      const made = contents.map((content, at) => torrentOf(content, at, network, speaksUdp))
      const others = opentracker(
        network,
        network.address(OPENTRACKER),
        join(folder.path, `opentracker-${seeder.name}-${leecher.name}`),
        made.map(({ infoHash }) => infoHash),
      )
      await Promise.all([ourTracker(network, network.address(OUR_TRACKER)).ready, others.ready])
    }, 120_000)
    afterAll(() => network.close())

    const transfer = async (content: Content, at: number): Promise<void> => {
      const torrent = torrents.get(content) as Torrent
      const run = `${seeder.name}-${leecher.name}-${content.name}`
      const job = (role: number, to: string) => ({
        network,
        source: torrent.file,
        folder: to,
        address: network.address(1 + ((2 * at + role) % 48)),
        port: 20_000 + 2 * at + role,
        state: join(folder.path, `state-${run}-${role}`),
      })
      const target = join(folder.path, `to-${run}`)
      mkdirSync(target)
      const seeding = seeder.seed(job(0, torrent.folder))
      await seeding.ready
      const leeching = leecher.leech(job(1, target))
      await leeching.done(PATIENCE_MS)
      leeching.program.kill()
      seeding.program.kill()
      await leeching.program.exited
      expectSame(torrent, target, { emptyFiles: leecher !== transmission })
    }
    const small = contents.filter((content) => content !== GIBIBYTE)
    test.concurrent.for(small.map((content, at) => ({ content, at })))(
      '$content.name',
      { timeout: PATIENCE_MS + 30_000 },
      ({ content, at }) => transfer(content, at),
    )
    if (contents.includes(GIBIBYTE))
      test('one gibibyte', { timeout: PATIENCE_MS }, () => transfer(GIBIBYTE, small.length))
  })
}

/** Made once for all clients; announced over HTTP and UDP, to our tracker and to opentracker in turn. */
function torrentOf(content: Content, at: number, network: Network, speaksUdp: boolean): Torrent {
  const host = network.address(at % 4 < 2 ? OUR_TRACKER : OPENTRACKER)
  const url = `${at % 2 === 0 || !speaksUdp ? 'http' : 'udp'}://${host}:6969/announce`
  const torrent = torrents.get(content) ?? makeTorrent(content, folder.path, [url])
  torrents.set(content, torrent)
  return torrent
}
