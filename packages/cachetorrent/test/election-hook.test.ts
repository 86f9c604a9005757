import type { Alarm, Clock } from '@bt/ports'
import { type Endpoint, type InfoHash, type PeerId, Prng } from '@bt/primitives'
import type { AnnounceRequest, AnnounceResponse } from '@bt/tracker-protocol'
import { Tracker } from '@bt/tracker-server'
import { describe, expect, test } from 'vitest'
import {
  type CacheReply,
  decodeReply,
  type ElectionOptions,
  electionHook,
  SiteMap,
} from '../src/index.ts'
import {
  ALONE_HANDED,
  DEPUTIES_MAX,
  ELECTION_MS,
  FLAP_MS,
  PROMISE_BROKEN_MS,
} from '../src/limits.ts'

const HASH = 'cd'.repeat(20) as InfoHash
const MAP = new SiteMap('20.1.0.0/16 basel\n20.2.0.0/16 bern\n20.3.0.0/16 chur')

class TurnedClock implements Clock {
  timeMs = 0
  now = (): number => this.timeMs
  wallSeconds = (): number => 1_700_000_000 + this.timeMs / 1000
  at(): Alarm {
    return { cancel: () => {} }
  }
}

/** What a member says of itself: that it speaks CacheTorrent, and one thing more. */
const says = (key: string, value: number): ReadonlyMap<string, string> =>
  new Map([
    ['ct', '1'],
    [key, String(value)],
  ])

class Office {
  readonly clock = new TurnedClock()
  readonly tracker: Tracker

  constructor(clock = new TurnedClock(), more: Partial<ElectionOptions> = {}) {
    this.clock = clock
    const random = new Prng(5)
    const siteOf = (host: string): string | undefined => MAP.siteOf(host)
    const hook = electionHook({ siteOf, clock: this.clock, random, ...more })
    this.tracker = new Tracker({ hooks: [hook] }, { clock: this.clock, random })
  }

  announce(site: number, peer: number, more: Partial<AnnounceRequest> = {}): AnnounceResponse {
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
    return this.tracker.announce(request, endpointOf(site, peer))
  }
}

const idOf = (site: number, peer: number): PeerId =>
  (site * 1000 + peer).toString(16).padStart(40, '0') as PeerId
const endpointOf = (site: number, peer: number): Endpoint => ({
  host: `20.${site}.0.${peer}`,
  port: 6881,
})
const ctOf = ({ extra }: AnnounceResponse): CacheReply | undefined =>
  extra?.has('ct') === true ? decodeReply(extra.get('ct')) : undefined
const siteOf = (host: string): number => Number(host.split('.')[1])

