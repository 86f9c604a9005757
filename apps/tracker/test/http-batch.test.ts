// Goal: the addon changes how fast connections are served and nothing else. Method: the same conversations over real
// sockets with two trackers of one seed, one on node:net and one on the addon; all that is heard is compared byte for byte.
import net from 'node:net'
import { performance } from 'node:perf_hooks'
import { Prng } from '@bt/primitives'
import { listenerNative, type ListenerNative } from '@bt/runtime-node'
import { HttpFrontend, HttpOutput, Tracker } from '@bt/tracker-server'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type HttpServer, serveHttp } from '../src/serve-http.ts'
import { serveHttpBatch } from '../src/serve-http-batch.ts'

const { native, reason } = listenerNative()
const clock = { now: () => 1000, wallSeconds: () => 0, at: () => ({ cancel: () => {} }) }
const HASHES = ['%01', '%02', '%03'].map((byte) => byte.repeat(20))
const ask = (at: number, port: number, more = ''): string =>
  `GET /announce?info_hash=${HASHES[at]}&peer_id=${'x'.repeat(20)}&port=${port}&left=1${more} HTTP/1.1\r\nHost: x\r\n`
const HEALTH = 'GET /health HTTP/1.1\r\n\r\n'
const LAST = 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n'

const servers: HttpServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close(0)))
})

async function serve(way: 'net' | 'batch', host = '127.0.0.1') {
  const tracker = new Tracker({}, { clock, random: new Prng('both') })
  const serving = {
    tracker,
    frontend: new HttpFrontend(tracker),
    out: new HttpOutput(200),
    isTrustedProxy: () => false,
    failed: (error: unknown) => expect.unreachable(String(error)),
  }
  const at = { host, port: 0 }
  const server = await (way === 'net'
    ? serveHttp(at, serving)
    : serveHttpBatch(at, serving, native as ListenerNative, false))
  servers.push(server)
  return { server, tracker, port: server.local.port, host: host === '::' ? '127.0.0.1' : host }
}

interface Talk {
  /** Pieces, each sent when the one before was acknowledged by the kernel and a turn has passed. */
  readonly pieces: readonly (string | Uint8Array)[]
  /** Ends our half after the last piece. */
  readonly ends?: boolean
}

/** All that is heard until the other side closes; after `until`, hangs up itself. */
function talk(to: { host: string; port: number }, { pieces, ends }: Talk, until?: RegExp) {
  return new Promise<string>((resolve) => {
    let heard = ''
    const socket = net.connect({ ...to, allowHalfOpen: true })
    socket.setNoDelay(true)
    const say = async (): Promise<void> => {
      for (const piece of pieces) {
        if (socket.writable) await new Promise((sent) => socket.write(piece, sent))
        await new Promise((later) => setTimeout(later, 5))
      }
      if (ends === true) socket.end()
    }
    socket.on('connect', () => void say())
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1')
      if (until?.test(heard) === true) socket.end()
    })
    socket.on('end', () => socket.end())
    socket.on('error', () => {})
    socket.on('close', () => resolve(heard))
  })
}

const TALKS: Readonly<Record<string, Talk>> = {
  'an announce on a connection of its own': {
    pieces: [`${ask(0, 1)}Connection: close\r\n\r\n`],
  },
  'several kept alive': {
    pieces: [`${ask(0, 2)}\r\n`, `${ask(0, 3)}\r\n`, HEALTH, LAST],
  },
  'several in one piece': { pieces: [`${ask(0, 4)}\r\n${HEALTH}${ask(1, 5)}\r\n${LAST}`] },
  'one cut in many': {
    pieces: [...ask(0, 6).slice(0, 30).split(''), `${ask(0, 6).slice(30)}\r\n`, LAST],
  },
  'HTTP/1.0': { pieces: ['GET /health HTTP/1.0\r\n\r\n'] },
  'a HEAD': { pieces: ['HEAD /health HTTP/1.1\r\nConnection: close\r\n\r\n'] },
  'another method': { pieces: ['POST /announce HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello'] },
  'no HTTP': { pieces: ['\x13BitTorrent protocol\0\0\0\0'] },
  'another path, then a scrape': {
    pieces: [
      'GET /x HTTP/1.1\r\n\r\n',
      `GET /scrape?info_hash=${HASHES[0]} HTTP/1.1\r\n\r\n`,
      LAST,
    ],
  },
  'an announce that is refused': { pieces: [`${ask(0, 0)}Connection: close\r\n\r\n`] },
  'more after the last one': { pieces: [`${LAST}${HEALTH}`] },
  'a head that is too long': { pieces: [`GET /${'x'.repeat(17_000)}`] },
  'a header that is too long, in pieces': {
    pieces: ['GET /x HTTP/1.1\r\nA: ', 'x'.repeat(9000), 'x'.repeat(9000), '\r\n\r\n'],
  },
  'half closed after the question': { pieces: [`${ask(0, 7)}\r\n`], ends: true },
  'half closed in the middle of one': { pieces: ['GET /health HT'], ends: true },
  'closed without a word': { pieces: [], ends: true },
  'many more than one read holds': { pieces: [HEALTH.repeat(3000) + LAST] },
}

