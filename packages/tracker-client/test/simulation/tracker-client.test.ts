// Goal: client and server meet over a simulated network, and the client keeps its promises when trackers do not.
// Method: our own tracker on another host; what the client leaves open is counted by the simulator.
import { Prng } from '@bt/primitives'
import type { SimHost } from '@bt/simulator'
import { encodeAnnounceBody, encodeFailure } from '@bt/tracker-protocol'
import type { AnnounceHook } from '@bt/tracker-server'
import { describe, expect, test } from 'vitest'
import { TrackerClient } from '../../src/index.ts'
import {
  HASH,
  HASH_2,
  HOUR,
  MINUTE,
  NOTHING_OPEN,
  runTracker,
  Sink,
  type World,
  world,
} from './world.ts'

const HTTP = 'http://tracker.example/announce'
const UDP = 'udp://tracker.example:6969/announce'

/** Started at once; `stop` runs the simulation until it is done and answers how long that took. */
function join(
  { simulation }: World,
  host: SimHost,
  tiers: readonly (readonly string[])[],
  sink = new Sink(),
  options = {},
): { readonly sink: Sink; readonly client: TrackerClient; stop(): number } {
  const client = new TrackerClient(tiers, host.ports, options)
  client.start(sink)
  return {
    sink,
    client,
    stop() {
      const from = simulation.clock.now()
      let isDone = false
      client.stop(() => {
        isDone = true
      })
      simulation.runUntil(() => isDone, { timeMs: from + 20_000 }, 'the goodbye')
      return simulation.clock.now() - from
    },
  }
}

