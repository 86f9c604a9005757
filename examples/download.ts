// Downloads a torrent from its trackers, and from the peers that are named: the example of the README, with arguments.
// Run: npx tsx --conditions=@bt/source examples/download.ts FILE.torrent FOLDER [HOST:PORT…]
import { readFile } from 'node:fs/promises'
import { parseMetainfo } from '@bt/metainfo'
import { parseEndpoint } from '@bt/primitives'
import { nodePorts } from '@bt/runtime-node'
import { Swarm } from '@bt/swarm'
import { TrackerClient } from '@bt/tracker-client'

const [file, directory, ...peers] = process.argv.slice(2)
if (file === undefined || directory === undefined)
  throw new Error('name a torrent file and the folder to download into')

const torrent = parseMetainfo(await readFile(file))
const ports = nodePorts({ directory })
const swarm = await Swarm.open(torrent, ports, {
  sources: [new TrackerClient(torrent.announceTiers, ports)],
})
try {
  swarm.on('piece', ({ haveCount, pieceCount }) => console.log(`${haveCount} of ${pieceCount}`))
  swarm.addPeers(peers.map((peer) => parseEndpoint(peer)).filter((peer) => peer !== undefined))
  await swarm.completed({ signal: AbortSignal.timeout(3_600_000) })
  const { downloadedBytes, wastedBytes } = swarm.stats
  console.log(`complete: ${downloadedBytes} bytes came, ${wastedBytes} of them for nothing`)
} finally {
  await swarm.close()
  await ports.close()
}