describe('elections in a tracker', () => {
  test('the first member leads alone, the second stands by, and further ones change nothing', () => {
    const office = new Office()
    const first = ctOf(office.announce(1, 1))
    expect(first?.leaders.map(({ peerId }) => peerId)).toEqual([idOf(1, 1)])
    expect(first?.isLeader).toBe(true)
    const second = ctOf(office.announce(1, 2))
    expect(second?.leaders).toHaveLength(2)
    expect(second!.term).toBeGreaterThan(first!.term)
    for (let peer = 3; peer < 12; peer++) {
      const reply = ctOf(office.announce(1, peer))
      expect(reply?.term).toBe(second!.term)
      expect(reply?.isLeader).toBe(false)
      expect(reply?.leaders).toEqual(second!.leaders)
    }
    expect(ctOf(office.announce(2, 1))?.site).not.toBe(second!.site)
  })

  test('[M03] the next in order are deputies, of a crowd at once, and after a review the strongest', () => {
    const office = new Office()
    const of = (peer: number): readonly PeerId[] =>
      (ctOf(office.announce(1, peer))?.deputies ?? []).map(({ peerId }) => peerId)
    const ids = (...peers: readonly number[]): readonly PeerId[] =>
      peers.map((peer) => idOf(1, peer)).toSorted()
    expect(of(1)).toEqual([])
    for (let peer = 2; peer < 12; peer++) of(peer)
    expect(of(3).toSorted()).toEqual(ids(3, 4, 5, 6, 7))
    const strong = says('ct_up', 1_000_000)
    office.announce(1, 20, { extra: strong })
    office.clock.timeMs += 11_000
    const reply = ctOf(office.announce(1, 1))
    expect(reply?.deputies).toHaveLength(DEPUTIES_MAX)
    const leaders = reply?.leaders.map(({ peerId }) => peerId) ?? []
    const deputies = reply?.deputies?.map(({ peerId }) => peerId) ?? []
    expect([...leaders, ...deputies]).toContain(idOf(1, 20))
    expect(deputies.filter((peerId) => leaders.includes(peerId))).toEqual([])
  })

  test('[M06] candidates that die before anybody else came hold up no election', () => {
    const office = new Office()
    for (let peer = 1; peer <= 5; peer++) {
      const reply = ctOf(office.announce(1, peer))
      // at once, with whoever is there: no number of candidates is waited for
      expect(reply?.leaders).toHaveLength(peer <= 3 ? 1 : 2)
      if (peer <= 2) {
        office.announce(1, peer, { event: 'stopped' })
        office.clock.timeMs += 11_000
      }
    }
    const leaders = ctOf(office.announce(1, 5))?.leaders.map(({ peerId }) => peerId)
    expect(leaders).not.toContain(idOf(1, 1))
  })

  test('[M23] a storm of leaders that come and go is a term every ten seconds, while one of them is left', () => {
    const office = new Office()
    office.announce(1, 1, {
      extra: says('ct_up', 1000),
    })
    office.announce(1, 2, {
      extra: says('ct_up', 1000),
    })
    const terms = new Set<number | undefined>()
    for (let peer = 3; peer < 63; peer++) {
      office.clock.timeMs += 1_000
      office.announce(1, peer, { event: 'stopped' })
      const strong = says('ct_up', 10_000 * peer)
      office.announce(1, peer, { extra: strong })
      terms.add(ctOf(office.announce(1, 1))?.term)
      office.announce(1, peer, { event: 'stopped' })
    }
    expect(terms.size).toBeLessThanOrEqual(60 / 10 + 2)
  })

  test('says how many came to download to a site, what one uploads, and the pace of the swarm', () => {
    const office = new Office()
    const rate = (up: number): Partial<AnnounceRequest> => ({
      extra: says('ct_up', up),
    })
    office.announce(1, 99, { ...rate(300_000), leftBytes: 0 })
    for (let peer = 1; peer <= 4; peer++) office.announce(1, peer, rate(200_000))
    for (let peer = 1; peer <= 3; peer++) office.announce(2, peer, rate(100_000))
    // (300 + 4 × 200 + 4 × 100) / 8
    const all = { downloaders: 4, upload: 100_000, pace: 187_500 }
    expect(ctOf(office.announce(2, 4, rate(100_000)))?.pace).toEqual(all)
    // who is done is no less of the swarm, and who left is
    expect(ctOf(office.announce(2, 4, { ...rate(100_000), leftBytes: 0 }))?.pace).toEqual(all)
    for (let peer = 1; peer <= 4; peer++) office.announce(1, peer, { event: 'stopped' })
    const less = { downloaders: 4, upload: 100_000, pace: 175_000 }
    expect(ctOf(office.announce(2, 4, rate(100_000)))?.pace).toEqual(less)
    // a stock client says nothing of what it can, and counts
    for (let peer = 5; peer <= 9; peer++) office.announce(2, peer, { extra: new Map() })
    expect(ctOf(office.announce(2, 4, rate(100_000)))?.pace).toBeUndefined()
  })

  test('takes what a member sent at best for what it can, where it declares nothing, and elects nobody for it', () => {
    const office = new Office()
    const sent = (rate: number): Partial<AnnounceRequest> => ({
      extra: says('ct_sent', rate),
    })
    office.announce(1, 99, { ...sent(300_000), leftBytes: 0 })
    for (let peer = 1; peer <= 4; peer++) office.announce(2, peer)
    const before = ctOf(office.announce(2, 4))
    expect(before?.pace).toBeUndefined()
    for (let peer = 1; peer <= 3; peer++) office.announce(2, peer, sent(100_000 * peer))
    office.clock.timeMs += 2 * ELECTION_MS
    const after = ctOf(office.announce(2, 4))
    // (100 + 200 + 300) / 3 for each of the four, and the seed's 300 among them
    expect(after?.pace).toEqual({ downloaders: 4, upload: 200_000, pace: 275_000 })
    expect(after?.term).toBe(before?.term)
  })

  test('a site that grows large has more leaders, in a few steps', () => {
    const office = new Office()
    const terms = new Set<number>()
    let leaders = 0
    for (let peer = 1; peer <= 200; peer++) {
      const reply = ctOf(office.announce(1, peer))
      terms.add(reply?.term ?? 0)
      leaders = reply?.leaders.length ?? 0
    }
    expect(leaders).toBeGreaterThanOrEqual(8)
    expect(terms.size).toBeLessThanOrEqual(6)
  })

  test('[M30] who does not want to lead is no candidate', () => {
    const office = new Office()
    const unwilling = new Map([
      ['ct', '1'],
      ['ct_up', '9000000'],
      ['ct_lead', '0'],
    ])
    expect(ctOf(office.announce(1, 1, { extra: unwilling }))?.leaders).toEqual([])
    const reply = ctOf(office.announce(1, 2))
    expect(reply?.leaders.map(({ peerId }) => peerId)).toEqual([idOf(1, 2)])
    expect(ctOf(office.announce(1, 1, { extra: unwilling }))?.isLeader).toBe(false)
  })

  test('[M08] a late joiner gets the leaders of its site, or begins a site of its own', () => {
    const office = new Office()
    office.announce(1, 1)
    office.announce(1, 2)
    office.clock.timeMs = 600_000
    expect(ctOf(office.announce(1, 9))?.leaders).toHaveLength(2)
    expect(ctOf(office.announce(3, 1))?.isLeader).toBe(true)
  })

  test('[M31] a tracker that forgot everything goes on in a higher term', () => {
    const before = new Office()
    before.announce(1, 1)
    const old = ctOf(before.announce(1, 2))
    const clock = new TurnedClock()
    clock.timeMs = 60_000
    const after = new Office(clock)
    expect(ctOf(after.announce(1, 2))!.term).toBeGreaterThan(old!.term)
  })

  test('[M06] a leader that says goodbye, or is silent, is replaced in a new term', () => {
    const office = new Office()
    office.announce(1, 1)
    const old = ctOf(office.announce(1, 2))!
    office.announce(1, 3)
    office.announce(1, 1, { event: 'stopped' })
    // one is left: the next election is ten seconds after the last
    expect(ctOf(office.announce(1, 3))?.term).toBe(old.term)
    office.clock.timeMs += ELECTION_MS
    const reply = ctOf(office.announce(1, 3))!
    expect(reply.leaders.map(({ peerId }) => peerId)).toEqual([idOf(1, 2), idOf(1, 3)])
    expect(reply.term).toBeGreaterThan(old.term)
  })

  test('[M24] a leader that vanished without goodbye is no candidate for a while', () => {
    const office = new Office()
    office.announce(1, 1)
    office.announce(1, 2)
    office.clock.timeMs = 4_000_000
    office.announce(1, 3)
    office.announce(1, 4)
    for (let sweep = 0; sweep < 200; sweep++) office.tracker.expire()
    office.clock.timeMs += 20_000
    expect(ctOf(office.announce(1, 1))!.isLeader).toBe(false)
    office.clock.timeMs += FLAP_MS
    office.announce(1, 3, { event: 'stopped' })
    office.announce(1, 1)
    expect(ctOf(office.announce(1, 1))!.isLeader).toBe(true)
  })

  test('[M14] who serves next to nothing of what it declares leads no more, and comes back later', () => {
    const office = new Office()
    const announce = (peer: number, minute: number): CacheReply | undefined => {
      const up = peer === 1 ? 100_000 : 1000
      const extra = says('ct_up', up)
      return ctOf(office.announce(1, peer, { extra, uploadedBytes: 30_000 * minute }))
    }
    const leads: boolean[] = []
    for (let minute = 0; minute < 15; minute++) {
      for (let peer = 8; peer >= 1; peer--) announce(peer, minute)
      leads.push(announce(1, minute)?.isLeader === true)
      office.clock.timeMs += 60_000
    }
    expect(leads.slice(0, 2)).toEqual([false, true])
    expect(leads.slice(2)).not.toContain(true)
    // it serves no more than before, and promises no more than that
    office.clock.timeMs += PROMISE_BROKEN_MS
    const honest = new Map([['ct', '1']])
    for (const peer of [2, 3, 4, 5, 6, 7, 8]) office.announce(1, peer, { event: 'stopped' })
    office.announce(1, 1, { extra: honest })
    expect(ctOf(office.announce(1, 1, { extra: honest }))?.isLeader).toBe(true)
  })

  test('[M15] the address decides the site, and who names another one does not lead', () => {
    const office = new Office()
    const label = {
      extra: new Map([
        ['ct', '1'],
        ['ct_site', 'bern'],
        ['ct_up', '999999999'],
      ]),
    }
    expect(ctOf(office.announce(1, 1, label))?.leaders).toEqual([])
    const honest = ctOf(office.announce(1, 2))!
    expect(ctOf(office.announce(1, 1, label))?.site).toBe(honest.site)
    expect(ctOf(office.announce(1, 1, label))?.isLeader).toBe(false)
  })

  test('[M16] an unmapped address is served as by any tracker', () => {
    const office = new Office()
    expect(ctOf(office.announce(9, 1))).toBeUndefined()
  })
})

