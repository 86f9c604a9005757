// Downloads and seeds as processes on loopback: events, signals, locks, state, selection.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { bt, fill, folder, LOOPBACK, type Seeded, seeded, startBt } from './bt.ts'

const TOTALS = ['seconds', 'downloadedBytes', 'uploadedBytes', 'wastedBytes']
const fetching = (seed: Seeded, out: string, ...more: readonly string[]): readonly string[] => [
  'download',
  seed.torrent,
  '-o',
  out,
  ...LOOPBACK,
  ...seed.peer,
  ...more,
]

describe('bt download', () => {
  it('puts the content at DIR/NAME, says what the contract says, and leaves no state', async () => {
    const seed = await seeded('a.bin', { 'a.bin': 1_000_000 })
    const out = folder()
    const { code, events, stderr } = await bt(fetching(seed, out, '--json'))
    expect([code, stderr]).toEqual([0, ''])
    expect(events.map(({ event }) => event).filter((event) => event !== 'progress')).toEqual([
      'listening',
      'metadata',
      'complete',
    ])
    const [listening, metadata] = events
    expect(Object.keys(listening ?? {})).toEqual(['event', 'port', 'host'])
    expect(metadata).toMatchObject({ name: 'a.bin', totalLength: 1_000_000, infoHashV2: null })
    expect(Object.keys(metadata ?? {})).toEqual([
      'event',
      'name',
      'infoHash',
      'infoHashV2',
      'totalLength',
      'pieceCount',
    ])
    expect(Object.keys(events.at(-1) ?? {})).toEqual(['event', ...TOTALS])
    expect(events.at(-1)).toMatchObject({ downloadedBytes: 1_000_000, wastedBytes: 0 })
    expect(readdirSync(out)).toEqual(['a.bin'])
    expect(readFileSync(join(out, 'a.bin'))).toEqual(readFileSync(join(seed.home, 'a.bin')))
  })

  it('takes a magnet link, and a torrent from the web, and prints plain lines into a pipe', async () => {
    const seed = await seeded('t', { 't/a': 30_000, 't/b/c': 5, 't/none': 0 })
    const link = (await bt(['magnet', seed.torrent])).stdout.trim()
    const out = folder()
    const magnet = await bt(['download', link, '-o', out, ...LOOPBACK, ...seed.peer])
    expect([magnet.code, magnet.stderr]).toEqual([0, ''])
    expect(magnet.stdout).toMatch(/^listening on port \d+\nasking peers .*\nt: .*\ncomplete: .*\n$/)
    expect(readFileSync(join(out, 't/b/c'))).toEqual(readFileSync(join(seed.home, 't/b/c')))
    expect(readFileSync(join(out, 't/none'))).toHaveLength(0)

    const server = createServer((_request, response) => response.end(readFileSync(seed.torrent)))
    onTestFinished(() => void server.close())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const url = `http://127.0.0.1:${port}/t.torrent`
    const web = folder()
    expect((await bt(['download', url, '-o', web, ...LOOPBACK, ...seed.peer])).code).toBe(0)
    expect(readFileSync(join(web, 't/a'))).toEqual(readFileSync(join(seed.home, 't/a')))
  })

  it('--select fetches those files alone and keeps state; the rest comes with a later run', async () => {
    const seed = await seeded('t', { 't/a.bin': 70_000, 't/sub/b.txt': 100, 't/c.bin': 70_000 })
    const out = folder()
    const part = await bt(fetching(seed, out, '--select', '*.txt', '--json'))
    expect(part.code).toBe(0)
    expect(readdirSync(join(out, 't'))).toEqual(['sub'])
    expect(existsSync(join(out, '.t.bt'))).toBe(true)
    const rest = await bt(fetching(seed, out, '--json'))
    expect(rest.code).toBe(0)
    expect(readdirSync(out)).toEqual(['t'])
    expect((await bt(['verify', seed.torrent, out])).code).toBe(0)
    const none = await bt(fetching(seed, folder(), '--select', 'zzz'))
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('bt show lists them')])
  })

  it('--seed-time and --seed-ratio end seeding by themselves, exit 0', async () => {
    const seed = await seeded('a', { a: 50_000 })
    const timed = await bt(fetching(seed, folder(), '--seed-time', '300ms', '--json'))
    expect(timed.code).toBe(0)
    expect(timed.events.slice(-2).map(({ event }) => event)).toEqual(['seeding', 'stopped'])
    const second = startBt(fetching(seed, folder(), '--seed-ratio', '1', '--json'))
    const [, port] = await second.line(/"port":(\d+)/)
    await second.line(/"event":"seeding"/)
    const third = ['download', seed.torrent, '-o', folder(), ...LOOPBACK]
    expect((await bt([...third, '--peer', `127.0.0.1:${port}`])).code).toBe(0)
    expect(await second.ended(20_000)).toBe(0)
  })

  it('--limit-down holds, progress says all its fields, and a peer id of ours begins with -CX', async () => {
    const seed = await seeded('a', { a: 1_500_000 })
    const { events } = await bt(
      fetching(seed, folder(), '--limit-down', '400KB', '--json', '--sequential'),
    )
    const progress = events.filter(({ event }) => event === 'progress')
    expect(Object.keys(progress[0] ?? {})).toEqual([
      'event',
      'haveCount',
      'pieceCount',
      'downloadedBytes',
      'uploadedBytes',
      'downloadRate',
      'uploadRate',
      'peers',
      'seeds',
      'etaSeconds',
    ])
    // A bucket of one second besides the rate.
    expect(events.at(-1)?.['seconds']).toBeGreaterThan(1)
  })
})

