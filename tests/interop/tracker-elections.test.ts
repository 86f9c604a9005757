// Goal: CacheTorrent's leaders and terms are the same whichever of two trackers answers, with a real Redis between them
// that dies and comes back, and when one of the trackers dies. Method: the built program twice, and announces over HTTP
// from addresses of 127.0.0.0/8, which the site map tells apart.
import http from 'node:http'
import net from 'node:net'
import { decode } from '@bt/bencode'
import { decodeReply } from '@bt/cachetorrent'
import { expect, onTestFinished, test } from 'vitest'
import { file, type Listening, listening, until } from '../../apps/tracker/test/process.ts'
import { freePort, startRedis, withRedis } from '../../apps/tracker/test/redis.ts'

const HASH = 'aa'.repeat(20)
const MAP = '127.1.0.0/16 basel\n127.2.0.0/16 bern\n'
/** Milliseconds within which two trackers are to say the same; the load of a busy machine is in it. */
const AGREED_MS = 15_000

interface View {
  readonly term: number
  readonly ttlSeconds: number
  readonly leaders: readonly string[]
}

/** An announce of the peer `peer` of a site, that listens on a port; what it is told of leaders. */
async function announce(
  tracker: Listening,
  site: number,
  peer: number,
  more = '',
  port = 6881,
): Promise<View> {
  const id = `-XX0001-${site}${String(peer).padStart(11, '0')}`
  const hash = HASH.replace(/../g, (byte) => `%${byte}`)
  const query = `info_hash=${hash}&peer_id=${id}&port=${port}&uploaded=0&downloaded=0&left=1&ct=1${more}`
  const body = await new Promise<Buffer>((resolve, reject) => {
    const at = { host: '127.0.0.1', port: tracker.http, path: `/announce?${query}` }
    const from = { localAddress: `127.${site}.0.${peer}`, agent: false }
    const asked = http.get({ ...at, ...from }, (reply) => {
      const chunks: Buffer[] = []
      reply.on('data', (chunk: Buffer) => chunks.push(chunk))
      reply.on('end', () => resolve(Buffer.concat(chunks)))
    })
    asked.once('error', reject)
  })
  const ct = (decode(body) as Map<string, unknown>).get('ct')
  const reply = ct === undefined ? undefined : decodeReply(ct)
  return {
    term: reply?.term ?? 0,
    ttlSeconds: reply?.ttlSeconds ?? 0,
    leaders: reply?.leaders.map(({ endpoint }) => `${endpoint.host}:${endpoint.port}`) ?? [],
  }
}

