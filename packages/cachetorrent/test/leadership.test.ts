import type { InfoHash, PeerId, SiteId } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import type { CacheReply, ReplyLeader } from '../src/index.ts'
import { Leadership, type SeenMember, PASSED_OVER_MS } from '../src/leadership.ts'
import { LEADERS_FIRST_MS, LEASE_LOST_MS, LINK_TRY_MS, STEPS_MAX } from '../src/limits.ts'

const HASH = 'ab'.repeat(20) as InfoHash
const id = (letter: string): PeerId => letter.repeat(40) as PeerId
const [SELF, A, B, C, D] = [id('1'), id('a'), id('b'), id('c'), id('d')]
const PIECES = 64

function reply(
  term: number,
  leaders: readonly PeerId[],
  deputies: readonly PeerId[] = [],
): CacheReply {
  const named = (peerId: PeerId): ReplyLeader => ({
    endpoint: { host: `20.0.0.${peerId.charCodeAt(0)}`, port: 6881 },
    peerId,
    weight: 1,
  })
  return {
    leaders: leaders.map(named),
    deputies: deputies.map(named),
    isLeader: leaders.includes(SELF),
    site: '0123456789abcdef' as SiteId,
    term,
    ttlSeconds: 60,
  }
}

/** A member and what it sees: who showed life, and when. */
class Seat {
  readonly leadership: Leadership
  /** Of the neighbour that is nearest to a leader. */
  othersSteps: number | undefined
  readonly signs = new Map<PeerId, number>()

  constructor(peersMax = 80) {
    this.leadership = new Leadership(HASH, SELF, 20, () => peersMax)
  }

  look(now: number): void {
    const seen = (peerId: PeerId): SeenMember | undefined => {
      const signAt = this.signs.get(peerId)
      return signAt === undefined ? undefined : { peerId, upload: 0, signAt }
    }
    const all = [...this.signs.keys()].map((peerId) => seen(peerId) as SeenMember)
    const self = { peerId: SELF, upload: 0, signAt: now }
    this.leadership.look(
      seen,
      () => [self, ...all],
      now,
      () => this.othersSteps,
    )
  }

  /** These show life now. */
  sees(now: number, ...who: readonly PeerId[]): void {
    for (const one of who) this.signs.set(one, now)
    this.look(now)
  }

  /** Looks until the leaders in force are lost, while only these show life; when that is. */
  waits(from: number, ...who: readonly PeerId[]): number {
    const before = this.leadership.leaders
    for (let now = from; ; now += 500) {
      this.sees(now, ...who)
      if (this.leadership.leaders !== before) return now
    }
  }

  /** Who decides about the pieces, each once. */
  arbiters(now: number): ReadonlySet<PeerId | undefined> {
    const found = new Set<PeerId | undefined>()
    for (let piece = 0; piece < PIECES; piece++) {
      found.add(this.leadership.arbiterOf(piece, now)?.peerId)
    }
    return found
  }
}

