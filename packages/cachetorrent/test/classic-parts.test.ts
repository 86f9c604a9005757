// The published components by themselves: choker, CachePicker and CacheUpload, CacheDownload, Forwarder.
import { Bitfield, type PeerId, Prng } from '@bt/primitives'
import type { PeerHandle } from '@bt/swarm'
import { describe, expect, test } from 'vitest'
import { CacheDownload } from '../src/classic/cache-download.ts'
import { CachePicker } from '../src/classic/cache-picker.ts'
import { CacheUpload, CLASSIC_HELD_MAX } from '../src/classic/cache-upload.ts'
import { CLASSIC_ROUND_MS, ClassicChoker } from '../src/classic/classic-choker.ts'
import { DESTINATIONS_MAX, Forwarder } from '../src/classic/forwarder.ts'
import { PieceRanges } from '../src/classic/piece-ranges.ts'

const PIECES = 100
const id = (number: number): PeerId => number.toString(16).padStart(40, '0') as PeerId

function peer(number: number): PeerHandle {
  return {
    endpoint: { host: `20.1.0.${number}`, port: 6881 },
    role: 'dialed',
    peerId: id(number),
    pieces: new Bitfield(PIECES),
    fast: true,
    extensions: new Map(),
    receivedBytes: 0,
    heardAt: 0,
    sentBytes: 0,
  }
}

describe('the choker of the tables', () => {
  const peers = Array.from({ length: 9 }, (_, at) => peer(at + 1))
  const round = (now: number, interested: readonly PeerHandle[] = peers) => ({
    interested,
    proposed: [],
    seeding: false,
    now,
  })

  test('unchokes the four best senders of the last 20 s and one by chance', () => {
    const choker = new ClassicChoker()
    const best = peers.slice(5)
    choker.round(round(0), new Prng(1))
    for (const [at, sender] of best.entries()) choker.received(sender, 100 + at)
    const drawn = new Set<PeerHandle>()
    for (let turn = 1; turn <= 60; turn++) {
      for (const sender of best) choker.received(sender, 100)
      const chosen = choker.round(round(turn * CLASSIC_ROUND_MS), new Prng(turn))
      expect(chosen).toHaveLength(5)
      for (const sender of best) expect(chosen).toContain(sender)
      drawn.add(chosen[4] as PeerHandle)
    }
    expect(drawn.size).toBe(5)
  })

  test('forgets what was sent more than 20 s ago', () => {
    const choker = new ClassicChoker()
    const early = peers[8] as PeerHandle
    const at = (turn: number) => choker.round(round(turn * CLASSIC_ROUND_MS), new Prng(turn))
    at(0)
    choker.received(early, 1000)
    expect(at(1)[0]).toBe(early)
    expect(at(2)[0]).toBe(early)
    expect(at(3)[0]).not.toBe(early)
  })

  test('between rounds fills a free slot and takes none away', () => {
    const choker = new ClassicChoker()
    const first = choker.round(round(0), new Prng(1))
    const gone = first[1] as PeerHandle
    const others = peers.filter((one) => one !== gone)
    const second = choker.round(round(500, others), new Prng(2))
    expect(second).toHaveLength(5)
    for (const kept of first) if (kept !== gone) expect(second).toContain(kept)
  })
})

describe('CacheUpload and CachePicker', () => {
  test('a request for what is not here waits, and its piece comes first until it is here', () => {
    const picker = new CachePicker()
    const upload = new CacheUpload(picker)
    expect(picker.wasAsked).toBe(false)
    expect(upload.hold(7, 0)).toBe(Number.POSITIVE_INFINITY)
    expect([picker.rank(7), picker.rank(8)]).toEqual([0, 1])
    picker.came(7)
    expect(picker.rank(7)).toBe(1)
    expect(picker.wasAsked).toBe(true)
  })

  test('too many waiting requests of one follower are rejected', () => {
    expect(new CacheUpload(new CachePicker()).hold(7, CLASSIC_HELD_MAX)).toBe(0)
  })
})

describe('CacheDownload', () => {
  test('keeps what each leader promised and does not have', () => {
    const download = new CacheDownload(PIECES)
    const leader = peer(1)
    ;(leader.pieces as Bitfield).set(3)
    expect(download.promisedBy(leader)).toBeUndefined()
    expect(download.forwarded(leader, [3])).toBe(false)
    expect(download.forwarded(leader, [3, 4])).toBe(true)
    expect(download.forwarded(leader, [4])).toBe(false)
    const promised = download.promisedBy(leader)
    expect([promised?.has(3), promised?.has(4)]).toEqual([false, true])
    download.left(leader)
    expect(download.promisedBy(leader)).toBeUndefined()
  })
})

describe('Forwarder', () => {
  const nothing = (): boolean => false

  test('repeats to a follower what its destination has from then on, once, and not what is here', () => {
    const forwarder = new Forwarder(PIECES)
    const follower = peer(1)
    forwarder.has(id(9), 1)
    expect(forwarder.register(follower, id(9))).toBe(true)
    forwarder.register(follower, id(8))
    for (const piece of [2, 3, 4]) forwarder.has(id(9), piece)
    forwarder.has(id(8), 3)
    forwarder.has(id(7), 5)
    ;(follower.pieces as Bitfield).set(6)
    forwarder.has(id(9), 6)
    expect([...forwarder.take((piece) => piece === 4)]).toEqual([[follower, [2, 3]]])
    expect(forwarder.isWaiting).toBe(false)
    forwarder.has(id(8), 2)
    expect([...forwarder.take(nothing)]).toEqual([])
  })

  test('[M21] a follower that left is told nothing more', () => {
    const forwarder = new Forwarder(PIECES)
    const follower = peer(1)
    forwarder.register(follower, id(9))
    forwarder.has(id(9), 1)
    forwarder.left(follower)
    forwarder.has(id(9), 2)
    expect([...forwarder.take(nothing)]).toEqual([])
  })

  test('[M20] [M21] registers so many destinations for one follower', () => {
    const forwarder = new Forwarder(PIECES)
    const follower = peer(1)
    for (let at = 0; at < DESTINATIONS_MAX; at++) {
      expect(forwarder.register(follower, id(at))).toBe(true)
    }
    expect(forwarder.register(follower, id(DESTINATIONS_MAX))).toBe(false)
    expect(forwarder.register(follower, id(0))).toBe(true)
  })
})

describe('ranges of MultiTorrent', () => {
  test('are contiguous, cover every piece and differ by one in size at most', () => {
    const ranges = new PieceRanges(3, PIECES)
    const all = Array.from({ length: PIECES }, (_, piece) => ranges.of(piece))
    expect(all).toEqual(all.toSorted((one, other) => one - other))
    const sizes = [0, 1, 2].map((range) => all.filter((one) => one === range).length)
    expect(sizes.toSorted((one, other) => one - other)).toEqual([33, 33, 34])
    expect(ranges.pieces(new Set([0, 2])).count).toBe(PIECES - (sizes[1] as number))
  })
})