describe('[K07] signals', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s before complete: state saved, a last event, exit 130; the next run goes on from there',
    async (signal) => {
      const seed = await seeded('a', { a: 2_000_000 }, { create: ['--piece-length', '32KiB'] })
      const out = folder()
      const running = startBt(fetching(seed, out, '--limit-down', '300KB', '--json'))
      await running.line(/"haveCount":[1-9]/, 10_000)
      running.kill(signal)
      expect(await running.ended(15_000)).toBe(130)
      const stopped = running.events().at(-1)
      expect(stopped?.['event']).toBe('stopped')
      expect(readdirSync(out).toSorted()).toEqual(['.a.bt', 'a'])
      const { code, events } = await bt(fetching(seed, out, '--json'))
      expect([code, readdirSync(out)]).toEqual([0, ['a']])
      const { downloadedBytes } = events.at(-1) as { downloadedBytes: number }
      // What was in flight or not whole is fetched again, no more.
      const before = Number(stopped?.['downloadedBytes'])
      expect(before + downloadedBytes).toBeGreaterThanOrEqual(2_000_000)
      expect(downloadedBytes).toBeLessThan(2_000_000)
    },
  )

  it('one while seeding is the normal end: a last event, exit 0', async () => {
    const seed = await seeded('a', { a: 10 })
    seed.program.kill('SIGTERM')
    expect(await seed.program.ended(15_000)).toBe(0)
    expect(seed.program.events().at(-1)).toMatchObject({ event: 'stopped', uploadedBytes: 0 })
  })

  it('a second one forces the end at once', async () => {
    const home = folder()
    fill(home, { a: 10 })
    // A tracker that never answers: goodbyes would take their time.
    const silent = createServer(() => {})
    onTestFinished(() => void (silent.closeAllConnections(), silent.close()))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as { port: number }
    const torrent = join(home, 't')
    await bt(['create', join(home, 'a'), '-o', torrent, '--tracker', `http://127.0.0.1:${port}/a`])
    const running = startBt(['download', torrent, '-o', folder(), ...LOOPBACK, '--json'])
    await running.line(/"event":"metadata"/)
    running.kill('SIGINT')
    await new Promise((resolve) => setTimeout(resolve, 50))
    running.kill('SIGINT')
    expect(await running.ended(10_000)).toBe(130)
  })
})

