// Makes a torrent of one file, writes it beside the file, and seeds until as much was given away as the file holds.
// Run: npx tsx --conditions=@bt/source examples/seed.ts FILE [TRACKER-URL…]
import { readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { createMetainfo, formatMagnet, magnetOf, parseMetainfo } from '@bt/metainfo'
import { nodePorts } from '@bt/runtime-node'
import { Session } from '@bt/swarm'
import { TrackerClient } from '@bt/tracker-client'

const [file, ...trackers] = process.argv.slice(2)
if (file === undefined) throw new Error('name the file to seed')

const name = basename(file)
const torrent = createMetainfo({
  name,
  layout: 'file',
  version: '1',
  files: [{ path: [name], data: await readFile(file) }], // larger than memory: MetainfoBuilder
  announceTiers: trackers.map((tracker) => [tracker]),
})
await writeFile(`${file}.torrent`, torrent)

const metainfo = parseMetainfo(torrent)
const ports = nodePorts({ directory: dirname(resolve(file)) })
const session = await Session.open(ports)
try {
  const swarm = await session.add(metainfo, {
    keep: false, // no resume data: what is there is hashed at each start
    sources: [new TrackerClient(metainfo.announceTiers, ports)],
  })
  await swarm.completed() // every piece of the file was hashed, and all are right
  console.log(formatMagnet(magnetOf(metainfo)))
  console.log(`seeding on port ${session.port}`)
  await new Promise<void>((enough) => {
    swarm.on('peer', ({ change, endpoint }) => {
      console.log(`${endpoint.host} ${change}`)
      if (swarm.stats.uploadedBytes >= metainfo.geometry.contentLength) enough()
    })
  })
} finally {
  await session.close()
  await ports.close()
}
