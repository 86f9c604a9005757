import { Prng } from '@bt/primitives'
import type { PeerHandle } from '@bt/swarm'
import { describe, expect, test } from 'vitest'
import {
  ORIGIN_PATIENCE_MS,
  PUSH_MS_MAX,
  PUSHES_MIN,
  PUSHES_PER_PEER_MIN,
  PUSHES_WAITING_MAX,
} from '../src/limits.ts'
import { Origin } from '../src/origin.ts'
import { plainPeer } from './peers.ts'

const PIECES = 30

function world(
  sites: number,
  perSite: number,
): { origin: Origin; siteOf: Map<PeerHandle, string> } {
  const random = new Prng(5)
  const origin = new Origin(PIECES, 1 << 18, (bound) => random.below(bound))
  const siteOf = new Map<PeerHandle, string>()
  for (let site = 0; site < sites; site++) {
    for (let at = 0; at < perSite; at++) {
      const peer = plainPeer(site * 10 + at + 1, PIECES)
      siteOf.set(peer, `site ${site}`)
      origin.met(peer, `site ${site}`)
    }
  }
  return { origin, siteOf }
}

describe('the seed that sends first copies', () => {
  test('shows every piece once, to each site in turn, and is over when all were seen', () => {
    const { origin, siteOf } = world(3, 2)
    const shown = new Map<number, number>()
    const perSite = new Map<string, number>()
    for (let now = 0; !origin.isOver; now += 1000) {
      for (const { piece, peer } of origin.next(now)) {
        expect(origin.isShown(piece, peer)).toBe(true)
        shown.set(piece, (shown.get(piece) ?? 0) + 1)
        const site = siteOf.get(peer) as string
        perSite.set(site, (perSite.get(site) ?? 0) + 1)
        origin.seen(peer, piece, now + 900)
      }
      expect(now).toBeLessThan(100_000)
    }
    expect([...shown.values()]).toEqual(Array.from({ length: PIECES }, () => 1))
    expect([...perSite.values()]).toEqual([PIECES / 3, PIECES / 3, PIECES / 3])
    expect(origin.isShown(0, plainPeer(99, PIECES))).toBe(true)
  })

  test('one more is on its way for each that came while nobody waits to be served, and fewer when many do', () => {
    const { origin } = world(8, 10)
    const first = [...origin.next(0)]
    expect(first).toHaveLength(PUSHES_MIN)
    const come = (count: number, now: number): void => {
      for (const { peer, piece } of first.splice(0, count)) {
        origin.seen(peer, piece, now)
        origin.adapt(0)
      }
    }
    // nothing came yet: a slow link shall not be crowded before it is known
    for (let look = 0; look < 50; look++) origin.adapt(0)
    expect(origin.next(1)).toHaveLength(0)
    come(2, 2)
    expect(origin.next(2)).toHaveLength(4)
    for (let look = 0; look < 50; look++) origin.adapt(PUSHES_WAITING_MAX + 1)
    expect(origin.next(3)).toHaveLength(0)
    come(2, 3)
    expect(origin.next(3)).toHaveLength(2)
  })

  test('the fewest are on their way where each takes long', () => {
    const { origin } = world(8, 10)
    const pushes = [...origin.next(0)]
    for (let now = 1; now <= 6; now++) {
      const [push] = pushes.splice(0, 1) as [(typeof pushes)[0]]
      origin.seen(push.peer, push.piece, now)
      origin.adapt(0)
      pushes.push(...origin.next(now))
    }
    expect(pushes.length).toBe(PUSHES_MIN + 6)
    const slow = PUSH_MS_MAX + 7
    for (let left = pushes.length; left > 0; left--) {
      const [push] = pushes.splice(0, 1) as [(typeof pushes)[0]]
      origin.seen(push.peer, push.piece, slow)
      origin.adapt(0)
      pushes.push(...origin.next(slow))
    }
    expect(pushes).toHaveLength(PUSHES_MIN)
  })

  test('a member has two pieces to fetch at most', () => {
    const { origin } = world(1, 1)
    expect(origin.next(0)).toHaveLength(PUSHES_PER_PEER_MIN)
    expect(origin.next(1000)).toHaveLength(0)
  })

  test('what a member does not fetch in time goes to another site', () => {
    const { origin } = world(2, 1)
    const [first] = origin.next(0)
    const again = origin.next(ORIGIN_PATIENCE_MS + 1)
    // nobody fetched anything, so both sites wait
    expect(again).toHaveLength(0)
    const later = plainPeer(77, PIECES)
    origin.met(later, 'site 9')
    const pieces = origin.next(ORIGIN_PATIENCE_MS + 2).map(({ piece }) => piece)
    expect(pieces.length).toBeGreaterThan(0)
    expect(first).toBeDefined()
  })

  test('a piece whose only holder left is to be sent again', () => {
    const { origin } = world(1, 1)
    const [push] = origin.next(0)
    const { piece, peer } = push as { piece: number; peer: PeerHandle }
    origin.seen(peer, piece, 500)
    origin.left(peer)
    const other = plainPeer(5, PIECES)
    origin.met(other, 'site 0')
    const shown = new Set<number>()
    for (let now = 1000; !origin.isOver && now < 100_000; now += 100) {
      for (const next of origin.next(now)) {
        shown.add(next.piece)
        origin.seen(other, next.piece, now)
      }
    }
    expect(shown.has(piece)).toBe(true)
  })

  test('what was shown to one that turns out not to import goes to others at once', () => {
    const { origin } = world(2, 1)
    const [push] = origin.next(0)
    const { piece, peer } = push as { piece: number; peer: PeerHandle }
    origin.met(peer, 'site 0', false)
    expect(origin.isShown(piece, peer)).toBe(false)
    const other = plainPeer(70, PIECES)
    origin.met(other, 'site 7')
    const shown = origin.next(1)
    expect(shown.map((one) => one.piece)).toContain(piece)
    for (const next of shown) expect(next.peer).not.toBe(peer)
  })

  test('pieces that others bring along are not sent', () => {
    const { origin } = world(1, 1)
    const all = Array.from({ length: PIECES }, (_, piece) => piece)
    origin.met(plainPeer(50, PIECES, all.slice(1)), 'site 1')
    const pushes = origin.next(0)
    expect(pushes.map(({ piece }) => piece)).toEqual([0])
  })
})
