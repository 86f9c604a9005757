// Goal: whichever of several trackers answers, it names the same leaders in the same term. Method: trackers with a wire
// between them that delays, and at times loses, what they tell each other; their announces are spread by chance.
import type { Alarm, Clock } from '@bt/ports'
import { type Endpoint, type InfoHash, type PeerId, Prng } from '@bt/primitives'
import type { AnnounceRequest } from '@bt/tracker-protocol'
import { Tracker } from '@bt/tracker-server'
import { describe, expect, test } from 'vitest'
import { type CacheReply, decodeReply, type Election, electionHook, SiteMap } from '../src/index.ts'
import { ELECTION_MS } from '../src/limits.ts'

const HASH = 'cd'.repeat(20) as InfoHash
const MAP = new SiteMap('20.1.0.0/16 basel\n20.2.0.0/16 bern\n20.3.0.0/16 chur')
const INTERVAL_SECONDS = 1000

class TurnedClock implements Clock {
  timeMs = 0
  readonly #alarms: { at: number; run: () => void }[] = []
  now = (): number => this.timeMs
  wallSeconds = (): number => 1_700_000_000 + this.timeMs / 1000
  at(at: number, run: () => void): Alarm {
    const alarm = { at, run }
    this.#alarms.push(alarm)
    return { cancel: () => void (this.#alarms.includes(alarm) && this.#drop(alarm)) }
  }

  pass(ms: number): void {
    for (const end = this.timeMs + ms; ; ) {
      const due = this.#alarms
        .filter(({ at }) => at <= end)
        .toSorted((one, other) => one.at - other.at)[0]
      this.timeMs = due === undefined ? end : Math.max(this.timeMs, due.at)
      if (due === undefined) return
      this.#drop(due)
      due.run()
    }
  }

  #drop(alarm: { at: number; run: () => void }): void {
    this.#alarms.splice(this.#alarms.indexOf(alarm), 1)
  }
}

interface Office {
  readonly tracker: Tracker
  readonly election: Election
  readonly told: Uint8Array[]
}

class Trackers {
  readonly clock = new TurnedClock()
  readonly offices: Office[] = []

  constructor(count: number) {
    for (let at = 0; at < count; at++) this.add()
  }

  add(map = MAP, differs: () => void = () => {}): number {
    const { clock } = this
    const random = new Prng(this.offices.length)
    const election = electionHook({
      siteOf: (host) => map.siteOf(host),
      map: { digest: () => map.digest, differs },
      clock,
      random,
    })
    const told: Uint8Array[] = []
    const feed = { lanes: 4, changed: (batch: Uint8Array) => void told.push(batch.slice()) }
    const options = { intervalSeconds: INTERVAL_SECONDS, hooks: [election], feed }
    const tracker = new Tracker(options, { clock, random })
    tracker.start()
    this.offices.push({ tracker, election, told })
    return this.offices.length - 1
  }

  /** What was said until now reaches all others, or some of it; said in between comes next time. */
  carry(keeps: () => boolean = () => true): void {
    this.clock.pass(250)
    const all = this.offices.map(({ told }) => told.splice(0))
    for (const [from, batches] of all.entries())
      for (const batch of batches)
        for (const [to, { tracker }] of this.offices.entries())
          if (to !== from && keeps()) tracker.heard(batch)
  }

  ask(at: number, site: number, peer: number, more: Partial<AnnounceRequest> = {}) {
    const request = {
      infoHash: HASH,
      peerId: idOf(site, peer),
      port: 6881,
      uploadedBytes: 0,
      downloadedBytes: 0,
      leftBytes: 1,
      extra: new Map([['ct', '1']]),
      ...more,
    }
    const from: Endpoint = { host: `20.${site}.0.${peer}`, port: 6881 }
    const { extra } = (this.offices[at] as Office).tracker.announce(request, from)
    return extra?.has('ct') === true ? (decodeReply(extra.get('ct')) as CacheReply) : undefined
  }