describe('a tracker that lets a share of each site import', () => {
  const declares = (up: number): Partial<AnnounceRequest> => ({
    extra: says('ct_up', up),
  })
  const mayImport = (response: AnnounceResponse): boolean =>
    ctOf(response)?.importsNothing === undefined

  /** A site of 20 of which each declares more than the one before. */
  const crowd = (leaderPercent?: number): Office => {
    const office = new Office(
      new TurnedClock(),
      leaderPercent === undefined ? {} : { leaderPercent },
    )
    for (let peer = 1; peer <= 20; peer++) office.announce(1, peer, declares(1000 * peer))
    return office
  }
  const importers = (office: Office): number[] => {
    const all = Array.from({ length: 20 }, (_, at) => at + 1)
    return all.filter((peer) => mayImport(office.announce(1, peer, declares(1000 * peer))))
  }

  test('says so to all but those who are ranked first', () => {
    expect(importers(crowd(20))).toEqual([17, 18, 19, 20])
    expect(importers(crowd(1))).toEqual([19, 20])
    expect(importers(crowd())).toHaveLength(20)
  })

  test('elects as many leaders as any', () => {
    const [few, all] = [crowd(50), crowd()].map((office) => ctOf(office.announce(1, 3)))
    expect(few?.leaders).toEqual(all?.leaders)
    expect(few?.leaders).toHaveLength(2)
  })

  test('lets the next one import when another takes the place of one of those', () => {
    const office = crowd(20)
    expect(mayImport(office.announce(1, 16, declares(16_000)))).toBe(false)
    office.announce(1, 18, { event: 'stopped' })
    office.announce(1, 30, declares(1))
    expect(mayImport(office.announce(1, 16, declares(16_000)))).toBe(true)
  })

  test('does not count who came with everything, and stock clients', () => {
    const office = new Office(new TurnedClock(), { leaderPercent: 50 })
    for (let peer = 1; peer <= 4; peer++)
      office.announce(1, peer, { ...declares(90_000), leftBytes: 0 })
    for (let peer = 5; peer <= 8; peer++) office.announce(1, peer, { extra: new Map() })
    for (let peer = 9; peer <= 12; peer++) office.announce(1, peer, declares(1000 * peer))
    expect(mayImport(office.announce(1, 1, { ...declares(90_000), leftBytes: 0 }))).toBe(true)
    expect(mayImport(office.announce(1, 10, declares(10_000)))).toBe(false)
    expect(mayImport(office.announce(1, 11, declares(11_000)))).toBe(true)
  })

  test('names the seeds of other sites to them only', () => {
    const office = crowd(10)
    office.announce(2, 99, { leftBytes: 0 })
    for (let peer = 1; peer <= 9; peer++) office.announce(2, peer)
    const told = new Map<number, number>()
    for (let round = 0; round < 11; round++) {
      for (let peer = 1; peer <= 20; peer++) {
        const { peers } = office.announce(1, peer, declares(1000 * peer))
        const isTold = round > 0 && peers.some(({ host }) => host === '20.2.0.99')
        told.set(peer, (told.get(peer) ?? 0) + Number(isTold))
      }
    }
    // others meet it by chance, as one of ten of its site
    expect([...told].filter(([, times]) => times === 10).map(([peer]) => peer)).toEqual([19, 20])
  })
})

