import type { OpenRequest, PeerHandle } from '@bt/swarm'
import { describe, expect, test } from 'vitest'
import { LINE_MEASURE_MS, TURN_STUCK_MS, TURNS_MAX, TURNS_MIN } from '../src/limits.ts'
import { TurnLimit } from '../src/turn-limit.ts'
import { Turns } from '../src/turns.ts'
import { plainPeer } from './peers.ts'

const PIECE = 64_000
const BLOCK = 16_000
const ann = plainPeer(1, 8)
const bob = plainPeer(2, 8)
const cat = plainPeer(3, 8)

function ask(...peers: readonly PeerHandle[]): readonly OpenRequest[] {
  return peers.map((peer) => {
    return { peer, piece: 0, begin: 0, length: BLOCK, since: 0, held: false }
  })
}

function peersOf(open: readonly OpenRequest[]): readonly PeerHandle[] {
  return open.map(({ peer }) => peer)
}

describe('who is served now', () => {
  test('two at a time, a piece each; the third waits until one of them has its piece', () => {
    const turns = new Turns(PIECE)
    for (const peer of [ann, bob]) turns.handed(peer, BLOCK, 0)
    expect(peersOf(turns.admitted(ask(ann, bob, cat), 1))).toEqual([ann, bob])
    turns.handed(ann, PIECE - BLOCK, 1)
    expect(peersOf(turns.admitted(ask(ann, bob, cat), 2))).toEqual([bob])
    turns.sent(ann, PIECE / 2, 3)
    expect(peersOf(turns.admitted(ask(ann, bob, cat), 3))).toEqual([ann, bob, cat])
  })

  test('more than two while the uplink that was declared would stand idle', () => {
    const turns = new Turns(PIECE, 1000 * PIECE)
    for (const peer of [ann, bob]) turns.handed(peer, PIECE, 0)
    expect(turns.admitted(ask(cat), 0)).toEqual([])
    expect(turns.opensAt(0)).toBe(1.5)
    expect(peersOf(turns.admitted(ask(cat), 2))).toEqual([cat])
    const unknown = new Turns(PIECE)
    for (const peer of [ann, bob]) unknown.handed(peer, PIECE, 0)
    expect(unknown.admitted(ask(cat), 1000)).toEqual([])
    expect(unknown.opensAt(1000)).toBe(Number.POSITIVE_INFINITY)
  })

  test('a line that is held up further on is not taken for slower than declared, as slow receivers are', () => {
    const others = Array.from({ length: TURNS_MAX }, (_, at) => plainPeer(at + 1, 8))
    const last = plainPeer(TURNS_MAX + 1, 8)
    const waitAfter = (isHindered: boolean): number => {
      const turns = new Turns(PIECE, 1000 * PIECE)
      turns.isHindered = isHindered
      for (const peer of others) turns.handed(peer, PIECE, 0)
      for (let now = 0; now <= LINE_MEASURE_MS; now += 1_000) {
        for (const peer of others) turns.sent(peer, 1_000, now)
        expect(turns.admitted(ask(last), now)).toEqual([])
      }
      // all but two have their pieces, and those have much to come
      const now = LINE_MEASURE_MS + 1
      for (const peer of others.slice(2)) turns.sent(peer, PIECE, now)
      for (const peer of others.slice(0, 2)) turns.handed(peer, PIECE, now)
      turns.admitted(ask(last), now)
      return turns.opensAt(now) - now
    }
    expect(waitAfter(true)).toBeLessThan(5)
    expect(waitAfter(false)).toBeGreaterThan(1_000)
  })

  test('nobody waits for a turn that nobody else wants', () => {
    const turns = new Turns(PIECE)
    for (const peer of [ann, bob]) turns.handed(peer, PIECE, 0)
    expect(peersOf(turns.admitted(ask(ann), 1))).toEqual([ann])
    expect(turns.isWaiting).toBe(false)
    expect(turns.admitted(ask(cat), 1)).toEqual([])
    expect(turns.isWaiting).toBe(true)
  })

  test('who asks for nothing more, leaves, or takes nothing gives up its turn', () => {
    const turns = new Turns(PIECE)
    for (const peer of [ann, bob]) turns.handed(peer, BLOCK, 0)
    turns.sent(ann, BLOCK, 1)
    expect(peersOf(turns.admitted(ask(bob, cat), 2))).toEqual([bob, cat])
    turns.handed(ann, BLOCK, 2)
    turns.left(ann)
    expect(peersOf(turns.admitted(ask(bob, cat), 3))).toEqual([bob, cat])
    turns.handed(cat, BLOCK, 3)
    expect(turns.admitted(ask(ann), 4)).toEqual([])
    expect(peersOf(turns.admitted(ask(ann), 3 + TURN_STUCK_MS))).toEqual([ann])
  })
})

describe('how many at a time', () => {
  /** Minutes of serving receivers that take so much each, from an uplink of so much; bytes per millisecond. */
  function served(each: number, uplink: number, minutes: number): number {
    const limit = new TurnLimit()
    let now = 0
    let sum = 0
    let count = 0
    while (now < 60_000 * minutes) {
      const rate = Math.min(uplink, each * limit.value)
      now += BLOCK / rate
      limit.waited()
      limit.sent(BLOCK, now)
      sum += limit.value
      count++
    }
    return sum / count
  }

  test('two where two fill the uplink', () => {
    expect(served(1000, 1000, 5)).toBeCloseTo(TURNS_MIN, 0)
  })

  test('as many as it takes where receivers are slow, and within its bounds', () => {
    expect(served(100, 1000, 5)).toBeGreaterThan(9)
    expect(served(100, 1000, 5)).toBeLessThan(12)
    expect(served(10, 1000, 20)).toBeGreaterThan(TURNS_MAX - 1)
    expect(served(10, 1000, 20)).toBeLessThanOrEqual(TURNS_MAX)
  })

  test('fewer again when receivers are fast again', () => {
    const limit = new TurnLimit()
    let now = 0
    const pass = (each: number, looks: number): void => {
      for (let block = 0; block < 16 * looks; block++) {
        now += Math.max(1000 / 16, BLOCK / Math.min(1000, each * limit.value))
        limit.waited()
        limit.sent(BLOCK, now)
      }
    }
    pass(32, 200)
    expect(limit.value).toBeGreaterThan(6)
    pass(100_000, 400)
    expect(limit.value).toBeLessThanOrEqual(TURNS_MIN + 1)
  })

  test('nothing is learned while nobody waits', () => {
    const limit = new TurnLimit()
    for (let block = 0; block < 1000; block++) limit.sent(BLOCK, block * 100)
    expect(limit.value).toBe(TURNS_MIN)
  })
})
