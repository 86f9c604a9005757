import type { PeerId, SiteId } from '@bt/primitives'
import type { PeerHandle } from '@bt/swarm'
import { describe, expect, test } from 'vitest'
import { LEADER_OUTSIDE_KEPT } from '../src/limits.ts'
import { LinkRoom } from '../src/link-room.ts'
import { Neighbours } from '../src/neighbours.ts'
import { plainPeer } from './peers.ts'

const SITE = '0123456789abcdef' as SiteId
const id = (number: number): PeerId => number.toString(16).padStart(40, '0') as PeerId

/** A leader that may have ten links. */
class Seat {
  leadsItself = true
  isOrigin = false
  leaders: readonly number[] = []
  #count = 0
  readonly dropped: PeerHandle[] = []
  readonly neighbours = new Neighbours({
    ourSite: () => SITE,
    siteName: undefined,
    siteOf: undefined,
  })

  meets(count: number, isLocal: boolean): void {
    for (let more = 0; more < count; more++) {
      const neighbour = this.neighbours.opened(plainPeer(++this.#count, 8), -10_000)
      if (isLocal) Object.assign(neighbour, { site: SITE, speaks: true })
      this.neighbours.look(neighbour, 0)
    }
  }

  /** How many local and outside links give way. */
  looks(): readonly [local: number, outside: number] {
    const { leadsItself, leaders, neighbours } = this
    const endpoint = { host: '20.0.0.1', port: 1 }
    const toLink = leaders.map((number) => ({ peerId: id(number), endpoint, weight: 1 }))
    const leadership = {
      leadsItself,
      toLink,
      triesToLink: () => false,
      waitsToLink: () => false,
    }
    this.dropped.length = 0
    const host = {
      peersMax: 10,
      dial: () => {},
      drop: (peer: PeerHandle) => this.dropped.push(peer),
    }
    const isOrigin = (): boolean => this.isOrigin
    new LinkRoom({ host, neighbours, leadership, isOrigin }).look(0, false)
    const where = this.dropped.map((peer) => neighbours.of(peer)?.where)
    return [
      where.filter((one) => one === 'local').length,
      where.filter((one) => one === 'outside').length,
    ]
  }
}

describe('a leader whose links are all taken', () => {
  test('has room for one more at the cost of another site, not of its own', () => {
    const seat = new Seat()
    seat.meets(6, true)
    seat.meets(3, false)
    expect(seat.looks()).toEqual([0, 0])
    seat.meets(1, false)
    expect(seat.looks()).toEqual([0, 1])
  })

  test('keeps one link to another site, and all members when there is no other to give way', () => {
    const seat = new Seat()
    seat.meets(LEADER_OUTSIDE_KEPT, false)
    seat.meets(10 - LEADER_OUTSIDE_KEPT, true)
    expect(seat.looks()).toEqual([0, 0])
  })

  test('makes room for other leaders, where it must at the cost of the newest members', () => {
    const seat = new Seat()
    seat.meets(8, true)
    seat.meets(2, false)
    seat.leaders = [1, 98, 99]
    // two are missing, and one may come
    expect(seat.looks()).toEqual([1, 1])
    expect(seat.dropped.map(({ peerId }) => peerId)).not.toContain(id(1))
  })

  test('gives nobody up while it sends first copies to all sites, nor does who leads nobody', () => {
    const seat = new Seat()
    seat.meets(10, false)
    seat.isOrigin = true
    expect(seat.looks()).toEqual([0, 0])
    seat.isOrigin = false
    seat.leadsItself = false
    expect(seat.looks()).toEqual([0, 0])
    seat.leadsItself = true
    expect(seat.looks()).toEqual([0, 1])
  })
})
