// Goal: who is kept, who is counted, who is told about whom. Method: announces by the hundred on a clock turned by hand.
import { parsePeerId, type PeerId, Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import {
  accessHook,
  parseAccessList,
  PEERS_DEFAULT,
  PEERS_MAX,
  TrackerError,
} from '../src/index.ts'
import { HASH, hashOf, hostOf, trackerOf } from './world.ts'

const hostsOf = ({ peers }: { readonly peers: readonly { readonly host: string }[] }): string[] =>
  peers.map(({ host }) => host)

describe('members', () => {
  test('a peer is told of the others, never of itself', () => {
    const { announce } = trackerOf()
    expect(hostsOf(announce('20.0.0.1'))).toEqual([])
    expect(hostsOf(announce('20.0.0.2'))).toEqual(['20.0.0.1'])
    expect(hostsOf(announce('20.0.0.1'))).toEqual(['20.0.0.2'])
  })

  test('what is told of a peer is its address, port and id', () => {
    const { announce } = trackerOf()
    const peerId = parsePeerId('bb'.repeat(20)) as PeerId
    announce('2600:1::5', { port: 7000, peerId })
    const [peer] = announce('20.0.0.2').peers
    expect([peer?.host, peer?.port, peer?.peerId]).toEqual(['2600:1::5', 7000, peerId])
  })

  test('seeds and leeches are counted as they change, and leave with stopped', () => {
    const { announce, tracker } = trackerOf()
    announce('20.0.0.1')
    expect(announce('20.0.0.2', { leftBytes: 0 })).toMatchObject({ complete: 1, incomplete: 1 })
    expect(announce('20.0.0.1', { leftBytes: 0 })).toMatchObject({ complete: 2, incomplete: 0 })
    expect(announce('20.0.0.1', { event: 'stopped' })).toMatchObject({ complete: 1, peers: [] })
    announce('20.0.0.2', { event: 'stopped' })
    expect(tracker.counts).toMatchObject({ swarms: 0, peers: 0 })
  })

  test('a partial seed is no downloader until it goes on (BEP 21)', () => {
    const { announce, tracker } = trackerOf()
    announce('20.0.0.1', { event: 'paused' })
    announce('20.0.0.2')
    expect(tracker.scrape([HASH])).toMatchObject([{ incomplete: 2, downloaders: 1 }])
    announce('20.0.0.1')
    expect(tracker.scrape([HASH])).toMatchObject([{ incomplete: 2, downloaders: 2 }])
  })

  test('seeds are not told of seeds', () => {
    const { announce } = trackerOf()
    announce('20.0.0.1', { leftBytes: 0 })
    announce('20.0.0.2')
    expect(hostsOf(announce('20.0.0.3', { leftBytes: 0 }))).toEqual(['20.0.0.2'])
  })

  test('[H13] completed a thousand times is one download', () => {
    const { announce, tracker } = trackerOf()
    for (let time = 0; time < 1000; time++)
      announce('20.0.0.1', { event: 'completed', leftBytes: 0 })
    announce('20.0.0.2', { event: 'completed', leftBytes: 0 })
    expect(tracker.scrape([HASH])).toMatchObject([{ downloaded: 2, complete: 2 }])
  })

  test('[H02] the source address counts, mapped IPv6 is IPv4, what is no address is refused', () => {
    const { announce, tracker } = trackerOf()
    announce('20.0.0.1')
    announce('::ffff:20.0.0.1')
    expect(tracker.counts.peers).toBe(1)
    expect(() => announce('host.example')).toThrow(TrackerError)
    expect(tracker.counts).toMatchObject({ peers: 1, refusals: 1 })
  })

  test('[H17] a mapped IPv6 source and its IPv4 are one peer, told as IPv4', () => {
    const { announce } = trackerOf()
    announce('::ffff:20.0.0.1')
    expect(hostsOf(announce('20.0.0.2'))).toEqual(['20.0.0.1'])
  })

  test('swarms and members stay in step through 20,000 random events, against a plain model', () => {
    const { announce, tracker } = trackerOf()
    const random = new Prng('model')
    const model = new Map<string, boolean>()
    for (let step = 0; step < 20_000; step++) {
      const host = hostOf(random.below(300))
      const infoHash = hashOf(random.below(3))
      const isSeed = random.below(2) === 0
      const key = `${infoHash}/${host}`
      if (random.below(3) === 0) {
        announce(host, { infoHash, event: 'stopped' })
        model.delete(key)
      } else {
        const { peers } = announce(host, { infoHash, leftBytes: isSeed ? 0 : 5, numWant: 200 })
        model.set(key, isSeed)
        const told = hostsOf({ peers })
        const wrong = told.filter((other) => other === host || !model.has(`${infoHash}/${other}`))
        if (wrong.length > 0 || new Set(told).size < told.length)
          throw new Error(`step ${step}: ${host} was told ${told.join()}`)
      }
    }
    expect(tracker.counts.peers).toBe(model.size)
    for (let number = 0; number < 3; number++) {
      const mine = [...model].filter(([key]) => key.startsWith(hashOf(number)))
      const seeds = mine.filter(([, isSeed]) => isSeed).length
      expect(tracker.scrape([hashOf(number)])).toMatchObject([
        { complete: seeds, incomplete: mine.length - seeds },
      ])
    }
  })
})

describe('expiry', () => {
  const INTERVAL = 100

  test('[H11] who is silent for two intervals is forgotten within the next round of sweeps', () => {
    const { announce, tracker, clock } = trackerOf({ intervalSeconds: INTERVAL })
    announce('20.0.0.1')
    tracker.start()
    clock.pass(150_000)
    announce('20.0.0.2')
    clock.pass(2 * INTERVAL * 1000 - 150_000 - 1000)
    expect(tracker.counts.peers).toBe(2)
    clock.pass(62_000)
    expect(tracker.counts.peers).toBe(1)
    clock.pass(200_000)
    expect(tracker.counts).toMatchObject({ peers: 0, swarms: 0 })
    tracker.close()
    expect(clock.alarms).toEqual([])
  })

  test('[H14] the wall clock is never asked: it may jump as it likes', () => {
    const { announce, tracker, clock } = trackerOf({ intervalSeconds: INTERVAL })
    // HandClock.wallSeconds throws.
    announce('20.0.0.1')
    tracker.start()
    clock.pass(120_000)
    expect(tracker.counts.peers).toBe(1)
  })

  test('[H11] many swarms are swept within two rounds of a minute, a part each second', () => {
    const { announce, tracker, clock } = trackerOf({ intervalSeconds: 10 })
    for (let number = 0; number < 1000; number++) announce('20.0.0.1', { infoHash: hashOf(number) })
    tracker.start()
    clock.pass(22_000)
    const early = tracker.counts.swarms
    expect(early).toBeGreaterThan(900)
    clock.pass(100_000)
    expect(tracker.counts.swarms).toBe(0)
  })

  test('[H15] intervals are spread over a tenth, so that peers do not come as one', () => {
    const { announce } = trackerOf({ intervalSeconds: 1800 })
    const said = Array.from({ length: 500 }, (_, at) => announce(hostOf(at)).intervalSeconds)
    expect(Math.min(...said)).toBeGreaterThanOrEqual(1800)
    expect(Math.max(...said)).toBeLessThanOrEqual(1980)
    expect(new Set(said).size).toBeGreaterThan(100)
  })

  test('[H15] after a restart swarms fill again from announces alone', () => {
    const before = trackerOf()
    const after = trackerOf()
    for (let peer = 0; peer < 100; peer++) before.announce(hostOf(peer))
    for (let peer = 0; peer < 100; peer++) after.announce(hostOf(peer))
    expect(after.tracker.scrape([HASH])).toEqual(before.tracker.scrape([HASH]))
  })
})

describe('limits', () => {
  test('[H08] numwant is clamped, and 50 where it is not said', () => {
    const { announce } = trackerOf()
    for (let peer = 0; peer < 500; peer++) announce(hostOf(peer), { numWant: 0 })
    expect(announce('21.0.0.1').peers).toHaveLength(PEERS_DEFAULT)
    expect(announce('21.0.0.1', { numWant: 1_000_000 }).peers).toHaveLength(PEERS_MAX)
    expect(announce('21.0.0.1', { numWant: 3 }).peers).toHaveLength(3)
    expect(announce('21.0.0.1', { numWant: 0 }).peers).toEqual([])
  })

  test('[H06] one swarm too many is refused, those that are known go on', () => {
    const { announce, tracker } = trackerOf({ swarmsMax: 10 })
    for (let number = 0; number < 10; number++) announce('20.0.0.1', { infoHash: hashOf(number) })
    expect(() => announce('20.0.0.2', { infoHash: hashOf(11) })).toThrow(
      expect.objectContaining({ code: 'FULL', retryInMinutes: 30 }),
    )
    announce('20.0.0.2', { infoHash: hashOf(3) })
    expect(tracker.counts).toMatchObject({ swarms: 10, peers: 11, refusals: 1 })
  })

  test('[H06] a flood of 200,000 infohashes holds no more than the limit', () => {
    const { announce, tracker } = trackerOf({ swarmsMax: 1000 })
    let refused = 0
    for (let number = 0; number < 200_000; number++) {
      try {
        announce(hostOf(number), { infoHash: hashOf(number) })
      } catch {
        refused++
      }
    }
    expect(tracker.counts).toMatchObject({ swarms: 1000, peers: 1000 })
    expect(refused).toBe(199_000)
  })

  test('a full swarm replaces one of its members, down to a swarm of one', () => {
    for (const peersPerSwarmMax of [1, 5]) {
      const { announce, tracker } = trackerOf({ peersPerSwarmMax })
      for (let peer = 0; peer < 20; peer++) announce(hostOf(peer))
      expect(tracker.counts).toMatchObject({ swarms: 1, peers: peersPerSwarmMax })
      expect(tracker.scrape([HASH])).toMatchObject([{ incomplete: peersPerSwarmMax }])
    }
  })

  test.each([
    ['one IPv4 address', (at: number) => ({ host: '30.0.0.1', port: 1 + at })],
    [
      'one IPv6 /64',
      (at: number) => ({ host: `2600:1:2:3::${(at + 1).toString(16)}`, port: 6881 }),
    ],
  ])('[H12] %s cannot fill more than half of a swarm', (_name, attacker) => {
    const { announce, tracker } = trackerOf()
    for (let peer = 0; peer < 200; peer++) announce(hostOf(peer), { numWant: 0 })
    for (let at = 0; at < 3000; at++) {
      const { host, port } = attacker(at)
      announce(host, { port, numWant: 0 })
    }
    const honest = 200
    const { peers } = tracker.counts
    // Measured by a sample of 32, so a little more than half may slip in.
    expect((peers - honest) / peers).toBeLessThan(0.72)
    expect(peers).toBeLessThan(750)
  })

  test('[H12] many ports of loopback are the peers of one machine', () => {
    const { announce, tracker } = trackerOf()
    for (let port = 1; port <= 500; port++) announce('127.0.0.1', { port, numWant: 0 })
    expect(tracker.counts.peers).toBe(500)
  })

  test('[H12] one peer id at many addresses is many peers', () => {
    const { announce, tracker } = trackerOf()
    for (let peer = 0; peer < 50; peer++) announce(hostOf(peer))
    expect(tracker.counts.peers).toBe(50)
  })
})

describe('[H16] private peers', () => {
  test.each([
    ['20.0.0.1', ['2600:1::1', '20.0.0.2']],
    ['10.9.9.9', ['10.0.0.1', '2600:1::1', '20.0.0.2', 'fd00::1']],
    ['169.254.1.9', ['10.0.0.1', '169.254.1.1', '2600:1::1', '20.0.0.2', 'fd00::1']],
    ['127.0.0.9', ['10.0.0.1', '127.0.0.1', '169.254.1.1', '2600:1::1', '20.0.0.2', 'fd00::1']],
  ])('%s is told of its own kind of network and of wider ones', (asker, told) => {
    const { announce } = trackerOf()
    for (const host of ['20.0.0.2', '2600:1::1', '10.0.0.1', 'fd00::1', '169.254.1.1', '127.0.0.1'])
      announce(host)
    expect(hostsOf(announce(asker)).toSorted()).toEqual([...told].toSorted())
  })
})

describe('the sample is fair', () => {
  const chiSquare = (counts: readonly number[]): number => {
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length
    return counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0)
  }

  // 99 degrees of freedom: 149 is exceeded once in a thousand fair samples, 60 is undercut as rarely.
  test.each([1, 7, 50])('every one of 100 peers is told equally often, %i at a time', (numWant) => {
    const { announce } = trackerOf({}, `fair ${numWant}`)
    for (let peer = 0; peer < 100; peer++) announce(hostOf(peer), { numWant: 0 })
    const counts = new Map(Array.from({ length: 100 }, (_, peer) => [hostOf(peer), 0]))
    const rounds = Math.ceil(20_000 / numWant)
    for (let round = 0; round < rounds; round++)
      for (const host of hostsOf(announce('21.0.0.1', { numWant })))
        counts.set(host, (counts.get(host) ?? 0) + 1)
    // Drawn without putting back, the spread shrinks by what is drawn at once.
    expect(chiSquare([...counts.values()]) / (1 - numWant / 100)).toBeLessThan(149)
  })

  test('pairs are told together equally often, while everybody announces', () => {
    const { announce } = trackerOf({}, 'pairs')
    const everybody = (): void => {
      for (let peer = 0; peer < 8; peer++) announce(hostOf(peer), { numWant: 0 })
    }
    const counts = new Map<string, number>()
    for (let round = 0; round < 5000; round++) {
      everybody()
      const pair = hostsOf(announce('21.0.0.1', { numWant: 2 }))
        .toSorted()
        .join()
      counts.set(pair, (counts.get(pair) ?? 0) + 1)
    }
    expect(counts.size).toBe(28)
    // 27 degrees of freedom: exceeded once in a thousand, were rounds independent; they nearly are.
    expect(chiSquare([...counts.values()])).toBeLessThan(75)
  })

  test('neighbours do not stay neighbours', () => {
    const { announce } = trackerOf({}, 'neighbours')
    const pairs = new Set<string>()
    for (let round = 0; round < 200; round++) {
      for (let peer = 0; peer < 100; peer++) announce(hostOf(peer), { numWant: 0 })
      const pair = hostsOf(announce('21.0.0.1', { numWant: 2 }))
      pairs.add(pair.toSorted().join())
    }
    // An order that stands has 100 pairs of neighbours, of which 200 draws find 87; of 4,950 pairs they find 196.
    expect(pairs.size).toBeGreaterThan(150)
  })

  test('fair among leeches when half are seeds and a seed asks, and after members left', () => {
    const { announce } = trackerOf({}, 'mixed')
    for (let peer = 0; peer < 120; peer++)
      announce(hostOf(peer), { numWant: 0, leftBytes: peer % 2 })
    for (let peer = 100; peer < 120; peer++) announce(hostOf(peer), { event: 'stopped' })
    const counts = new Map<string, number>()
    for (let round = 0; round < 4000; round++) {
      for (let peer = 1; peer < 100; peer += 2) announce(hostOf(peer), { numWant: 0 })
      for (const host of hostsOf(announce('21.0.0.1', { numWant: 5, leftBytes: 0 })))
        counts.set(host, (counts.get(host) ?? 0) + 1)
    }
    expect(counts.size).toBe(50)
    // 49 degrees of freedom.
    expect(chiSquare([...counts.values()])).toBeLessThan(85.4)
  })

  test('fair among those an asker may hear of, where others stand between them', () => {
    const { announce } = trackerOf({}, 'hidden')
    for (let peer = 0; peer < 100; peer++)
      announce(peer % 3 === 0 ? hostOf(peer) : `10.0.0.${peer}`, { numWant: 0 })
    const counts = new Map<string, number>()
    for (let round = 0; round < 4000; round++)
      for (const host of hostsOf(announce('21.0.0.1', { numWant: 5 })))
        counts.set(host, (counts.get(host) ?? 0) + 1)
    expect(counts.size).toBe(34)
    // 33 degrees of freedom.
    expect(chiSquare([...counts.values()])).toBeLessThan(64)
  })

  test('[H07] a swarm of 100,000 answers with 200 peers and looks at no more than it must', () => {
    const { announce } = trackerOf()
    for (let peer = 0; peer < 100_000; peer++) announce(hostOf(peer), { numWant: 0 })
    expect(new Set(hostsOf(announce('21.0.0.1', { numWant: 1_000_000 }))).size).toBe(200)
  })

  test('one seed of randomness is one answer', () => {
    const answer = (): string => {
      const { announce } = trackerOf({}, 'again')
      for (let peer = 0; peer < 100; peer++) announce(hostOf(peer))
      return hostsOf(announce('21.0.0.1')).join()
    }
    expect(answer()).toBe(answer())
  })
})

