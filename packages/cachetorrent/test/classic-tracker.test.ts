// The 2018 tracker as a hook: who leads, who is given whom, and when. And the draw and the election by themselves.
import { type Endpoint, type InfoHash, type PeerId, Prng } from '@bt/primitives'
import type { AnnounceRequest, AnnounceResponse } from '@bt/tracker-protocol'
import { Tracker } from '@bt/tracker-server'
import { describe, expect, test } from 'vitest'
import {
  CLASSIC_REPLY_KEY,
  classicHook,
  type ClassicHookOptions,
  decodeLeaders,
  drawNeighbours,
  electClassic,
} from '../src/classic/index.ts'
import { HELD_SECONDS } from '../src/classic/classic-hook.ts'

const HASH = 'cd'.repeat(20) as InfoHash
const id = (number: number): PeerId => number.toString(16).padStart(40, '0') as PeerId
const siteOf = (host: string): string | undefined => host.split('.')[1]

describe('an election of classic mode', () => {
  const ids = (lists: readonly (readonly { peerId: PeerId }[])[]): PeerId[][] =>
    lists.map((list) => list.map(({ peerId }) => peerId))

  test('takes a share of the candidates by upload, then download, then id', () => {
    const candidates = [
      { peerId: id(4), upload: 1, download: 1 },
      { peerId: id(3), upload: 2, download: 1 },
      { peerId: id(2), upload: 2, download: 1 },
      { peerId: id(1), upload: 2, download: 3 },
    ]
    expect(ids(electClassic(candidates, 75))).toEqual([[id(1), id(2), id(3)]])
    expect(ids(electClassic(candidates, 74))).toEqual([[id(1), id(2)]])
    expect(ids(electClassic(candidates, 0))).toEqual([[id(1)]])
  })

  test('lets a peer lead in one range at most, the strongest spread', () => {
    const candidates = Array.from({ length: 5 }, (_, at) => {
      return { peerId: id(at), upload: 9 - at, download: 0 }
    })
    expect(ids(electClassic(candidates, 40, 2))).toEqual([
      [id(0), id(2)],
      [id(1), id(3)],
    ])
    expect(ids(electClassic(candidates, 50, 3))).toEqual([[id(0), id(3)], [id(1), id(4)], [id(2)]])
    const alone = candidates.slice(0, 1)
    expect(ids(electClassic(alone, 50, 2))).toEqual([[id(0)], [id(0)]])
  })
})

describe('neighbours', () => {
  const ownSite = Array.from({ length: 49 }, (_, at) => at)
  const everyone = Array.from({ length: 699 }, (_, at) => at)
  const drawn = (biasPercent: number, count = 20) =>
    drawNeighbours({ everyone, ownSite, count, biasPercent }, new Prng(1))

  test('are distinct, and local but for the share that comes from everyone', () => {
    for (const biasPercent of [0, 10, 30, 50, 100]) {
      const neighbours = drawn(biasPercent)
      expect(new Set(neighbours).size).toBe(20)
      const local = neighbours.filter((neighbour) => neighbour < 49).length
      expect(local).toBeGreaterThanOrEqual(20 - biasPercent / 5)
      expect(local).toBeLessThanOrEqual(Math.max(20 - biasPercent / 5 + 3, 5))
    }
  })

  test('are as many as there are where there are fewer', () => {
    const few = { everyone: [1, 2, 3], ownSite: [1], count: 20, biasPercent: 10 }
    expect(new Set(drawNeighbours(few, new Prng(1)))).toEqual(new Set([1, 2, 3]))
  })
})

describe('the tracker of classic mode', () => {
  class Office {
    readonly tracker: Tracker

    constructor(options: Partial<ClassicHookOptions>) {
      const random = new Prng(5)
      const hook = classicHook({ siteOf, random, joinersMin: 6, ...options })
      const clock = { now: () => 0, wallSeconds: () => 0, at: () => ({ cancel: () => {} }) }
      this.tracker = new Tracker({ hooks: [hook] }, { clock, random })
    }

    announce(site: number, peer: number, more: Partial<AnnounceRequest> = {}): AnnounceResponse {
      const from: Endpoint = { host: `20.${site}.0.${peer}`, port: 6881 }
      const request = {
        infoHash: HASH,
        peerId: id(site * 100 + peer),
        port: 6881,
        uploadedBytes: 0,
        downloadedBytes: 0,
        leftBytes: 1,
        ...more,
      }
      return this.tracker.announce(request, from)
    }

    /** Three peers in each of two sites. */
    crowd(): readonly AnnounceResponse[] {
      const all: AnnounceResponse[] = []
      for (const site of [1, 2]) {
        for (const peer of [1, 2, 3]) {
          const extra = new Map([['cc_up', String(peer)]])
          all.push(this.announce(site, peer, { extra }))
        }
      }
      return all
    }
  }
  const leadersOf = ({ extra }: AnnounceResponse): (readonly PeerId[])[] | undefined => {
    if (extra?.has(CLASSIC_REPLY_KEY) !== true) return undefined
    const lists = decodeLeaders(extra.get(CLASSIC_REPLY_KEY))
    return lists.map((list) => list.map(({ peerId }) => peerId))
  }

  test('holds every answer back until enough have joined', () => {
    const office = new Office({ leaderPercent: 34 })
    const all = office.crowd()
    for (const response of all.slice(0, 5)) {
      expect(response.peers).toEqual([])
      expect(response.intervalSeconds).toBe(HELD_SECONDS)
      expect(leadersOf(response)).toBeUndefined()
    }
    expect(all[5]?.peers).toHaveLength(5)
    expect(leadersOf(all[5] as AnnounceResponse)).toEqual([[id(203)]])
  })

  test('gives each peer its neighbours once, and the leaders of its own site', () => {
    const office = new Office({ leaderPercent: 34, neighbours: 3 })
    office.crowd()
    const answer = office.announce(1, 1)
    expect(answer.peers).toHaveLength(3)
    expect(leadersOf(answer)).toEqual([[id(103)]])
    const hosts = ({ peers }: AnnounceResponse): string[] => peers.map(({ host }) => host)
    expect(hosts(office.announce(1, 1))).toEqual(hosts(answer))
  })

  test('biased, hands out the own site first', () => {
    const office = new Office({ neighbours: 2, biasPercent: 10 })
    office.crowd()
    const hosts = office.announce(1, 2).peers.map(({ host }) => host)
    expect(hosts.toSorted()).toEqual(['20.1.0.1', '20.1.0.3'])
  })

  test('never elects again: a late joiner follows, or leads a site that had nobody', () => {
    const office = new Office({ leaderPercent: 34 })
    office.crowd()
    const strong = { extra: new Map([['cc_up', '1000']]) }
    expect(leadersOf(office.announce(1, 4, strong))).toEqual([[id(103)]])
    expect(leadersOf(office.announce(3, 1))).toEqual([[id(301)]])
    expect(leadersOf(office.announce(3, 2, strong))).toEqual([[id(301)]])
  })

  test('without leaders it names none', () => {
    const office = new Office({})
    office.crowd()
    expect(leadersOf(office.announce(1, 1))).toBeUndefined()
  })
})
