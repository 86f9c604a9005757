import type { InfoHash, PeerId } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { importerCount, inOrder } from '../src/election.ts'
import { elect, leaderCount, rankLocally, stepOf } from '../src/index.ts'

const HASH = 'ab'.repeat(20) as InfoHash
const id = (number: number): PeerId => number.toString(16).padStart(40, '0') as PeerId
const ids = (list: readonly { peerId: PeerId }[]): PeerId[] => list.map(({ peerId }) => peerId)
const candidates = (...uploads: number[]) =>
  uploads.map((upload, at) => ({ peerId: id(at + 1), upload, download: 0 }))

describe('an election', () => {
  test('has 2 to 5 leaders a site, and as many as there are members below that', () => {
    expect([0, 1, 2, 8, 20, 30, 50, 80].map((members) => leaderCount(members))).toEqual([
      0, 1, 2, 2, 2, 3, 5, 5,
    ])
  })

  test('has more in a large site: each of them has links to a part of it', () => {
    expect([81, 200, 320, 700].map((members) => leaderCount(members))).toEqual([5, 10, 16, 16])
  })

  test('takes the strongest, sorted by id, with weights in proportion', () => {
    expect(elect(HASH, candidates(100, 50, 200, 10), 2)).toEqual([
      { peerId: id(1), weight: 8 },
      { peerId: id(3), weight: 16 },
    ])
  })

  test('without any capacity said draws by a hash, the same in any order of joining', () => {
    const all = candidates(0, 0, 0, 0, 0, 0)
    expect(elect(HASH, all, 2)).toEqual(elect(HASH, all.toReversed(), 2))
    expect(elect(HASH, all, 2).map(({ weight }) => weight)).toEqual([1, 1])
  })

  test('replaces a sitting leader only by one that is better by more than 20 %', () => {
    const sitting = [id(1), id(2)]
    expect(ids(elect(HASH, candidates(100, 100, 119), 2, sitting))).toEqual(sitting)
    expect(ids(elect(HASH, candidates(100, 100, 120), 2, sitting))).toEqual(sitting)
    expect(ids(elect(HASH, candidates(100, 90, 121), 2, sitting))).toEqual([id(1), id(3)])
    expect(ids(elect(HASH, candidates(0, 0, 0, 0), 2, sitting))).toEqual(sitting)
  })
})

describe('those who may import, where only a share of a site may', () => {
  test('are that share of it, two at least', () => {
    expect([1, 10, 50, 200].map((members) => importerCount(members, 10))).toEqual([2, 2, 5, 20])
    expect(importerCount(50, 100)).toBe(50)
  })

  test('are the first in the order in which leaders are elected', () => {
    const all = candidates(100, 50, 200, 10, 200, 0, 0)
    for (let count = 1; count <= all.length; count++) {
      const first = inOrder(HASH, all).slice(0, count)
      expect(ids(first).toSorted()).toEqual(ids(elect(HASH, all, count)))
    }
  })

  test('stay until somebody is better by more than 20 %, as leaders do', () => {
    const all = candidates(100, 119, 121)
    expect(ids(inOrder(HASH, all.slice(0, 2), [id(1)]))[0]).toBe(id(1))
    expect(ids(inOrder(HASH, all, [id(1)]))[0]).toBe(id(3))
  })
})

describe('the ranking without a tracker', () => {
  test('goes by powers of two, so that small differences change nothing', () => {
    expect([0, 1, 2, 3, 4, 1023, 1024].map(stepOf)).toEqual([0, 1, 2, 2, 3, 10, 11])
    const one = rankLocally(HASH, candidates(1000, 1010, 600), 2)
    const other = rankLocally(HASH, candidates(1020, 990, 520).toReversed(), 2)
    expect(ids(one)).toEqual(ids(other))
    expect(ids(rankLocally(HASH, candidates(1, 1, 1024), 1))).toEqual([id(3)])
  })
})
