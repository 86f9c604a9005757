import { Bitfield, Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { Availability, type Holding } from '../src/picking/availability.ts'

describe('availability', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('equals a full count after any history (seed %i)', (seed) => {
    const random = new Prng(seed)
    const pieceCount = 1 + random.below(70)
    const levels = new Map<number, number>()
    const availability = new Availability(pieceCount, (piece, level) => levels.set(piece, level))
    const peers: { holding: Holding; has: Set<number> }[] = []
    for (let step = 0; step < 3_000; step++) {
      const at = random.below(Math.max(1, peers.length))
      const peer = peers[at]
      const piece = random.below(pieceCount)
      const what = random.below(20)
      if (peer === undefined || what === 0)
        peers.push({ holding: availability.open(), has: new Set() })
      else if (what === 1) {
        availability.close(peer.holding)
        peers.splice(at, 1)
      } else if (what === 2) {
        const bits = new Bitfield(pieceCount)
        const all = random.below(3) === 0
        for (let bit = 0; bit < pieceCount; bit++) if (all || random.below(2) === 0) bits.set(bit)
        availability.replace(peer.holding, bits)
        peer.has = new Set([...Array(pieceCount).keys()].filter((bit) => bits.has(bit)))
      } else if (what < 16) {
        expect(availability.gained(peer.holding, piece)).toBe(!peer.has.has(piece))
        peer.has.add(piece)
      } else {
        expect(availability.lost(peer.holding, piece)).toBe(peer.has.delete(piece))
      }
      const count = peers.filter(({ has }) => has.has(piece)).length
      expect(availability.of(piece)).toBe(count)
      expect(availability.level(piece)).toBe(levels.get(piece) ?? 0)
      for (const { holding, has } of peers) {
        expect(holding.has(piece)).toBe(has.has(piece))
        expect(holding.count).toBe(has.size)
      }
    }
  })

  test('seeds touch no piece, whoever comes and goes', () => {
    let moved = 0
    const availability = new Availability(100_000, () => moved++)
    const holdings = Array.from({ length: 1_000 }, () => availability.open())
    for (const holding of holdings) availability.replace(holding, Bitfield.full(100_000))
    expect(availability.seeds).toBe(1_000)
    expect(availability.of(99_999)).toBe(1_000)
    for (const holding of holdings) availability.close(holding)
    expect([moved, availability.seeds, availability.of(0)]).toEqual([0, 0, 0])
  })

  test('a peer that takes back a piece and has it again, over and over, costs one step each time', () => {
    let moved = 0
    const availability = new Availability(10_000, () => moved++)
    const holding = availability.open()
    availability.replace(holding, Bitfield.full(10_000))
    availability.lost(holding, 5)
    expect(moved).toBe(10_001)
    moved = 0
    for (let turn = 0; turn < 1_000; turn++) {
      availability.gained(holding, 5)
      availability.lost(holding, 5)
    }
    expect(moved).toBe(2_000)
  })

  test('a peer that downloads its last piece becomes a seed', () => {
    const availability = new Availability(3)
    const holding = availability.open()
    for (const piece of [0, 1, 2]) availability.gained(holding, piece)
    expect([availability.seeds, availability.level(1), availability.of(1)]).toEqual([1, 0, 1])
  })
})