describe('who leads, as a member sees it', () => {
  test('[M09] an empty list of leaders means plain BitTorrent, and nobody decides', () => {
    const seat = new Seat()
    expect(seat.leadership.heard(reply(3, []), 0)).toBe(true)
    expect(seat.leadership.isNamed).toBe(false)
    expect(seat.leadership.isOnly).toBe(false)
    expect(seat.arbiters(0)).toEqual(new Set([undefined]))
  })

  test('[M10] an older term is ignored', () => {
    const seat = new Seat()
    seat.leadership.heard(reply(5, [A]), 0)
    expect(seat.leadership.heard(reply(4, [B]), 1)).toBe(false)
    seat.signs.set(A, 1).set(B, 1)
    seat.look(1)
    expect(seat.leadership.term).toBe(5)
    expect(seat.arbiters(1)).toEqual(new Set([A]))
  })

  test('two leaders that live share the pieces', () => {
    const seat = new Seat()
    seat.leadership.heard(reply(1, [A, B]), 0)
    seat.signs.set(A, 0).set(B, 0)
    seat.look(0)
    expect(seat.arbiters(0)).toEqual(new Set([A, B]))
  })

  test('[M02] a leader that lives and answers nothing is passed over for half a minute', () => {
    const seat = new Seat()
    seat.leadership.heard(reply(1, [A, B]), 0)
    seat.signs.set(A, 100).set(B, 100)
    seat.look(100)
    seat.leadership.silent(A, 100)
    expect(seat.arbiters(101)).toEqual(new Set([B]))
    seat.signs.set(A, 100 + PASSED_OVER_MS).set(B, 100 + PASSED_OVER_MS)
    seat.look(100 + PASSED_OVER_MS)
    expect(seat.arbiters(100 + PASSED_OVER_MS)).toEqual(new Set([A, B]))
  })

  test('[M13] one that does so again and again is passed over twice as long each time, until it answers', () => {
    const seat = new Seat()
    seat.leadership.heard(reply(1, [A, B]), 0)
    const isAsked = (now: number): boolean => {
      seat.signs.set(A, now).set(B, now)
      seat.look(now)
      return seat.arbiters(now).has(A)
    }
    let now = 0
    for (const times of [1, 2, 4]) {
      expect(isAsked(now)).toBe(true)
      seat.leadership.silent(A, now)
      // further questions that it left open in the meantime count once
      seat.leadership.silent(A, now + 1)
      expect(isAsked(now + times * PASSED_OVER_MS - 1)).toBe(false)
      now += times * PASSED_OVER_MS
    }
    seat.leadership.answered(A)
    seat.leadership.silent(A, now)
    expect(isAsked(now + PASSED_OVER_MS)).toBe(true)
  })

  test('[M13] one that answers again is asked again at once', () => {
    const seat = new Seat()
    seat.leadership.heard(reply(1, [A, B]), 0)
    seat.signs.set(A, 0).set(B, 0)
    seat.look(0)
    seat.leadership.silent(A, 0)
    seat.leadership.answered(A)
    expect(seat.arbiters(1)).toEqual(new Set([A, B]))
  })

  test('[M28] a member that reaches none of its leaders waits for a lease, and then ranks those it sees', () => {
    const seat = new Seat()
    seat.leadership.heard(reply(1, [A, B]), 0)
    seat.look(0)
    expect(seat.arbiters(0)).toEqual(new Set([undefined]))
    const later = 2 * LEASE_LOST_MS
    seat.look(later)
    expect(seat.leadership.isLocal).toBe(true)
    expect(seat.arbiters(later)).toEqual(new Set([SELF]))
  })

  test('[M03] when all leaders are lost their deputies lead, whomever else one sees', () => {
    const seat = new Seat()
    seat.leadership.heard(reply(1, [A, B], [C, D]), 0)
    const stranger = id('e')
    const links = (): PeerId[] => seat.leadership.toLink.map(({ peerId }) => peerId)
    seat.sees(0, A, B)
    expect(links()).toEqual([A, B])
    const lost = seat.waits(0, stranger)
    // leaders that come back are linked to again
    expect(links()).toEqual([A, B, C, D])
    // there is time to link to them
    expect(seat.arbiters(lost)).toEqual(new Set([undefined]))
    seat.sees(lost + 1000, stranger, C, D)
    expect(seat.arbiters(lost + 1000)).toEqual(new Set([C, D]))
    // what they grant may have been granted by a leader that others see
    const isFirst = (peerId: PeerId): boolean => seat.leadership.isFirst(peerId, 0)
    expect([A, B, C, D].filter(isFirst)).toEqual([])
    expect(seat.leadership.isLocal).toBe(false)
    const alone = seat.waits(lost + 1000, stranger)
    expect(seat.leadership.isLocal).toBe(true)
    seat.sees(alone + 1000, stranger, B)
    expect(seat.arbiters(alone + 1000)).toEqual(new Set([B]))
  })

  test('deputies are waited for each time that all leaders are lost', () => {
    const seat = new Seat()
    seat.leadership.heard(reply(1, [A], [C]), 0)
    for (const start of [0, 100 * LEASE_LOST_MS]) {
      seat.sees(start, A)
      expect(seat.arbiters(start)).toEqual(new Set([A]))
      const lost = seat.waits(start)
      expect(seat.leadership.toLink.map(({ peerId }) => peerId)).toEqual([A, C])
      expect(seat.arbiters(lost)).toEqual(new Set([undefined]))
    }
  })

  test('who may have few links waits for no leader that it does not link to, and leaves them to one another first', () => {
    const seat = new Seat(10)
    seat.leadership.heard(reply(1, [A, B]), 0)
    const [link] = seat.leadership.toLink.map(({ peerId }) => peerId)
    expect(seat.leadership.toLink).toHaveLength(1)
    expect(seat.leadership.waitsToLink(LEADERS_FIRST_MS - 1)).toBe(true)
    expect(seat.leadership.waitsToLink(LEADERS_FIRST_MS)).toBe(false)
    seat.sees(0, link as PeerId)
    expect(seat.arbiters(0)).toEqual(new Set([link]))
  })

  test('a leader that does not let it in is one of several', () => {
    const seat = new Seat(10)
    const { leadership } = seat
    leadership.heard(reply(1, [A, B]), 0)
    const linked = (): PeerId | undefined => leadership.toLink[0]?.peerId
    const first = linked()
    expect(leadership.triesToLink(LEADERS_FIRST_MS - 1)).toBe(false)
    expect(leadership.triesToLink(LEADERS_FIRST_MS)).toBe(true)
    expect(linked()).toBe(first)
    const later = LEADERS_FIRST_MS + LINK_TRY_MS
    expect(leadership.triesToLink(later - 1)).toBe(false)
    expect(leadership.triesToLink(later)).toBe(true)
    expect(linked()).not.toBe(first)
    seat.sees(later, first as PeerId)
    expect(leadership.triesToLink(later + LINK_TRY_MS)).toBe(false)
  })

  test('while a neighbour sees leaders they live: nobody else leads, and it is asked', () => {
    const seat = new Seat()
    seat.leadership.heard(reply(1, [A], [C]), 0)
    seat.othersSteps = 0
    const later = 3 * LEASE_LOST_MS
    seat.look(later)
    expect([seat.leadership.isCutOff, seat.leadership.steps]).toEqual([true, 1])
    expect(seat.leadership.toLink.map(({ peerId }) => peerId)).toEqual([A])
    // nobody sees them any more: their deputies lead
    seat.othersSteps = undefined
    seat.look(later + 500)
    expect([seat.leadership.isCutOff, seat.leadership.steps]).toEqual([false, STEPS_MAX + 1])
    expect(seat.leadership.toLink.map(({ peerId }) => peerId)).toEqual([A, C])
    seat.sees(later + 1000, A)
    expect([seat.leadership.isCutOff, seat.leadership.steps]).toEqual([false, 0])
  })

  test('[M26] who is made a leader and unmade again knows both', () => {
    const seat = new Seat()
    seat.leadership.heard(reply(1, [A]), 0)
    seat.signs.set(A, 0)
    seat.look(0)
    expect(seat.leadership.leadsItself).toBe(false)
    seat.leadership.heard(reply(2, [A, SELF]), 1)
    seat.look(1)
    expect(seat.leadership.leadsItself).toBe(true)
    seat.leadership.heard(reply(3, [A]), 2)
    seat.look(2)
    expect(seat.leadership.leadsItself).toBe(false)
  })

  test('[M32] only durations count, whatever a clock says', () => {
    const lostAfter = (start: number): number => {
      const seat = new Seat()
      seat.leadership.heard(reply(1, [A]), start)
      seat.signs.set(A, start)
      for (let ms = 0; ; ms += 100) {
        seat.look(start + ms)
        if (seat.leadership.isLocal) return ms
      }
    }
    expect(lostAfter(10 * 60_000)).toBe(lostAfter(0))
    expect(lostAfter(0)).toBeGreaterThan(LEASE_LOST_MS / 2)
  })
})

