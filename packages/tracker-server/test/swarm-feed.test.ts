// Goal: what one tracker takes in, another one hears, whole or not at all. Method: two trackers with a wire between them
// that loses, repeats and cuts.
import { Prng } from '@bt/primitives'
import { expect, test } from 'vitest'
import { FEED_RECORD_LENGTH_MAX, readFeed } from '../src/index.ts'
import { HASH, hashOf, hostOf, trackerOf } from './world.ts'

function pair(hooks: readonly object[] = []) {
  const batches: Uint8Array[] = []
  const feed = { changed: (batch: Uint8Array) => void batches.push(batch.slice()) }
  const one = trackerOf({ feed, hooks, intervalSeconds: 1000 }, 'one')
  const other = trackerOf({ hooks, intervalSeconds: 1000 }, 'other')
  one.tracker.start()
  return {
    one,
    other,
    batches,
    /** Lets the wire carry what was said. */
    carry: (): number => {
      one.clock.pass(1000)
      let records = 0
      for (const batch of batches.splice(0)) {
        records += [...readFeed(batch)].length
        other.tracker.heard(batch)
      }
      return records
    },
  }
}

test('members, counts and departures are the same on the other side', () => {
  const { one, other, carry } = pair()
  const random = new Prng('feed')
  for (let step = 0; step < 5000; step++) {
    const at = random.below(400)
    const host = at % 5 === 0 ? `2600::${at.toString(16)}` : hostOf(at)
    const event = (['started', 'completed', 'stopped', 'paused', undefined] as const)[
      random.below(5)
    ]
    const leftBytes = random.below(2)
    one.announce(host, {
      infoHash: hashOf(random.below(9)),
      leftBytes,
      ...(event !== undefined && { event }),
    })
    if (step % 500 === 0) carry()
  }
  carry()
  const hashes = Array.from({ length: 9 }, (_, at) => hashOf(at))
  expect(other.tracker.scrape(hashes)).toEqual(one.tracker.scrape(hashes))
  expect(other.tracker.counts.peers).toBe(one.tracker.counts.peers)
})

test('a peer heard of is told of, with its id', () => {
  const { one, other, carry } = pair()
  one.announce('20.0.0.1', { port: 7 })
  expect(other.announce('20.0.0.2').peers).toEqual([])
  carry()
  const [peer] = other.announce('20.0.0.2').peers
  expect([peer?.host, peer?.port, peer?.peerId?.slice(0, 4)]).toEqual(['20.0.0.1', 7, '2d58'])
})

test('who says nothing new is told of twice an interval, so that nobody forgets it', () => {
  const { one, other, carry } = pair()
  other.tracker.start()
  let records = 0
  for (let second = 0; second < 10_000; second += 100) {
    one.announce('20.0.0.1')
    one.clock.pass(98_000)
    records += carry()
    other.clock.timeMs = one.clock.timeMs - 1000
    other.clock.pass(1000)
    expect(other.tracker.counts.peers).toBe(1)
  }
  expect(records).toBeGreaterThanOrEqual(20)
  expect(records).toBeLessThanOrEqual(22)
})

test('a refill tells everything to who knows nothing', () => {
  const { one, other, batches, carry } = pair()
  for (let peer = 0; peer < 30_000; peer++)
    one.announce(hostOf(peer), { infoHash: hashOf(peer % 100), leftBytes: peer % 3, numWant: 0 })
  one.clock.pass(1000)
  batches.length = 0
  one.tracker.refill()
  for (let turn = 0; turn < 10; turn++) carry()
  expect(other.tracker.counts.peers).toBe(30_000)
  expect(other.tracker.scrape([hashOf(1)])).toMatchObject([{ complete: 100, incomplete: 200 }])
})

test('hooks hear it after before and group, with what extensions said', () => {
  const heard: string[] = []
  const hook = {
    before: () => void heard.push('before'),
    group: () => 7,
    heard: (request: { extra?: ReadonlyMap<string, string> }, from: { host: string }) =>
      void heard.push(`${from.host} ${request.extra?.get('ct')}`),
  }
  const { one, carry } = pair([hook])
  one.announce('20.0.0.1', { extra: new Map([['ct', 'a b']]) })
  heard.length = 0
  carry()
  expect(heard).toEqual(['before', '20.0.0.1 a b'])
})