describe('hooks', () => {
  test('are asked in order: before, group, select, shape; the first group and choice count', () => {
    const order: string[] = []
    const hook = (name: string, group: number | undefined) => ({
      before: () => void order.push(`${name} before`),
      group: () => {
        order.push(`${name} group`)
        return group as number
      },
      select: () => {
        order.push(`${name} select`)
        return name === 'two' ? [] : undefined
      },
      shape: <T>(_request: unknown, response: T): T => {
        order.push(`${name} shape`)
        return { ...response, warning: name }
      },
    })
    const { announce } = trackerOf({
      hooks: [hook('one', undefined as never), hook('two', 7), hook('three', 8)],
    })
    const { warning } = announce('20.0.0.1')
    expect(order).toEqual([
      'one before',
      'two before',
      'three before',
      'one group',
      'two group',
      'one select',
      'two select',
      'one shape',
      'two shape',
      'three shape',
    ])
    expect(warning).toBe('three')
  })

  test('a refusal before anything reaches the client and stores nothing', () => {
    const { announce, tracker } = trackerOf({
      hooks: [
        {
          before: () => {
            throw new TrackerError('REFUSED', 'not today', 'never')
          },
        },
      ],
    })
    expect(() => announce('20.0.0.1')).toThrow('not today')
    expect(tracker.counts).toMatchObject({ peers: 0, refusals: 1 })
  })

  test('a choice is made from the members by group, and is what is told', () => {
    const { announce } = trackerOf({
      hooks: [
        {
          group: ({ host }) => Number(host.split('.')[3]),
          select: (_request, _from, swarm) =>
            [...swarm.members(2)].filter(
              (slot) => !swarm.isSeed(slot) && swarm.endpoint(slot).port > 0,
            ),
        },
      ],
    })
    for (let peer = 1; peer < 5; peer++) announce(hostOf(peer))
    expect(hostsOf(announce(hostOf(9)))).toEqual([hostOf(2)])
  })

  test('who is gone is told with the reason', () => {
    const gone: string[] = []
    const { announce, clock, tracker } = trackerOf({
      intervalSeconds: 10,
      hooks: [{ gone: (_hash, _id, { host }, why) => void gone.push(`${host} ${why}`) }],
    })
    announce('20.0.0.1')
    announce('20.0.0.2')
    announce('20.0.0.1', { event: 'stopped' })
    tracker.start()
    clock.pass(90_000)
    expect(gone).toEqual(['20.0.0.1 stopped', '20.0.0.2 expired'])
  })
})

describe('access lists', () => {
  const text = `# served\n${'AA'.repeat(20)}\n\n  ${'bb'.repeat(20)} # with a word\nnonsense\n`

  test('hold an infohash a line; comments and blank lines do not count, bad lines are named', () => {
    const { infoHashes, badLines } = parseAccessList(text)
    expect([...infoHashes]).toEqual(['aa'.repeat(20), 'bb'.repeat(20)])
    expect(badLines).toEqual([5])
  })

  test('allow or deny, and may be replaced while the tracker runs', () => {
    let listed = parseAccessList(text).infoHashes
    for (const [kind, servedAtFirst] of [
      ['allow', true],
      ['deny', false],
    ] as const) {
      listed = parseAccessList(text).infoHashes
      const { announce } = trackerOf({ hooks: [accessHook(kind, () => listed)] })
      const isServed = (): boolean => {
        try {
          announce('20.0.0.1')
          return true
        } catch (error) {
          expect(error).toMatchObject({ code: 'NOT_SERVED', retryInMinutes: 'never' })
          return false
        }
      }
      expect(isServed()).toBe(servedAtFirst)
      listed = new Set()
      expect(isServed()).toBe(!servedAtFirst)
    }
  })
})
