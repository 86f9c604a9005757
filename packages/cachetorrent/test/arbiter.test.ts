import { readFileSync } from 'node:fs'
import type { InfoHash, PeerId } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import {
  arbiterOf,
  arbiterScore,
  arbiterSeed,
  arbitersOf,
  CacheTorrentError,
  mix,
  siteToken,
} from '../src/index.ts'

interface Vectors {
  readonly infoHash: InfoHash
  readonly leaders: readonly { peerId: PeerId; weight: number; seed: number }[]
  readonly cases: readonly { piece: number; order: PeerId[]; scores: number[] }[]
  readonly mix: readonly (readonly [number, number])[]
  readonly tokens: readonly { name: string; token: string }[]
}
const vectors = JSON.parse(
  readFileSync(new URL('vectors/arbiter.json', import.meta.url), 'utf8'),
) as Vectors

describe('arbiters', () => {
  test('seeds and mixes are those of an independent implementation', () => {
    for (const [x, y] of vectors.mix) expect(mix(x)).toBe(y)
    for (const { peerId, seed } of vectors.leaders) {
      expect(arbiterSeed(vectors.infoHash, peerId)).toBe(seed)
    }
  })

  test.each(vectors.cases)('piece $piece has the order of an independent implementation', (one) => {
    const order = arbitersOf(vectors.leaders, one.piece)
    expect(order.map(({ peerId }) => peerId)).toEqual(one.order)
    expect(order.map(({ seed, weight }) => arbiterScore(seed, weight, one.piece))).toEqual(
      one.scores,
    )
    expect(arbiterOf(vectors.leaders, one.piece)).toBe(order[0])
  })

  test('of two with the same score the smaller peer id comes first, whatever their order', () => {
    const twins = ['22', '11'].map((byte) => {
      return { peerId: byte.repeat(20) as PeerId, seed: 7, weight: 1 }
    })
    for (const pair of [twins, twins.toReversed()]) {
      expect(arbiterOf(pair, 3)).toBe(twins[1])
      expect(arbitersOf(pair, 3)).toEqual(twins.toReversed())
    }
  })

  test('a leader decides in proportion to its weight, and when it goes only its pieces move', () => {
    const counts = new Map<string, number>()
    const without = vectors.leaders.slice(1)
    for (let piece = 0; piece < 20_000; piece++) {
      const [first, second] = arbitersOf(vectors.leaders, piece)
      counts.set(first!.peerId, (counts.get(first!.peerId) ?? 0) + 1)
      const next = first === vectors.leaders[0] ? second : first
      expect(arbiterOf(without, piece)).toBe(next)
    }
    const total = vectors.leaders.reduce((sum, { weight }) => sum + weight, 0)
    for (const { peerId, weight } of vectors.leaders) {
      const share = counts.get(peerId)! / 20_000
      expect(share).toBeGreaterThan((0.9 * weight) / total)
      expect(share).toBeLessThan((1.1 * weight) / total)
    }
    expect(arbiterOf([], 1)).toBeUndefined()
  })
})

describe('site tokens', () => {
  test.each(vectors.tokens)('that of $name is the one of an independent implementation', (one) => {
    expect(siteToken(vectors.infoHash, one.name)).toBe(one.token)
  })

  test('are the same for either way of writing an umlaut, and names have 1 to 64 bytes', () => {
    expect(siteToken(vectors.infoHash, 'Zu\u0308rich')).toBe(siteToken(vectors.infoHash, 'Zürich'))
    expect(() => siteToken(vectors.infoHash, '')).toThrow(CacheTorrentError)
    expect(() => siteToken(vectors.infoHash, 'ü'.repeat(33))).toThrow('66')
    expect(siteToken(vectors.infoHash, 'ü'.repeat(32))).toHaveLength(16)
  })
})