describe('a leader that leaves in order', () => {
  test("[M25] is passed over at once, its standby decides, and the last one's deputy", () => {
    const seat = new Seat()
    const { leadership } = seat
    leadership.heard(reply(1, [A, B], [C]), 0)
    for (const peerId of [A, B, C]) seat.signs.set(peerId, 0)
    seat.look(0)
    leadership.left(A)
    for (let piece = 0; piece < PIECES; piece++) {
      expect(leadership.arbiterOf(piece, 0)?.peerId).toBe(B)
    }
    leadership.left(B)
    seat.look(0)
    expect(leadership.isLocal).toBe(false)
    expect(leadership.arbiterOf(0, 0)?.peerId).toBe(C)
  })

  test('does not lead again where a tracker that has not heard of it yet names it', () => {
    const seat = new Seat()
    const { leadership } = seat
    leadership.heard(reply(1, [A, B]), 0)
    for (const peerId of [A, B]) seat.signs.set(peerId, 0)
    seat.look(0)
    leadership.left(A)
    leadership.heard(reply(2, [A, B]), 100)
    seat.look(100)
    expect(leadership.standing(A, 100)).toBe('lost')
    // named no longer, it is forgotten
    leadership.heard(reply(3, [B]), 200)
    seat.look(200)
    leadership.heard(reply(4, [B]), 300)
    expect(leadership.hasLeft(A)).toBe(false)
  })

  test('whoever is no leader may say so, and nothing is kept of it', () => {
    const { leadership } = new Seat()
    leadership.heard(reply(1, [A]), 0)
    leadership.left(D)
    expect(leadership.hasLeft(D)).toBe(false)
  })
})