/** What all trackers say of a site, once they say the same and it suits. */
async function agreed(
  trackers: readonly Listening[],
  site: number,
  suits: (view: View) => boolean = () => true,
): Promise<View> {
  let views: readonly View[] = []
  for (const end = performance.now() + AGREED_MS; performance.now() < end; ) {
    const asked: View[] = []
    for (const tracker of trackers) asked.push(await announce(tracker, site, 200, NEVER))
    views = asked.map(({ term, leaders }) => ({ term, leaders, ttlSeconds: 0 }))
    const [first] = views
    const isOne = views.every((view) => JSON.stringify(view) === JSON.stringify(first))
    if (isOne && first !== undefined && suits(first)) return first
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(`they do not agree: ${JSON.stringify(views)}`)
}

const leader = (site: number, peer: number, port = 6881): string => `127.${site}.0.${peer}:${port}`
const up = (rate: number): string => `&ct_up=${rate}`
/** A watcher that never leads. */
const NEVER = '&ct_lead=0'

const connected = (trackers: readonly Listening[]): Promise<void> =>
  until(
    () => trackers.every(({ stderr }) => stderr.includes('store connected')),
    () => trackers.map(({ stderr }) => stderr).join('\n'),
  )

withRedis('elections of two trackers on one Redis', () => {
  test('both name the same leaders in the same term, through a restart of Redis and the death of one of them', async () => {
    const port = await freePort()
    let redis = await startRedis(port)
    const map = file('sites', MAP)
    const options = [
      '--store',
      `redis://127.0.0.1:${port}`,
      '--site-map',
      map,
      '--dial-back',
      'off',
    ]
    const one = await listening(options)
    const other = await listening(options)
    await connected([one, other])

    // All alike, at both trackers at once: each elects before it hears of the other.
    await Promise.all(
      Array.from({ length: 12 }, (_, at) =>
        announce(at % 2 === 0 ? one : other, 1 + ((at % 4) >> 1), 1 + at, up(1000)),
      ),
    )
    await announce(one, 1, 200, NEVER)
    await announce(one, 2, 200, NEVER)
    const basel = await agreed([one, other], 1, ({ leaders }) => leaders.length >= 2)
    const bern = await agreed([one, other], 2, ({ leaders }) => leaders.length >= 2)
    expect(basel.leaders.every((each) => each.startsWith('127.1.'))).toBe(true)
    expect(bern.leaders.every((each) => each.startsWith('127.2.'))).toBe(true)
    const leases = await Promise.all([announce(one, 1, 200, NEVER), announce(other, 1, 200, NEVER)])
    for (const { ttlSeconds } of leases) expect(ttlSeconds).toBeGreaterThan(0)

    // Without Redis both go on with what they know.
    redis.kill('SIGKILL')
    await until(
      () => one.stderr.includes('store lost') && other.stderr.includes('store lost'),
      () => one.stderr + other.stderr,
    )
    expect(await agreed([one, other], 1)).toEqual(basel)
    const [gone] = basel.leaders as [string]
    const peer = Number(/\.(\d+):/.exec(gone)?.[1])
    await announce(one, 1, peer, '&event=stopped')
    await new Promise((resolve) => setTimeout(resolve, 10_500))
    const without = await announce(one, 1, 200, NEVER)
    expect(without.leaders).not.toContain(gone)
    expect((await announce(other, 1, 200, NEVER)).term).toBeLessThan(without.term)

    // It comes back empty, and they agree again.
    redis = await startRedis(port)
    const again = await agreed([one, other], 1)
    expect(again.term).toBeGreaterThanOrEqual(without.term)
    expect(again.leaders).toEqual(without.leaders)

    // One dies, another takes its place and names whom the living one names, in the same term.
    one.child.kill('SIGKILL')
    await one.ended
    const third = await listening(options)
    expect(await agreed([third], 1)).toEqual(again)
    expect(await agreed([other, third], 1)).toEqual(again)
    expect(await agreed([other, third], 2)).toEqual(bern)
    redis.kill('SIGKILL')
  }, 90_000)

  test('who cannot be reached leads at neither, and whose label the map contradicts', async () => {
    const port = await freePort()
    await startRedis(port)
    const options = ['--store', `redis://127.0.0.1:${port}`, '--site-map', file('sites', MAP)]
    const one = await listening(options)
    const other = await listening(options)
    await connected([one, other])
    // Peers that answer a handshake for any swarm, as the tracker's dial-back wants; 127.1.0.5 has none.
    const here = [1, 2, 3]
    for (const peer of here) await answering(`127.1.0.${peer}`)
    await answering('127.1.0.9')
    await announce(one, 1, 5, up(900_000))
    for (const peer of here) await announce(one, 1, peer, up(1000))
    // It listens, is strong, and says that it is somewhere else.
    await announce(one, 1, 9, `${up(999_999)}&ct_site=bern`)
    await announce(one, 1, 200, NEVER)
    const view = await agreed(
      [one, other],
      1,
      ({ leaders }) => leaders.length === 2 && !leaders.includes(leader(1, 5)),
    )
    expect(view.leaders).not.toContain(leader(1, 9))
    // At the other tracker as well, which did not dial it.
    const asked = await announce(other, 1, 5, up(900_000))
    expect(asked.leaders).toEqual(view.leaders)
    const page = await fetch(`http://127.0.0.1:${other.admin}/metrics`)
    expect(await page.text()).toContain('\nbt_tracker_dialled_unreached_total 0\n')
  }, 60_000)
})

/** A peer of any swarm, as far as its handshake. */
async function answering(host: string): Promise<void> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (hello: Buffer) => socket.end(hello.subarray(0, 68)))
  })
  await new Promise<void>((resolve) => server.listen(6881, host, resolve))
  onTestFinished(() => void server.close())
}
