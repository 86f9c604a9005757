import { readFileSync } from 'node:fs'
import { decode, encode } from '@bt/bencode'
import { fromHex, toHex } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import {
  type ClassicMessage,
  decodeClassic,
  decodeLeaders,
  encodeClassic,
  encodeLeaders,
  type LeaderLists,
} from '../src/classic/index.ts'
import { FORWARDED_MAX } from '../src/classic/classic-messages.ts'
import { CLASSIC_LEADERS_MAX, RANGES_MAX } from '../src/classic/leaders-reply.ts'
import { CacheTorrentError } from '../src/index.ts'
import { PIECES } from './fuzz-targets.ts'

interface Vectors {
  readonly messages: readonly { readonly means: ClassicMessage; readonly bytes: string }[]
  readonly replies: readonly { readonly means: LeaderLists; readonly bytes: string }[]
}
const vectors = JSON.parse(
  readFileSync(new URL('vectors/classic.json', import.meta.url), 'utf8'),
) as Vectors

describe('messages of classic mode', () => {
  test.each(vectors.messages)('$means.kind is written and read as the vector says', (vector) => {
    expect(toHex(encodeClassic(vector.means))).toBe(vector.bytes)
    expect(decodeClassic(fromHex(vector.bytes) as Uint8Array, PIECES)).toEqual(vector.means)
  })

  test.each(vectors.replies)('leaders are written and read as the vector says', (vector) => {
    expect(toHex(encode(encodeLeaders(vector.means)))).toBe(vector.bytes)
    const bytes = fromHex(vector.bytes) as Uint8Array
    expect(decodeLeaders(decode(bytes))).toEqual(vector.means)
  })

  test('a kind that is not known is ignored', () => {
    expect(decodeClassic(encode({ k: 7, x: 1 }), PIECES)).toBeUndefined()
  })

  test.each([
    ['a list', []],
    ['a kind that is no number', { k: 'x' }],
    ['an address of 5 bytes', { k: 0, a: new Uint8Array(5), i: new Uint8Array(20) }],
    ['an id of 19 bytes', { k: 0, a: new Uint8Array(6), i: new Uint8Array(19) }],
    ['a negative range', { k: 0, a: new Uint8Array(6), i: new Uint8Array(20), r: -1 }],
    ['a piece that is not there', { k: 1, p: [PIECES] }],
    ['too many pieces', { k: 1, p: Array.from({ length: FORWARDED_MAX + 1 }, () => 0) }],
  ])('%s is refused', (_what, value) => {
    expect(() => decodeClassic(encode(value), PIECES)).toThrow(CacheTorrentError)
  })

  test.each([
    ['no list', new Map()],
    ['a leader without an address', [[new Map([['i', new Uint8Array(20)]])]]],
    ['a leader without an id', [[new Map([['a', new Uint8Array(6)]])]]],
    ['too many ranges', Array.from({ length: RANGES_MAX + 1 }, () => [])],
    ['too many leaders', [Array.from({ length: CLASSIC_LEADERS_MAX + 1 }, () => new Map())]],
  ])('a reply with %s is refused', (_what, value) => {
    expect(() => decodeLeaders(value)).toThrow(CacheTorrentError)
  })
})