describe.each([
  ['HTTP', HTTP],
  ['UDP', UDP],
])('over %s', (_name, url) => {
  test('two peers find each other, are counted, and are gone after their goodbyes', () => {
    const here = world(1)
    const { tracker } = runTracker(here, here.server)
    const other = here.network.addHost(here.network.addSite('elsewhere'))
    const one = join(here, here.client, [[url]])
    here.simulation.run({ timeMs: 5000 })
    const two = join(here, other, [[url]])
    here.simulation.run({ timeMs: 10_000 })
    expect(two.sink.hosts).toEqual([here.client.address])
    expect(two.sink.peers[0]?.source).toBe(here.server.address)
    expect(tracker.counts).toMatchObject({ swarms: 1, peers: 2 })
    one.stop()
    two.stop()
    expect(tracker.counts).toMatchObject({ swarms: 0, peers: 0 })
    expect(here.client.open).toEqual(NOTHING_OPEN)
    expect(other.open).toEqual(NOTHING_OPEN)
  })

  test('who completes and leaves at once is gone, though it listens no longer when it says so', () => {
    const here = world(14)
    const { tracker } = runTracker(here, here.server)
    const one = join(here, here.client, [[url]])
    here.simulation.run({ timeMs: 5000 })
    one.sink.leftBytes = 0
    one.client.changed('completed')
    here.simulation.clock.at(here.simulation.clock.now(), () => {
      one.sink.port = 0
    })
    one.stop()
    expect(tracker.counts).toMatchObject({ swarms: 0, peers: 0 })
  })

  test('words of extensions go both ways: parameters to the tracker, keys of its answer back', () => {
    const here = world(12)
    const said: (string | undefined)[] = []
    const hook: AnnounceHook = {
      before: ({ extra }) => void said.push(extra?.get('ct_site')),
      shape: (_request, response) => ({ ...response, extra: new Map([['ct', 5]]) }),
    }
    runTracker(here, here.server, { hooks: [hook] })
    const sink = new Sink()
    sink.extra = new Map([
      ['ct', '1'],
      ['ct_site', 'Zürich & Umgebung'],
    ])
    const one = join(here, here.client, [[url]], sink)
    here.simulation.run({ timeMs: 5000 })
    expect(said).toEqual(['Zürich & Umgebung'])
    expect(sink.replies).toEqual([new Map([['ct', 5]])])
    one.stop()
  })

  test('an announce goes out by each family of the name, with one key (BEP 7)', () => {
    const here = world(2)
    const address6 = here.server.address6 as string
    here.network.name('tracker.example', [here.server.address, address6])
    const { tracker, heard } = runTracker(here, here.server)
    const one = join(here, here.client, [[url]])
    here.simulation.run({ timeMs: 10_000 })
    expect(tracker.counts.peers).toBe(2)
    if (url === HTTP) {
      expect(new Set(heard.map(({ from }) => from.includes(':')))).toEqual(new Set([false, true]))
      expect(new Set(heard.map(({ key }) => key)).size).toBe(1)
    }
    one.stop()
    expect(tracker.counts.peers).toBe(0)
  })

  test('peers come at once from the family that answers, though the other leads nowhere', () => {
    const here = world(3)
    // Nobody has this address: packets to it vanish.
    here.network.name('tracker.example', ['2600:1234::99', here.server.address])
    runTracker(here, here.server)
    const other = here.network.addHost(here.network.addSite('elsewhere'))
    join(here, other, [[url]])
    here.simulation.run({ timeMs: 30_000 })
    const one = join(here, here.client, [[url]])
    here.simulation.run({ timeMs: 32_000 })
    expect(one.sink.hosts).toEqual([other.address])
    one.client.changed('completed')
    here.simulation.run({ timeMs: 120_000 })
    expect(one.sink.notes.filter(({ level }) => level === 'warn')).toEqual([])
    expect(one.stop()).toBeLessThanOrEqual(5000)
    expect(here.client.open).toEqual(NOTHING_OPEN)
  })

  test('a hybrid torrent announces both its infohashes', () => {
    const here = world(4)
    const { tracker } = runTracker(here, here.server)
    const one = join(here, here.client, [[url]], new Sink([HASH, HASH_2]))
    here.simulation.run({ timeMs: 10_000 })
    expect(tracker.counts).toMatchObject({ swarms: 2, peers: 2 })
    one.stop()
    expect(tracker.counts.peers).toBe(0)
  })

  test('[G14] a tracker that hangs delays the goodbye by 5 s, no more', () => {
    const here = world(5)
    runTracker(here, here.server)
    const one = join(here, here.client, [[url]])
    here.simulation.run({ timeMs: 10_000 })
    here.network.partition([here.client], [here.server])
    expect(one.stop()).toBeLessThanOrEqual(5000)
    expect(here.client.open).toEqual(NOTHING_OPEN)
  })

  test('[G14] a first announce that hangs ends within 5 s as well', () => {
    const here = world(6)
    here.network.partition([here.client], [here.server])
    const one = join(here, here.client, [[url]])
    here.simulation.run({ timeMs: 2000 })
    expect(one.stop()).toBeLessThanOrEqual(5000)
    expect(here.client.open).toEqual(NOTHING_OPEN)
  })

  test('[G10] all trackers dead for 24 h: found again within the hour, without a storm', () => {
    const here = world(7)
    const { tracker } = runTracker(here, here.server)
    const second = here.network.addHost(here.network.addSite('second'))
    here.network.name('second.example', [second.address])
    here.network.partition([here.client], [here.server, second])
    const one = join(here, here.client, [[url], [url.replace('tracker', 'second')]])
    here.simulation.run({ timeMs: 24 * HOUR })
    expect(tracker.counts.peers).toBe(0)
    // Once an hour and tracker at the end, from 15 s on at the beginning.
    const calls = here.client.calls.made
    expect(calls).toBeLessThan(600)
    here.network.heal()
    here.simulation.run({ timeMs: 25 * HOUR + MINUTE })
    expect(tracker.counts.peers).toBe(1)
    one.stop()
    expect(here.client.open).toEqual(NOTHING_OPEN)
  })

  test('words of an extension reach the tracker and its words come back', () => {
    const here = world(8)
    const asked: unknown[] = []
    runTracker(here, here.server, {
      hooks: [
        {
          before: ({ extra }) => void asked.push(extra?.get('ct')),
          shape: (_request, response) => ({ ...response, extra: new Map([['ct', 7]]) }),
        },
      ],
    })
    const sink = new Sink()
    sink.extra = new Map([['ct', '1']])
    join(here, here.client, [[url]], sink)
    here.simulation.run({ timeMs: 5000 })
    expect(asked).toEqual(['1'])
    // A plain UDP answer has no room for words.
    if (url === HTTP) expect([...(sink.replies[0] ?? [])]).toEqual([['ct', 7]])
  })
})

