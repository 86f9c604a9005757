import type { PeerId, SiteId } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { Crowd } from '../src/crowd.ts'
import { GoBetween } from '../src/go-between.ts'
import { GO_BETWEEN_MEMBERS, LEADERS_MAX, PASSED_ON_MEMBERS, STEPS_MAX } from '../src/limits.ts'
import { type Neighbour, Neighbours } from '../src/neighbours.ts'
import { plainPeer } from './peers.ts'

const SITE = '0123456789abcdef' as SiteId
const TERM = 7

class Seat {
  isQuiet = false
  readonly passedOver = new Set<PeerId>()
  readonly neighbours = new Neighbours({
    ourSite: () => SITE,
    siteName: undefined,
    siteOf: undefined,
  })
  readonly goBetween = new GoBetween({
    neighbours: this.neighbours,
    leadership: {
      arbiterOf: () => undefined,
      isCutOff: true,
      isPassedOver: (peerId) => this.passedOver.has(peerId),
      leads: () => false,
      term: TERM,
    },
    isQuiet: () => this.isQuiet,
  })

  meets(number: number, steps: number, term = TERM): Neighbour {
    const neighbour = this.neighbours.opened(plainPeer(number, 8), 0)
    Object.assign(neighbour, { site: SITE, speaks: true, role: 'follower', term, steps })
    this.neighbours.look(neighbour, 0)
    return neighbour
  }

  get asked(): PeerId | undefined {
    return this.goBetween.whomToAsk(1, 0)
  }
}

describe('who is linked to no leader', () => {
  test('asks a neighbour that sees one, or the nearest', () => {
    const seat = new Seat()
    expect(seat.asked).toBeUndefined()
    const far = seat.meets(1, 1)
    expect(seat.asked).toBe(far.peer.peerId)
    const near = seat.meets(2, 0)
    expect(seat.asked).toBe(near.peer.peerId)
    // and stays with it
    seat.meets(3, 0)
    expect(seat.asked).toBe(near.peer.peerId)
    seat.neighbours.closed(near.peer)
    expect(seat.asked).not.toBe(near.peer.peerId)
  })

  test.each([
    ['knows nobody to ask', (seat: Seat) => seat.meets(1, STEPS_MAX)],
    ['is of another term', (seat: Seat) => seat.meets(1, 0, TERM - 1)],
    ['is silent', (seat: Seat) => Object.assign(seat.meets(1, 0), { isSilent: true })],
    ['did not answer', (seat: Seat) => seat.passedOver.add(seat.meets(1, 0).peer.peerId)],
  ])('does not ask one that %s', (_, meets) => {
    const seat = new Seat()
    meets(seat)
    expect(seat.asked).toBeUndefined()
  })

  test('believes nobody when no byte comes any more', () => {
    const seat = new Seat()
    seat.meets(1, 0)
    seat.isQuiet = true
    expect(seat.asked).toBeUndefined()
  })
})

test('a leader holds claims of leaders for members of theirs, and of others only when it is full', () => {
  const leader = 'a'.repeat(40) as PeerId
  const member = 'b'.repeat(40) as PeerId
  const links = { size: 78 }
  const leadership = { leads: (peerId: PeerId) => peerId === leader, named: [leader] }
  const crowd = new Crowd({ neighbours: links, leadership, host: { peersMax: 80 } }, 4)
  expect(crowd.claimsMaxOf(leader)).toBe(4 * PASSED_ON_MEMBERS)
  expect(crowd.claimsMaxOf(member)).toBe(4)
  expect(crowd.seesAll()).toBe(true)
  links.size = 79
  expect(crowd.claimsMaxOf(member)).toBe(4 * GO_BETWEEN_MEMBERS)
  expect(crowd.seesAll()).toBe(false)
  const many = { ...leadership, named: Array.from({ length: LEADERS_MAX + 1 }, () => leader) }
  const large = new Crowd({ neighbours: { size: 1 }, leadership: many, host: { peersMax: 80 } }, 4)
  expect(large.seesAll()).toBe(false)
})
