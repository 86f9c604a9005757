// A seed in a process of its own: FOLDER TORRENT_FILE PORT_FILE (where it writes the port when everything was checked).
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { parseMetainfo } from '@bt/metainfo'
import { nodePorts } from '@bt/runtime-node'
import { Session } from '@bt/swarm'

const [folder, torrent, portFile] = process.argv.slice(2) as [string, string, string]
const session = await Session.open(nodePorts({ directory: folder, host: '127.0.0.1' }), { port: 0 })
const swarm = await session.add(parseMetainfo(readFileSync(torrent)), { keep: false, pex: false })
await swarm.completed()
writeFileSync(`${portFile}.new`, String(session.port))
renameSync(`${portFile}.new`, portFile)