test('all of one swarm is in one lane, in order, and all lanes are used', () => {
  const lanes = Array.from({ length: 8 }, () => [] as Uint8Array[])
  const feed = {
    lanes: 8,
    changed: (batch: Uint8Array, lane: number) => void lanes[lane]?.push(batch.slice()),
  }
  const one = trackerOf({ feed, intervalSeconds: 1000 })
  one.tracker.start()
  for (let turn = 0; turn < 3; turn++) {
    for (let swarm = 0; swarm < 64; swarm++)
      one.announce(hostOf(turn), {
        infoHash: (`${swarm % 8}`.padStart(8, '0') + hashOf(swarm).slice(8)) as typeof HASH,
      })
    one.clock.pass(1000)
  }
  const seen = new Map<string, { lane: number; hosts: number[] }>()
  for (const [lane, batches] of lanes.entries()) {
    expect(batches.length).toBeGreaterThan(0)
    for (const batch of batches)
      for (const record of readFeed(batch)) {
        if (record.kind !== 'member') continue
        const hash = Buffer.from(record.infoHash).toString('hex')
        const before = seen.get(hash) ?? { lane, hosts: [] }
        expect(before.lane).toBe(lane)
        before.hosts.push(record.endpoint[3] as number)
        seen.set(hash, before)
      }
  }
  expect(seen.size).toBe(64)
  for (const { hosts } of seen.values()) expect(hosts).toEqual([0, 1, 2])
})

test('a word of a hook reaches it on the other side after the members before it, and a refill tells both again', () => {
  const hookOf = (name: string) => {
    const heard: string[] = []
    let tell: (infoHash: typeof HASH, word: Uint8Array) => void = () => {}
    return {
      heard,
      say: (word: string) => tell(HASH, new TextEncoder().encode(word)),
      hook: {
        joined: (given: typeof tell) => void (tell = given),
        heard: (request: { extra?: ReadonlyMap<string, string> }, from: { host: string }) =>
          void heard.push(`${from.host} ${request.extra?.get('ct')}`),
        told: (infoHash: string, word: Uint8Array) =>
          void heard.push(`${infoHash === HASH} ${Buffer.from(word).toString()}`),
        recall: () => new Map([['ct', name]]),
        retell: (infoHash: typeof HASH) => tell(infoHash, new TextEncoder().encode('again')),
      },
    }
  }
  const mine = hookOf('mine')
  const theirs = hookOf('theirs')
  const batches: Uint8Array[] = []
  const feed = { changed: (batch: Uint8Array) => void batches.push(batch.slice()) }
  const one = trackerOf({ feed, hooks: [mine.hook] })
  const other = trackerOf({ hooks: [theirs.hook] })
  one.tracker.start()
  one.announce('20.0.0.1', { extra: new Map([['ct', 'a b']]) })
  mine.say('first')
  mine.say('x'.repeat(FEED_RECORD_LENGTH_MAX))
  one.announce('20.0.0.2')
  one.clock.pass(1000)
  one.tracker.refill()
  one.clock.pass(1000)
  for (const batch of batches) other.tracker.heard(batch)
  const [, , , ...again] = theirs.heard
  expect(theirs.heard.slice(0, 3)).toEqual(['20.0.0.1 a b', 'true first', '20.0.0.2 undefined'])
  expect(again.toSorted()).toEqual(['20.0.0.1 mine', '20.0.0.2 mine', 'true again'])
  expect(again.at(-1)).toBe('true again')
})

test('cut, mutated and random batches end, and store no more than they have records', () => {
  const { one, other, batches } = pair()
  for (let peer = 0; peer < 50; peer++) one.announce(hostOf(peer))
  one.clock.pass(1000)
  const [whole] = batches as [Uint8Array]
  const random = new Prng('mutated')
  for (let input = 0; input < 3000; input++) {
    const batch = whole.slice(0, random.below(whole.length + 1))
    for (let edit = random.below(5); edit > 0 && batch.length > 0; edit--)
      batch[random.below(batch.length)] = random.below(256)
    const before = other.tracker.counts.peers
    other.tracker.heard(batch)
    expect(other.tracker.counts.peers - before).toBeLessThanOrEqual(50)
  }
  expect(one.tracker.scrape([HASH])).toMatchObject([{ incomplete: 50 }])
})
