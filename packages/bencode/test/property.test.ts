// Decoding and encoding against a reference written from the text of BEP 3, on random values.
import * as fc from 'fast-check'
import { Prng } from '@bt/primitives'
import { expect, test } from 'vitest'
import { decode, decodePrefix } from '../src/decode.ts'
import { encode } from '../src/encode.ts'
import { openDocument } from '../src/lazy-value.ts'
import type { BencodeValue, Encodable } from '../src/value.ts'
import { latin1 } from './bytes.ts'

const SEED = Number(process.env['SEED'] ?? 1)

/** Latin-1 text of the canonical form, as simply as it can be said. */
function reference(value: BencodeValue): string {
  if (typeof value === 'number' || typeof value === 'bigint') return `i${value}e`
  if (value instanceof Uint8Array) return `${value.length}:${Buffer.from(value).toString('latin1')}`
  if (Array.isArray(value)) return `l${value.map(reference).join('')}e`
  const keys = [...(value as Map<string, BencodeValue>).keys()]
  keys.sort((one, other) => Buffer.compare(latin1(one), latin1(other)))
  const entries = keys.map((key) => {
    return `${key.length}:${key}${reference((value as Map<string, BencodeValue>).get(key) as BencodeValue)}`
  })
  return `d${entries.join('')}e`
}

function randomValue(random: Prng, depth: number): BencodeValue {
  const kind = random.below(depth === 0 ? 3 : 6)
  if (kind === 0) return random.below(2 ** 48) * (random.below(2) === 0 ? 1 : -1) || 0
  if (kind === 1) return (2n ** 53n + BigInt(random.uint32())) * (random.below(2) === 0 ? 1n : -1n)
  if (kind === 2) return randomBytes(random, 20)
  const count = random.below(4)
  if (kind < 5) return Array.from({ length: count }, () => randomValue(random, depth - 1))
  const dict = new Map<string, BencodeValue>()
  for (let at = 0; at < count; at++) {
    const key = String.fromCharCode(...randomBytes(random, 4))
    dict.set(key, randomValue(random, depth - 1))
  }
  return dict
}

function randomBytes(random: Prng, lengthMax: number): Uint8Array {
  return Uint8Array.from({ length: random.below(lengthMax + 1) }, () => random.below(256))
}

test('[A09] 100,000 random documents come back byte for byte, and are what the reference writes', () => {
  const random = new Prng(SEED)
  for (let turn = 0; turn < 100_000; turn++) {
    const value = randomValue(random, 3)
    const bytes = encode(value)
    const again = encode(decode(bytes))
    if (Buffer.compare(bytes, again) !== 0) {
      expect(again, `seed ${SEED}, document ${turn}`).toEqual(bytes)
    }
    if (turn % 20 === 0) expect(bytes, `seed ${SEED}`).toEqual(latin1(reference(value)))
  }
})

const value: fc.Arbitrary<BencodeValue> = fc.letrec<{ any: BencodeValue }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.maxSafeInteger().map((number) => number || 0),
    fc.bigInt().map((big) => (Number.isSafeInteger(Number(big)) ? Number(big) || 0 : big)),
    fc.uint8Array(),
    fc.array(tie('any')),
    fc
      .array(fc.tuple(fc.uint8Array({ maxLength: 6 }), tie('any')))
      .map((pairs) => new Map(pairs.map(([key, item]) => [String.fromCharCode(...key), item]))),
  ),
})).any

test('decoding answers what was encoded, as a whole, as a prefix and lazily', () => {
  fc.assert(
    fc.property(value, fc.uint8Array(), (whole, after) => {
      const limits = { digitsMax: 400 }
      const bytes = encode(whole)
      expect(decode(bytes, limits)).toEqual(whole)
      expect(openDocument(bytes, limits).value()).toEqual(whole)
      const longer = new Uint8Array([...bytes, ...after])
      expect(decodePrefix(longer, limits)).toEqual({ value: whole, length: bytes.length })
    }),
    { seed: SEED, numRuns: 500 },
  )
})

test('whatever JavaScript hands over is either canonical bencode or refused', () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withMap: true, withTypedArray: true }), (any) => {
      let bytes: Uint8Array
      try {
        bytes = encode(any as Encodable)
      } catch (error) {
        expect((error as Error).name).toBe('BencodeError')
        return
      }
      expect(encode(decode(bytes, { digitsMax: 400 }))).toEqual(bytes)
    }),
    { seed: SEED, numRuns: 2_000 },
  )
})
