import { describe, expect, test } from 'vitest'
import { Bitfield } from '../src/bitfield.ts'
import { InvariantError } from '../src/invariant.ts'
import { Prng } from '../src/prng.ts'

const LENGTHS = [0, 1, 7, 8, 9, 15, 16, 17, 1000]

test('the first piece is the high bit of the first byte (BEP 3)', () => {
  const bits = new Bitfield(10)
  bits.set(0)
  bits.set(9)
  expect(bits.toBytes()).toEqual(Uint8Array.of(0b1000_0000, 0b0100_0000))
  expect(new Bitfield(10, Uint8Array.of(0b1000_0000, 0b0100_0000)).has(9)).toBe(true)
})

describe.each(LENGTHS)('of %d bits', (length) => {
  test('empty and full', () => {
    const empty = new Bitfield(length)
    const full = Bitfield.full(length)
    expect([empty.count, full.count]).toEqual([0, length])
    expect([empty.length, full.length]).toEqual([length, length])
    for (let at = 0; at < length; at++) expect([empty.has(at), full.has(at)]).toEqual([false, true])
    expect(Bitfield.fits(length, full.toBytes())).toBe(true)
    expect(new Bitfield(length, full.toBytes()).count).toBe(length)
  })

  test('bytes fit when there are just enough and the spare bits are zero', () => {
    const bytes = Math.ceil(length / 8)
    expect(Bitfield.fits(length, new Uint8Array(bytes))).toBe(true)
    expect(Bitfield.fits(length, new Uint8Array(bytes + 1))).toBe(false)
    if (bytes > 0) expect(Bitfield.fits(length, new Uint8Array(bytes - 1))).toBe(false)
    for (let spare = length; spare < bytes * 8; spare++) {
      const set = new Uint8Array(bytes)
      set[spare >> 3] = 128 >> (spare & 7)
      expect(Bitfield.fits(length, set), `spare bit ${spare}`).toBe(false)
      expect(() => new Bitfield(length, set)).toThrow(InvariantError)
    }
  })

  test('nothing lies outside', () => {
    const full = Bitfield.full(length)
    for (const index of [-1, length, length + 7, 2 ** 32, Number.NaN]) {
      expect(full.has(index), String(index)).toBe(false)
      expect(full.clear(index)).toBe(false)
      expect(() => full.set(index)).toThrow(InvariantError)
    }
    expect(full.count).toBe(length)
  })
})

test('set and clear say whether something changed, and the count follows', () => {
  const seed = Number(process.env['SEED'] ?? 1)
  const random = new Prng(seed)
  const bits = new Bitfield(77)
  const oracle = new Set<number>()
  for (let turn = 0; turn < 2_000; turn++) {
    const index = random.below(77)
    if (random.below(2) === 0) {
      expect(bits.set(index), `seed ${seed}`).toBe(!oracle.has(index))
      oracle.add(index)
    } else expect(bits.clear(index), `seed ${seed}`).toBe(oracle.delete(index))
    expect(bits.count, `seed ${seed}`).toBe(oracle.size)
  }
  for (let index = 0; index < 77; index++) expect(bits.has(index)).toBe(oracle.has(index))
})

test('bytes are copied in and out', () => {
  const bytes = Uint8Array.of(0xff)
  const bits = new Bitfield(8, bytes)
  bytes[0] = 0
  expect(bits.count).toBe(8)
  bits.toBytes().fill(0)
  expect(bits.has(3)).toBe(true)
  const copy = Bitfield.copyOf(bits)
  copy.clear(3)
  expect([bits.has(3), copy.has(3)]).toEqual([true, false])
})

test.each([-1, 1.5, Number.NaN])('a length of %d is refused', (length) => {
  expect(() => new Bitfield(length)).toThrow(InvariantError)
})