describe('HTTP', () => {
  test('events come in order: started, completed, none, stopped; the interval is kept', () => {
    const here = world(10)
    const { heard } = runTracker(here, here.server, { intervalSeconds: 1800 })
    const one = join(here, here.client, [[HTTP]])
    here.simulation.run({ timeMs: 10 * MINUTE })
    one.sink.leftBytes = 0
    one.client.changed('completed')
    here.simulation.run({ timeMs: 2 * HOUR })
    one.stop()
    const events = heard.map(({ event }) => event)
    expect(events.slice(0, 2)).toEqual(['started', 'completed'])
    expect(events.at(-1)).toBe('stopped')
    expect(events.slice(2, -1).every((event) => event === undefined)).toBe(true)
    const gaps = heard.slice(2, -1).map(({ atMs }, at) => atMs - (heard[at + 1]?.atMs ?? 0))
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(30 * MINUTE)
      expect(gap).toBeLessThan(34 * MINUTE)
    }
    expect(gaps.length).toBeGreaterThanOrEqual(2)
  })

  test('a partial seed says paused in every announce (BEP 21)', () => {
    const here = world(11)
    const { heard } = runTracker(here, here.server)
    const sink = new Sink()
    const one = join(here, here.client, [[HTTP]], sink)
    here.simulation.run({ timeMs: MINUTE })
    sink.partialSeed = true
    one.client.changed('partial-seed')
    here.simulation.run({ timeMs: 2 * HOUR })
    expect(new Set(heard.slice(1).map(({ event }) => event))).toEqual(new Set(['paused']))
  })

  test('who does not know its size yet is no seed, and who does not listen names the discard port', () => {
    const here = world(12)
    const { heard } = runTracker(here, here.server)
    const sink = new Sink()
    sink.leftBytes = undefined
    sink.port = 0
    join(here, here.client, [[HTTP]], sink)
    here.simulation.run({ timeMs: 5000 })
    expect(heard[0]?.path).toContain('&port=9&')
    expect(heard[0]?.path).toContain('&left=1&')
  })

  test.each([
    ['[G01] HTML', { status: 200, body: '<html>502</html>' }, 'BAD_ANSWER'],
    ['[G01] an empty body', { status: 200, body: '' }, 'BAD_ANSWER'],
    ['[G01] a body cut short', { status: 200, body: 'd8:intervali60e5:peers6:' }, 'BAD_ANSWER'],
    ['[G03] a body of 2 MiB', { status: 200, body: 'x'.repeat(2 << 20) }, 'UNREACHABLE'],
    ['a refusal', { status: 200, body: 'd14:failure reason2:noe' }, 'REFUSED'],
    ['status 404', { status: 404, body: 'not here' }, 'BAD_ANSWER'],
  ])('%s is noted, and the next tier is asked at once', (_name, { status, body }, code) => {
    const here = world(13)
    runTracker(here, here.server)
    const bad = here.network.addHost(here.network.addSite('bad'))
    bad.serveHttp(80, (_request, answer) =>
      answer({ status, body: new TextEncoder().encode(body) }),
    )
    here.network.name('bad.example', [bad.address])
    const sink = new Sink()
    join(here, here.client, [['http://bad.example/announce?passkey=secret'], [HTTP]], sink)
    here.simulation.run({ timeMs: 5000 })
    const [warning, success] = sink.notes
    expect(warning).toMatchObject({ level: 'warn', code })
    expect(warning?.message).not.toContain('secret')
    expect(success).toMatchObject({ level: 'info', seeds: 0, leeches: 1 })
  })

  test('[G03] a tracker that never answers is given up after 60 s', () => {
    const here = world(14)
    runTracker(here, here.server)
    const bad = here.network.addHost(here.network.addSite('bad'))
    bad.serveHttp(80, () => {})
    here.network.name('bad.example', [bad.address])
    const sink = new Sink()
    join(here, here.client, [['http://bad.example/announce'], [HTTP]], sink)
    here.simulation.run({ timeMs: 59_000 })
    expect(sink.notes).toEqual([])
    here.simulation.run({ timeMs: 62_000 })
    expect(sink.notes.map(({ level }) => level)).toEqual(['warn', 'info'])
  })

  test.each([
    ['itself', 'http://bad.example/announce', 'UNREACHABLE'],
    ['a door inside', 'http://127.0.0.1:8080/admin', 'BLOCKED'],
    ['a file', 'file:///etc/passwd', 'UNREACHABLE'],
    ['an international name', 'http://xn--trcker-bua.example/announce', 'BLOCKED'],
  ])('[G04] a redirect to %s is not followed for ever, nor at all', (_name, location, code) => {
    const here = world(15)
    const bad = here.network.addHost(here.network.addSite('bad'))
    let asked = 0
    bad.serveHttp(80, (_request, answer) => {
      asked++
      answer({ status: 302, headers: new Map([['location', location]]) })
    })
    here.network.name('bad.example', [bad.address])
    here.network.name('xn--trcker-bua.example', [here.server.address])
    const sink = new Sink()
    join(here, here.client, [['http://bad.example/announce']], sink)
    here.simulation.run({ timeMs: 5000 })
    expect(sink.notes).toMatchObject([{ level: 'warn', code }])
    expect(asked).toBeLessThanOrEqual(6)
  })

  test('a redirect to another public tracker is followed', () => {
    const here = world(16)
    const { tracker } = runTracker(here, here.server)
    const old = here.network.addHost(here.network.addSite('old'))
    here.network.name('old.example', [old.address])
    old.serveHttp(80, ({ path }, answer) =>
      answer({ status: 302, headers: new Map([['location', `http://tracker.example${path}`]]) }),
    )
    join(here, here.client, [['http://old.example/announce']])
    here.simulation.run({ timeMs: 5000 })
    expect(tracker.counts.peers).toBe(1)
  })

  test('[G06] a name that turns to loopback between two looks is not called', () => {
    const here = world(17)
    let asked = 0
    here.client.serveHttp(80, (_request, answer) => {
      asked++
      answer({ status: 200 })
    })
    const sink = new Sink()
    here.network.name('rebind.example', [here.server.address])
    join(here, here.client, [['http://rebind.example/x']], sink)
    // The first look-up takes 20 ms; the second comes with the connection.
    here.simulation.at(30, () => here.network.name('rebind.example', ['127.0.0.1']))
    here.simulation.run({ timeMs: 5000 })
    expect(asked).toBe(0)
    expect(sink.notes).toMatchObject([{ code: 'BLOCKED' }])
  })

  test('retry in brings us back then, never not at all (BEP 31)', () => {
    const here = world(18)
    const times: number[] = []
    let when: number | 'never' = 90
    here.server.serveHttp(80, (_request, answer) => {
      times.push(here.simulation.clock.now())
      answer({ status: 200, body: encodeFailure('busy', when) })
      when = 'never'
    })
    join(here, here.client, [[HTTP]])
    here.simulation.run({ timeMs: 24 * HOUR })
    expect(times).toHaveLength(2)
    expect(Math.round(((times[1] ?? 0) - (times[0] ?? 0)) / MINUTE)).toBe(90)
  })

  test('a tracker id is repeated to the tracker that gave it', () => {
    const here = world(19)
    const paths: string[] = []
    here.server.serveHttp(80, ({ path }, answer) => {
      paths.push(path)
      const facts = { intervalSeconds: 60, complete: 0, incomplete: 0, peers: [] }
      answer({ status: 200, body: encodeAnnounceBody({ ...facts, trackerId: 'a b' }) })
    })
    join(here, here.client, [[HTTP]])
    here.simulation.run({ timeMs: 2 * MINUTE })
    expect(paths[0]).not.toContain('trackerid')
    expect(paths[1]).toContain('trackerid=a%20b')
  })

  test('[G15] 10,000 torrents that start together are 50 announces at a time, and stop within 5 s', () => {
    const here = world(20)
    let most = 0
    let asked = 0
    here.server.serveHttp(80, (_request, answer) => {
      asked++
      most = Math.max(most, here.client.open.requests)
      here.simulation.at(here.simulation.clock.now() + 200, () => {
        answer({
          status: 200,
          body: encodeAnnounceBody({
            intervalSeconds: 1800,
            complete: 0,
            incomplete: 0,
            peers: [],
          }),
        })
      })
    })
    const clients = Array.from({ length: 10_000 }, () => {
      const client = new TrackerClient([[HTTP]], here.client.ports)
      client.start(new Sink())
      return client
    })
    here.simulation.run({ timeMs: 10_000 })
    const early = asked
    expect(early).toBeGreaterThan(500)
    expect(most).toBeLessThanOrEqual(50)
    let stopped = 0
    const from = here.simulation.clock.now()
    for (const client of clients) client.stop(() => stopped++)
    here.simulation.runUntil(() => stopped === 10_000, { timeMs: from + 5100 }, 'all goodbyes')
    // Who never had its turn has nobody to say goodbye to.
    expect(asked - early).toBeLessThanOrEqual(early + 50)
    expect(most).toBeLessThanOrEqual(50)
    expect(here.client.open).toEqual(NOTHING_OPEN)
  })
})