  /** What each tracker says of a site to one of its members. */
  views(site: number, peer: number): readonly View[] {
    return this.offices.map((_, at) => viewOf(this.ask(at, site, peer)))
  }
}

interface View {
  readonly term: number | undefined
  readonly leaders: readonly PeerId[]
}

const viewOf = (reply: CacheReply | undefined): View => ({
  term: reply?.term,
  leaders: reply?.leaders.map(({ peerId }) => peerId) ?? [],
})
const idOf = (site: number, peer: number): PeerId =>
  (site * 1000 + peer).toString(16).padStart(40, '0') as PeerId
const upload = (rate: number): Partial<AnnounceRequest> => ({
  extra: new Map([
    ['ct', '1'],
    ['ct_up', String(rate)],
  ]),
})

describe('elections of several trackers', () => {
  test('who announced to one leads at the other, in the same term', () => {
    const both = new Trackers(2)
    both.ask(0, 1, 1)
    both.ask(0, 1, 2)
    both.carry()
    const [one, other] = both.views(1, 3)
    expect(one?.leaders).toEqual([idOf(1, 1), idOf(1, 2)])
    expect(other).toEqual(one)
  })

  test('two that elect at once settle on one of the two sets, a term above', () => {
    const both = new Trackers(2)
    both.ask(0, 1, 1)
    both.ask(0, 1, 2)
    both.ask(1, 1, 3)
    const split = viewOf(both.ask(1, 1, 4))
    expect(split.leaders).toEqual([idOf(1, 3), idOf(1, 4)])
    for (let turn = 0; turn < 3; turn++) both.carry()
    const [one, other] = both.views(1, 1)
    expect(one?.leaders).toEqual([idOf(1, 1), idOf(1, 2)])
    expect(one?.term).toBe((split.term as number) + 1)
    expect(other).toEqual(one)
  })

  test('members that come, go, vanish and grow strong anywhere leave one set of leaders', () => {
    for (let seed = 0; seed < 30; seed++) {
      const random = new Prng(seed)
      const all = new Trackers(3)
      for (let step = 0; step < 300; step++) {
        const event = random.below(6) === 0 ? ({ event: 'stopped' } as const) : {}
        const strength = random.below(3) === 0 ? upload(1000 * (1 + random.below(50))) : {}
        all.ask(random.below(3), 1 + random.below(3), 1 + random.below(12), {
          ...strength,
          ...event,
        })
        if (random.below(4) === 0) all.carry()
        if (random.below(40) === 0) all.clock.pass(ELECTION_MS)
      }
      // Two rounds: what the first says at once is settled in the second.
      for (let round = 0; round < 2; round++) {
        all.clock.pass(ELECTION_MS)
        for (const site of [1, 2, 3])
          for (let at = 0; at < 3; at++) {
            all.ask(at, site, 1)
            for (let turn = 0; turn < 3; turn++) all.carry()
          }
      }
      for (const site of [1, 2, 3]) {
        const views = all.views(site, 1)
        expect(views[0]?.leaders.length, `seed ${seed}`).toBeGreaterThan(0)
        for (const view of views) expect(view, `seed ${seed}`).toEqual(views[0])
      }
    }
  })

  test('nothing happens, no term begins, however long it goes on and whoever is asked', () => {
    const all = new Trackers(3)
    for (let peer = 1; peer <= 9; peer++) {
      all.ask(peer % 3, 1, peer, upload(1000 * peer))
      all.carry()
    }
    all.clock.pass(ELECTION_MS)
    for (let turn = 0; turn < 3; turn++) {
      all.views(1, 1)
      all.carry()
    }
    const [before] = all.views(1, 1)
    for (let turn = 0; turn < 300; turn++) {
      for (let peer = 1; peer <= 9; peer++) all.ask((turn + peer) % 3, 1, peer, upload(1000 * peer))
      all.carry()
      all.clock.pass(ELECTION_MS)
    }
    for (const view of all.views(1, 1)) expect(view).toEqual(before)
  })

  test('[M06] a leader that says goodbye to one tracker is replaced by both, the same', () => {
    const both = new Trackers(2)
    for (let peer = 1; peer <= 4; peer++) both.ask(0, 1, peer)
    both.carry()
    both.clock.pass(ELECTION_MS)
    both.ask(1, 1, 1, { event: 'stopped' })
    both.carry()
    const first = viewOf(both.ask(0, 1, 4))
    expect(first.leaders).not.toContain(idOf(1, 1))
    both.carry()
    expect(viewOf(both.ask(1, 1, 4))).toEqual(first)
  })

  test('a tracker that is told everything again names the same leaders in the same term', () => {
    const all = new Trackers(1)
    for (let peer = 1; peer <= 12; peer++) all.ask(0, 1, peer, upload(peer === 7 ? 9000 : 1000))
    all.clock.pass(ELECTION_MS)
    const before = viewOf(all.ask(0, 1, 1))
    expect(before.leaders).toContain(idOf(1, 7))
    all.carry()
    all.add()
    all.clock.pass(200_000)
    all.offices[0]?.tracker.refill()
    for (let turn = 0; turn < 4; turn++) all.carry()
    expect(viewOf(all.ask(1, 1, 12))).toEqual(before)
    // and it knows what they can: with one gone it elects as the other one does
    all.ask(1, 1, 7, { event: 'stopped' })
    all.ask(1, 1, 5, upload(8000))
    const elected = viewOf(all.ask(1, 1, 5, upload(8000)))
    all.carry()
    expect(viewOf(all.ask(0, 1, 1))).toEqual(elected)
    expect(elected.leaders).not.toEqual(before.leaders)
  })

  test('whose site maps differ say so after a minute, once for each map', () => {
    const all = new Trackers(2)
    const other = new SiteMap('20.1.0.0/16 chur')
    let said = 0
    all.add(other, () => void said++)
    const pass = (seconds: number): void => {
      for (let second = 0; second < seconds; second += 10) {
        for (const at of [0, 1, 2]) all.ask(at, 1, 1 + at)
        all.carry()
        all.clock.pass(ELECTION_MS)
      }
    }
    pass(50)
    expect(said).toBe(0)
    pass(1200)
    expect(said).toBe(1)
    // maps that are read again a little later than others' are no difference
    other.reload('20.1.0.0/16 basel')
    pass(30)
    other.reload('20.1.0.0/16 basel\n20.2.0.0/16 bern\n20.3.0.0/16 chur')
    pass(1200)
    expect(said).toBe(1)
    other.reload('20.1.0.0/16 chur')
    pass(1200)
    expect(said).toBe(2)
  })

  test('words that are lost are said again about half an interval later', () => {
    const both = new Trackers(2)
    for (let peer = 1; peer <= 3; peer++) both.ask(0, 1, peer)
    both.carry(() => false)
    const split = viewOf(both.ask(1, 1, 9))
    expect(split.leaders).toEqual([idOf(1, 9)])
    both.carry(() => false)
    both.clock.pass(600 * INTERVAL_SECONDS)
    for (let peer = 1; peer <= 3; peer++) both.ask(0, 1, peer)
    both.ask(1, 1, 9)
    for (let turn = 0; turn < 3; turn++) both.carry()
    const [one, other] = both.views(1, 9)
    expect(other).toEqual(one)
  })

  test('[M24] a leader that vanished at one tracker is no candidate at the other', () => {
    const both = new Trackers(2)
    both.ask(0, 1, 1, upload(9000))
    both.ask(0, 1, 2, upload(1000))
    both.carry()
    both.clock.pass(INTERVAL_SECONDS * 1500)
    // Of the first one, only the other tracker heard lately; and then that one forgets it as well.
    both.ask(0, 1, 2, upload(1000))
    both.ask(0, 1, 3, upload(1000))
    both.carry()
    both.clock.pass(INTERVAL_SECONDS * 600)
    for (let turn = 0; turn < 3; turn++) both.carry()
    for (const at of [0, 1]) {
      const reply = both.ask(at, 1, 1, upload(9000))
      expect(reply?.isLeader).toBe(false)
      expect(viewOf(reply).leaders).not.toContain(idOf(1, 1))
      both.carry()
    }
  })

  test('[M15] a label that the map contradicts leads at no tracker', () => {
    const both = new Trackers(2)
    const label = {
      extra: new Map([
        ['ct', '1'],
        ['ct_site', 'bern'],
        ['ct_up', '9000'],
      ]),
    }
    both.ask(0, 1, 1, label)
    both.carry()
    expect(viewOf(both.ask(1, 1, 2)).leaders).toEqual([idOf(1, 2)])
    both.carry()
    expect(viewOf(both.ask(0, 1, 1, label)).leaders).toEqual([idOf(1, 2)])
  })
})