describe('[K09] what is taken already', () => {
  it('a second process on the same state is exit 4, and the first goes on', async () => {
    const seed = await seeded('a', { a: 2_000_000 })
    const out = folder()
    const first = startBt(fetching(seed, out, '--limit-down', '400KB', '--json'))
    await first.line(/"event":"progress"/)
    const second = await bt(fetching(seed, out, '--json'))
    expect([second.code, second.events.at(-1)?.['code']]).toEqual([4, 'LOCKED'])
    expect(second.stderr).toMatch(/in use by process \d+/)
    expect(await first.ended(20_000)).toBe(0)
  })

  it('a port that is named and taken is exit 5; unnamed, another is found', async () => {
    const seed = await seeded('a', { a: 10 })
    const port = seed.peer[1]?.split(':')[1] ?? ''
    const { code, stderr } = await bt([
      'download',
      seed.torrent,
      '-o',
      folder(),
      '--host',
      '127.0.0.1',
      '--port',
      port,
    ])
    expect([code, stderr]).toEqual([5, expect.stringContaining('--port')])
    const free = await bt([
      'download',
      seed.torrent,
      '-o',
      folder(),
      '--host',
      '127.0.0.1',
      ...seed.peer,
    ])
    expect(free.code).toBe(0)
  })
})

describe('bt seed', () => {
  it('of content that is not complete says what is missing, exit 1', async () => {
    const seed = await seeded('a', { a: 100_000 })
    const { code, events } = await bt(['seed', seed.torrent, folder(), ...LOOPBACK, '--json'])
    expect([code, events.at(-1)]).toMatchObject([1, { code: 'NOT_COMPLETE', haveCount: 0 }])
  })

  it('--trust-data serves without a look at the content', async () => {
    const seed = await seeded('a', { a: 100_000 }, { seed: ['--trust-data'] })
    expect((await bt(fetching(seed, folder()))).code).toBe(0)
  })
})

describe('trackers', () => {
  const tracker = async (answer: string): Promise<{ url: string; asked: string[] }> => {
    const asked: string[] = []
    const server = createServer(({ url = '' }, response) => {
      asked.push(url)
      response.end(answer)
    })
    onTestFinished(() => void server.close())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    return { url: `http://127.0.0.1:${port}/SECRETKEY/announce`, asked }
  }

  it('[K10] the passkey of a tracker is in no line and no log of a transfer', async () => {
    const { url, asked } = await tracker('d14:failure reason4:nopee')
    const home = folder()
    fill(home, { a: 10 })
    await bt(['create', join(home, 'a'), '-o', join(home, 't'), '--tracker', url])
    const running = startBt([
      'download',
      join(home, 't'),
      '-o',
      folder(),
      ...LOOPBACK,
      '--json',
      '--debug',
    ])
    await running.line(/nope/)
    running.kill('SIGINT')
    expect(await running.ended(15_000)).toBe(130)
    expect(asked[0]).toContain('SECRETKEY')
    expect(asked[0]).toContain('peer_id=-CX0001-')
    expect(running.output).not.toContain('SECRETKEY')
  })

  it('announce and scrape print what the tracker says, and exit 1 when none answers', async () => {
    const peers =
      'd8:completei3e10:incompletei4e8:intervali900e5:peers6:\u0001\u0002\u0003\u0004\u0000\u0050e'
    const { url, asked } = await tracker(peers)
    const hash = ['--info-hash', 'aa'.repeat(20)]
    const announced = await bt(['announce', url, ...hash, '--json'])
    expect(announced.code).toBe(0)
    expect(announced.events).toMatchObject([
      { event: 'announce', complete: 3, incomplete: 4, peers: [{ host: '1.2.3.4', port: 80 }] },
    ])
    expect(asked.map((one) => /event=(\w+)/.exec(one)?.[1])).toEqual(['started', 'stopped'])
    const dead = await bt(['scrape', 'http://127.0.0.1:9/announce', ...hash])
    expect(dead.code).toBe(1)
  })
})
