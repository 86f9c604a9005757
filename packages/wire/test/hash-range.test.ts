import { expect, test } from 'vitest'
import { HASHES_MAX, type HashRange, hashCountOf, isHashRange } from '../src/index.ts'

function range(parts: Partial<HashRange>): HashRange {
  return {
    piecesRoot: new Uint8Array(32),
    baseLayer: 0,
    index: 0,
    length: 2,
    proofLayers: 0,
    ...parts,
  }
}

test('a span is a power of two, aligned to itself, from layers that can be', () => {
  expect(isHashRange(range({ length: 512, index: 1024 }))).toBe(true)
  expect(isHashRange(range({ length: HASHES_MAX }))).toBe(true)
  expect(isHashRange(range({ length: 2 * HASHES_MAX }))).toBe(false)
  expect(isHashRange(range({ length: 3, index: 3 }))).toBe(false)
  expect(isHashRange(range({ length: 4, index: 2 }))).toBe(false)
  expect(isHashRange(range({ baseLayer: 30, proofLayers: 10 }))).toBe(true)
  expect(isHashRange(range({ baseLayer: 30, proofLayers: 11 }))).toBe(false)
})

test('an answer leaves out the uncles that the span implies (BEP 52)', () => {
  // Of a span of 2 every proof layer is sent; of 512, the first eight are implied.
  expect(hashCountOf(range({ length: 2, proofLayers: 3 }))).toBe(5)
  expect(hashCountOf(range({ length: 512, proofLayers: 10 }))).toBe(514)
  expect(hashCountOf(range({ length: 512, proofLayers: 4 }))).toBe(512)
  expect(hashCountOf(range({ length: 1, proofLayers: 2 }))).toBe(3)
})
