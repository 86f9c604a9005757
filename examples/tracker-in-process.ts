// A tracker inside the program that needs it: one HTTP server of Node's, one object, no process beside it.
// Two sessions find each other through it, and the file goes from one to the other.
// Run: npx tsx --conditions=@bt/source examples/tracker-in-process.ts
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMetainfo, parseMetainfo } from '@bt/metainfo'
import { nodePorts } from '@bt/runtime-node'
import { Swarm } from '@bt/swarm'
import { TrackerClient } from '@bt/tracker-client'
import { HttpFrontend, Tracker } from '@bt/tracker-server'

const host = '127.0.0.1'
const [from, into] = await Promise.all(
  ['from', 'into'].map((name) => mkdtemp(join(tmpdir(), `bt-${name}-`))),
)
if (from === undefined || into === undefined) throw new Error('no folders')
const there = nodePorts({ directory: from, host })
const here = nodePorts({ directory: into, host })

const tracker = new Tracker({ intervalSeconds: 1800 }, here)
const frontend = new HttpFrontend(tracker)
const server = createServer(({ url = '/', socket }, response) => {
  const asker = { host: socket.remoteAddress ?? host, port: socket.remotePort ?? 0 }
  const { status, body } = frontend.answer(url, asker)
  response.writeHead(status, { 'Content-Length': body.length }).end(body)
})
await new Promise<void>((listening) => server.listen(0, host, listening))
const announce = `http://${host}:${(server.address() as AddressInfo).port}/announce`

const data = new Uint8Array(1_000_000).map((_, at) => (at * 7919) >> 3)
const files = [{ path: ['film.bin'], data }]
const shape = { name: 'film.bin', layout: 'file', version: '1', pieceLength: 65_536 } as const
const torrent = parseMetainfo(createMetainfo({ ...shape, files, announceTiers: [[announce]] }))
await writeFile(join(from, 'film.bin'), data)

const sources = (ports: typeof here) => [new TrackerClient(torrent.announceTiers, ports)]
const seed = await Swarm.open(torrent, there, { sources: sources(there) })
await seed.completed()
const leech = await Swarm.open(torrent, here, { sources: sources(here) })
await leech.completed({ signal: AbortSignal.timeout(60_000) })
console.log(`${tracker.counts.announces} announces, ${tracker.counts.peers} peers`)

await Promise.all([seed.close(), leech.close()])
await Promise.all([there.close(), here.close()])
server.close()
assert.deepEqual(new Uint8Array(await readFile(join(into, 'film.bin'))), data)
for (const folder of [from, into]) await rm(folder, { recursive: true })