describe('who is handed out', () => {
  const crowd = (): Office => {
    const office = new Office()
    for (const site of [1, 2, 3]) {
      for (let peer = 1; peer <= 8; peer++) office.announce(site, peer)
    }
    return office
  }

  test('to a member: its whole site, and two to four of others, from every site', () => {
    const office = crowd()
    const seen = new Set<number>()
    for (let peer = 1; peer <= 8; peer++) {
      const sites = office.announce(1, peer).peers.map(({ host }) => siteOf(host))
      expect(sites.filter((site) => site === 1)).toHaveLength(7)
      const outside = sites.filter((site) => site !== 1)
      expect(outside.length).toBeGreaterThanOrEqual(2)
      expect(outside.length).toBeLessThanOrEqual(4)
      for (const site of outside) seen.add(site)
    }
    expect(seen).toEqual(new Set([2, 3]))
  })

  test('to who asks for few: one of another site, and members of its own', () => {
    const office = new Office()
    for (const site of [1, 2, 3]) for (let peer = 1; peer <= 12; peer++) office.announce(site, peer)
    const sites = office.announce(1, 1, { numWant: 6 }).peers.map(({ host }) => siteOf(host))
    expect(sites.filter((site) => site === 1)).toHaveLength(5)
    expect(sites).toHaveLength(6)
  })

  test('to a stock client: local peers and one external, and no word of leaders', () => {
    const office = crowd()
    const answer = office.announce(2, 20, { extra: new Map() })
    const outside = answer.peers.filter(({ host }) => siteOf(host) !== 2)
    expect(outside).toHaveLength(1)
    expect(answer.peers).toHaveLength(9)
    expect(ctOf(answer)).toBeUndefined()
  })

  test('to a site of one peer: others as they come', () => {
    const alone = new Office()
    alone.announce(1, 1)
    alone.announce(2, 1)
    expect(alone.announce(3, 1).peers).toHaveLength(2)
  })

  test('to the first of a site eight others, for soon it is alone no more: in few sites several of each', () => {
    const siteOf = (host: string): string => host.split('.')[1] as string
    for (const sites of [3, 12]) {
      const office = new Office(undefined, { siteOf })
      for (let site = 1; site <= sites; site++)
        for (let peer = 1; peer <= 12; peer++) office.announce(site, peer)
      expect(office.announce(sites + 1, 1).peers).toHaveLength(ALONE_HANDED)
      expect(office.announce(sites + 2, 1, { numWant: 5 }).peers).toHaveLength(5)
      const stock = office.announce(sites + 3, 1, { extra: new Map() })
      expect(stock.peers.length).toBeGreaterThan(20)
    }
  })

  test('never the asker itself, and no seeds to a seed', () => {
    const office = crowd()
    office.announce(1, 9, { leftBytes: 0 })
    const answer = office.announce(1, 1, { leftBytes: 0 })
    expect(answer.peers.map(({ host }) => host)).not.toContain('20.1.0.1')
    expect(answer.peers.map(({ host }) => host)).not.toContain('20.1.0.9')
  })
})