describe('UDP', () => {
  test.each([0.1, 0.5, 0.9])(
    '[G09] with %d of all packets lost the peer is registered in the end',
    (loss) => {
      const here = world(30, { datagramLoss: loss })
      const { tracker } = runTracker(here, here.server)
      join(here, here.client, [[UDP]])
      here.simulation.runUntil(() => tracker.counts.peers === 1, { timeMs: 24 * HOUR }, 'a peer')
      // Connect and announce once each 15·2ⁿ s: never a storm.
      const hours = Math.ceil(here.simulation.clock.now() / HOUR)
      expect(here.client.calls.made).toBeLessThan(60 * hours)
    },
  )

  test('a tracker that was restarted is announced to with a new connection id', () => {
    const here = world(31)
    runTracker(here, here.server)
    const one = join(here, here.client, [[UDP]], new Sink([HASH, HASH_2]))
    here.simulation.run({ timeMs: 5000 })
    here.server.kill()
    here.server.restart()
    const { tracker } = runTracker(here, here.server)
    one.client.changed('completed')
    here.simulation.run({ timeMs: 20_000 })
    expect(tracker.counts.peers).toBe(2)
  })

  test('[G08] answers from another address are ignored', () => {
    const here = world(32)
    const other = here.network.addHost(here.network.addSite('liar'))
    const { tracker } = runTracker(here, here.server)
    here.network.partition([here.client], [here.server])
    const random = new Prng('lies')
    const flood = (): void => {
      other.ports.datagrams.open(
        { port: 6969, family: 4 },
        { received: () => {} },
        (error, socket) => {
          if (error !== undefined) throw error
          for (let port = 49_152; port < 49_352; port++) {
            const lie = new Uint8Array(20)
            random.fill(lie)
            const to = new Uint8Array(18)
            to[10] = 255
            to[11] = 255
            to.set(here.client.address.split('.').map(Number), 12)
            new DataView(to.buffer).setUint16(16, port)
            socket.send(lie, to)
          }
        },
      )
    }
    const one = join(here, here.client, [[UDP]])
    here.simulation.at(1000, flood)
    here.simulation.run({ timeMs: 10_000 })
    expect(one.sink.notes).toEqual([])
    here.network.heal()
    here.simulation.run({ timeMs: 60_000 })
    expect(tracker.counts.peers).toBe(1)
  })

  test('a socket that cannot be opened is a failure like any other', () => {
    const here = world(33)
    const { tracker } = runTracker(here, here.server)
    here.client.calls.failAt(2)
    const sink = new Sink()
    join(here, here.client, [[UDP]], sink)
    here.simulation.run({ timeMs: 5000 })
    expect(sink.notes).toMatchObject([{ level: 'warn', code: 'UNREACHABLE' }])
    here.simulation.run({ timeMs: MINUTE })
    expect(tracker.counts.peers).toBe(1)
  })
})

test('[G16] a private torrent asks one tracker at a time, and only those it names', () => {
  const here = world(40)
  const { tracker } = runTracker(here, here.server)
  const second = here.network.addHost(here.network.addSite('second'))
  here.network.name('second.example', [second.address])
  const other = runTracker(here, second)
  join(here, here.client, [[HTTP], ['http://second.example/announce']])
  here.simulation.run({ timeMs: 2 * HOUR })
  expect([tracker.counts.peers, other.tracker.counts.peers]).toEqual([1, 0])
})

test('one seed is one run', () => {
  const run = (): string => {
    const here = world(41, { datagramLoss: 0.3 })
    runTracker(here, here.server)
    join(here, here.client, [[UDP, HTTP]])
    return here.simulation.run({ timeMs: 3 * HOUR }).traceHash
  }
  expect(run()).toBe(run())
})