describe.skipIf(native === undefined)(`the addon ${reason}`, () => {
  test.each(Object.entries(TALKS))('%s is answered as node:net answers it', async (_, one) => {
    const [plain, batch] = [await serve('net'), await serve('batch')]
    const expected = await talk(plain, one)
    expect(await talk(batch, one)).toBe(expected)
    expect({ ...batch.tracker.counts }).toEqual({ ...plain.tracker.counts })
  })

  test('a thousand announces one after the other are answered with the same bytes', async () => {
    const random = new Prng('announces')
    const talks = Array.from({ length: 20 }, () => ({
      pieces: [
        ...Array.from({ length: 50 }, () => {
          const more = ['', '&event=started', '&event=stopped', '&numwant=3', '&compact=0'] as const
          return `${ask(random.below(3), 1 + random.below(200), more[random.below(5)] as string)}\r\n`
        }),
        LAST,
      ],
    }))
    const all: string[] = []
    for (const way of ['net', 'batch'] as const) {
      const to = await serve(way)
      for (const { pieces } of talks) all.push(await talk(to, { pieces: [pieces.join('')] }))
    }
    expect(all[0]?.length).toBeGreaterThan(5000)
    expect(all.slice(20)).toEqual(all.slice(0, 20))
  })

  test.each(['::1', '::'])('it listens on %s, and knows who asks', async (host) => {
    const [plain, batch] = [await serve('net', host), await serve('batch', host)]
    const one = { pieces: [`${ask(0, 9)}Connection: close\r\n\r\n`] }
    const expected = await talk(plain, one)
    expect(await talk(batch, one)).toBe(expected)
    expect(expected).toContain('external ip')
  })

  test('many at once are all answered', async () => {
    const to = await serve('batch')
    const heard = await Promise.all(
      Array.from({ length: 300 }, (_, at) =>
        talk(to, { pieces: [`${ask(at % 3, 1 + at)}Connection: close\r\n\r\n`] }),
      ),
    )
    expect(heard.filter((one) => one.startsWith('HTTP/1.1 200 OK'))).toHaveLength(300)
    expect(to.tracker.counts.announces).toBe(300)
  })

  test('whoever reads no answers is read no further, and loses none when he reads again', async () => {
    const to = await serve('batch')
    const many = 9000
    const peers = Array.from({ length: 200 }, (_, at) => `${ask(0, 1 + at)}\r\n`)
    await talk(to, { pieces: [peers.join('') + LAST] })
    const socket = net.connect(to.port, to.host)
    socket.pause()
    socket.write(`${ask(0, 500, '&numwant=200')}\r\n`.repeat(many) + LAST)
    for (let before = -1; before !== to.tracker.counts.announces; ) {
      before = to.tracker.counts.announces
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    // The kernel holds some, and the tracker the named limit: the other questions wait unread.
    expect(to.tracker.counts.announces).toBeGreaterThan(300)
    expect(to.tracker.counts.announces).toBeLessThan(many)
    socket.resume()
    let heard = ''
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')))
    await new Promise((resolve) => socket.on('close', resolve))
    expect(heard.split('HTTP/1.1 200 OK')).toHaveLength(1 + many + 1)
    expect(heard).toMatch(/ok\n$/)
  })

  test('[H10] who is late hears the same, and is cut the same way', async () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(1000)
    const all: (readonly string[])[] = []
    for (const way of ['net', 'batch'] as const) {
      now.mockReturnValue(1000)
      const to = await serve(way)
      const talks = [[], ['GET /hea'], [HEALTH], [HEALTH, 'GET /hea']].map((pieces) =>
        talk(to, { pieces }),
      )
      await new Promise((resolve) => setTimeout(resolve, 100))
      now.mockReturnValue(16_001)
      all.push(await Promise.all(talks))
    }
    now.mockRestore()
    expect(all[0]?.map((heard) => heard.match(/ \d{3} /g))).toEqual([
      [' 408 '],
      [' 408 '],
      [' 200 '],
      [' 200 ', ' 408 '],
    ])
    expect(all[1]).toEqual(all[0])
  })

  test('resets, in the middle of a question and before an answer, harm nobody else', async () => {
    const to = await serve('batch')
    for (let at = 0; at < 100; at++)
      await new Promise<void>((resolve) => {
        const socket = net.connect(to.port, to.host, () => {
          socket.write(at % 2 === 0 ? 'GET /hea' : HEALTH.repeat(50))
          socket.resetAndDestroy()
          resolve()
        })
      })
    expect(await talk(to, { pieces: [LAST] })).toContain('ok\n')
  })

  test('it closes at once when nobody is there, and says goodbye to who is idle', async () => {
    const to = await serve('batch')
    const idle = talk(to, { pieces: [HEALTH] })
    await talk(to, { pieces: [LAST] })
    await new Promise((resolve) => setTimeout(resolve, 20))
    await to.server.close(5000)
    expect(await idle).toContain('ok\n')
    await expect(talk(to, { pieces: [LAST] })).resolves.toBe('')
  })

  test('an address that is taken is a typed error; the next one listens', async () => {
    const { port } = await serve('batch')
    const tracker = new Tracker({}, { clock, random: new Prng('x') })
    const serving = {
      tracker,
      frontend: new HttpFrontend(tracker),
      out: new HttpOutput(1),
      isTrustedProxy: () => false,
      failed: () => {},
    }
    const at = { host: '127.0.0.1', port }
    await expect(
      serveHttpBatch(at, serving, native as ListenerNative, false),
    ).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' })
  })
})
