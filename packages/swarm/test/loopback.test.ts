// The same session on real sockets and a real disk: what the simulator cannot show.
import { mkdtemp, readFile, rm, writeFile, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMetainfo, magnetOf, parseMetainfo } from '@bt/metainfo'
import { Prng } from '@bt/primitives'
import { type NodePorts, nodePorts } from '@bt/runtime-node'
import { Session, Swarm } from '@bt/swarm'
import { afterEach, describe, expect, test } from 'vitest'

const LENGTH = 3 * 1024 * 1024 + 12_345
const cleanUp: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const each of cleanUp.splice(0).reverse()) await each()
})

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'bt-swarm-'))
  cleanUp.push(() => rm(path, { recursive: true, force: true }))
  return path
}

function portsAt(directory: string): NodePorts {
  const ports = nodePorts({ directory, host: '127.0.0.1', poison: true })
  cleanUp.push(() => ports.close())
  return ports
}

function content(): { readonly data: Uint8Array; readonly torrent: Uint8Array } {
  const data = new Uint8Array(LENGTH)
  new Prng('loopback').fill(data)
  const file = { path: ['film.bin'], data }
  const shape = { name: 'film.bin', layout: 'file', version: '1', pieceLength: 65_536 } as const
  return { data, torrent: createMetainfo({ ...shape, files: [file] }) }
}

describe('a swarm on real sockets', () => {
  test('a torrent goes from one session to two others, one of them from a magnet link', async () => {
    const { data, torrent } = content()
    const metainfo = parseMetainfo(torrent)
    const from = await folder()
    await writeFile(join(from, 'film.bin'), data)
    const seed = await Session.open(portsAt(from))
    cleanUp.push(() => seed.close())
    const seeding = await seed.add(metainfo)
    await seeding.completed({ signal: AbortSignal.timeout(10_000) })

    const places = [await folder(), await folder()]
    const torrents = [metainfo, magnetOf(metainfo)]
    const swarms = await Promise.all(
      places.map(async (path, at) => {
        const swarm = await Swarm.open(torrents[at]!, portsAt(path))
        cleanUp.push(() => swarm.close())
        swarm.addPeers([{ host: '127.0.0.1', port: seed.port }])
        return swarm
      }),
    )
    for (const swarm of swarms) await swarm.completed({ signal: AbortSignal.timeout(15_000) })
    for (const swarm of swarms) await swarm.close()
    for (const path of places) {
      const there = await readFile(join(path, 'film.bin'))
      expect(there.equals(data)).toBe(true)
    }
    expect(swarms[0]?.stats.downloadedBytes).toBe(LENGTH)
  }, 30_000)

  test('a session whose port is taken says which, and leaves nothing open', async () => {
    const first = await Session.open(portsAt(await folder()))
    cleanUp.push(() => first.close())
    const attempt = Session.open(portsAt(await folder()), { port: first.port })
    await expect(attempt).rejects.toMatchObject({ code: 'CANNOT_LISTEN' })
  })

  test('an aborted signal closes the session and ends what waits for it', async () => {
    const ports = portsAt(await folder())
    const stop = new AbortController()
    const swarm = await Swarm.open(parseMetainfo(content().torrent), ports, { signal: stop.signal })
    const completed = swarm.completed()
    stop.abort(new Error('enough'))
    await expect(completed).rejects.toMatchObject({ code: 'CLOSED' })
    await swarm.close()
    expect(swarm.state).toBe('closed')
  })

  test('closing in the middle and opening again fetches only what is missing', async () => {
    const { data, torrent } = content()
    const metainfo = parseMetainfo(torrent)
    const from = await folder()
    await writeFile(join(from, 'film.bin'), data)
    const seed = await Session.open(portsAt(from), {
      limits: { uploadBytesPerSecond: 4 * 1024 * 1024 },
    })
    cleanUp.push(() => seed.close())
    const seeding = await seed.add(metainfo)
    await seeding.completed({ signal: AbortSignal.timeout(10_000) })
    const into = await folder()
    await mkdir(into, { recursive: true })
    const first = await Swarm.open(metainfo, portsAt(into))
    await new Promise<void>((resolve) => {
      first.on('piece', ({ haveCount }) => {
        if (haveCount === 20) resolve()
      })
      first.addPeers([{ host: '127.0.0.1', port: seed.port }])
    })
    await first.close()
    const before = first.stats
    const second = await Swarm.open(metainfo, portsAt(into))
    cleanUp.push(() => second.close())
    second.addPeers([{ host: '127.0.0.1', port: seed.port }])
    await second.completed({ signal: AbortSignal.timeout(15_000) })
    expect(second.stats.downloadedBytes).toBe(LENGTH - before.verifiedBytes)
    await second.close()
    expect((await readFile(join(into, 'film.bin'))).equals(data)).toBe(true)
  }, 30_000)
})
