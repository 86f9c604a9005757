import type { InfoHash } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { describeVectors } from '../../../tests/support/vectors.ts'
import { ALLOWED_FAST_COUNT, allowedFastSet } from '../src/index.ts'
import { INFO_HASH } from './pair.ts'

// The example in the text of BEP 6.
const BEP_6 = [1059, 431, 808, 1217, 287, 376, 1188, 353, 508]

test('the example of BEP 6 comes out', () => {
  expect(allowedFastSet('80.4.4.200', INFO_HASH, 1313, 7)).toEqual(BEP_6.slice(0, 7))
  expect(allowedFastSet('80.4.4.200', INFO_HASH, 1313, 9)).toEqual(BEP_6)
})

test('hosts of one /24 get one set', () => {
  expect(allowedFastSet('80.4.4.1', INFO_HASH, 1313)).toEqual(
    allowedFastSet('80.4.4.254', INFO_HASH, 1313),
  )
})

test('there are ten, or all there are', () => {
  expect(allowedFastSet('80.4.4.200', INFO_HASH, 1313)).toHaveLength(ALLOWED_FAST_COUNT)
  expect(allowedFastSet('80.4.4.200', INFO_HASH, 3).toSorted((one, other) => one - other)).toEqual([
    0, 1, 2,
  ])
  expect(allowedFastSet('80.4.4.200', INFO_HASH, 0)).toEqual([])
})

test('IPv6 has no rule, so no set', () => {
  expect(allowedFastSet('2001:db8::1', INFO_HASH, 1313)).toEqual([])
  expect(allowedFastSet('peer.example', INFO_HASH, 1313)).toEqual([])
})

describeVectors('known answers of BEP 6', (vectors) => {
  describe.each(vectors.kat('bep06-allowed-fast'))('$id', (known) => {
    test('comes out', () => {
      const { ip, infohash, num_pieces, k, set } = known as unknown as {
        ip: string
        infohash: InfoHash
        num_pieces: number
        k: number
        set: readonly number[]
      }
      expect(allowedFastSet(ip, infohash, num_pieces, k)).toEqual(set)
    })
  })
})
