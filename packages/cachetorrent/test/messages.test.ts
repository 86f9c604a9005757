import { encode } from '@bt/bencode'
import { describe, expect, test } from 'vitest'
import { fuzz } from '../../../tests/support/mutate.ts'
import {
  CacheTorrentError,
  decodeMessage,
  encodeIntroduction,
  encodeMessage,
  introductionIn,
  MESSAGE_PIECES_MAX,
  speaksCache,
} from '../src/index.ts'
import { MESSAGES, PIECES, SITE, targets } from './fuzz-targets.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

const lease = { kind: 'lease', term: 7, claims: [], haveCount: 2 }
const answer = { kind: 'claim-answer', granted: [4], taken: [], have: [], term: 7 }

describe('messages of bt_cache', () => {
  test('stand as §2.4 writes them', () => {
    expect(text(encodeMessage({ kind: 'claim', pieces: [1, 20], term: 3 }))).toBe(
      'd1:ki6e1:pli1ei20ee1:ti3ee',
    )
    expect(text(encodeMessage({ kind: 'role', role: 'leader', term: 7 }))).toBe(
      'd1:ki0e1:ri1e1:ti7ee',
    )
    expect(text(encodeMessage({ kind: 'busy', waitMs: 50 }))).toBe('d1:ki5e1:wi50ee')
    expect(text(encodeMessage({ kind: 'leave', term: 7, claims: [] }))).toBe('d1:fle1:ki10e1:ti7ee')
  })

  test.each(MESSAGES)('$kind is read as it was written', (message) => {
    expect(decodeMessage(encodeMessage(message), PIECES)).toEqual(message)
  })

  test.each(MESSAGES)('$kind cut anywhere is refused', (message) => {
    const bytes = encodeMessage(message)
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeMessage(bytes.subarray(0, length), PIECES)).toThrow(CacheTorrentError)
    }
  })

  test('unknown kinds and keys are ignored', () => {
    expect(decodeMessage(encode({ k: 99, x: 1 }), PIECES)).toBeUndefined()
    expect(decodeMessage(encode({ k: 5, w: 1, zz: [] }), PIECES)).toEqual({
      kind: 'busy',
      waitMs: 1,
    })
  })

  test.each([
    ['its site', { k: 0, r: 1, t: 7, s: 3 }, { kind: 'role', role: 'leader', term: 7 }],
    ['its steps', { k: 0, r: 1, t: 7, u: [] }, { kind: 'role', role: 'leader', term: 7 }],
    ['when it comes', { k: 1, p: [4], e: 'x' }, { kind: 'promise', pieces: [4] }],
    ['how many claims are open', { k: 3, n: 2, o: -1, t: 7 }, lease],
    ['when to yield', { k: 3, n: 2, t: 7, y: -1 }, lease],
    ['what was had', { k: 7, a: [PIECES], g: [4], t: 7 }, answer],
  ])(
    'a word that may be left out, %s, counts as left out when it is malformed',
    (_, value, read) => {
      expect(decodeMessage(encode(value as never), PIECES)).toEqual(read)
    },
  )

  test.each([
    ['a piece that is not there', { k: 6, p: [PIECES], t: 1 }],
    ['a negative piece', { k: 6, p: [-1], t: 1 }],
    ['a role that is not there', { k: 0, r: 3, t: 1 }],
    ['a holder of 19 bytes', { k: 3, f: [[1, new Uint8Array(19)]], n: 0, t: 1 }],
    [
      '65 claims',
      { k: 3, f: Array.from({ length: 65 }, () => [1, new Uint8Array(20)]), n: 0, t: 1 },
    ],
    ['an address of 5 bytes', { k: 4, a: new Uint8Array(5), p: [] }],
    ['a bitfield with spare bits', { k: 1, b: new Uint8Array(126) }],
    ['too many pieces', { k: 1, p: Array.from({ length: MESSAGE_PIECES_MAX + 1 }, () => 0) }],
    ['a leave without a term', { k: 10, f: [] }],
    [
      'a leave that names a piece that is not there',
      { k: 10, f: [[PIECES, new Uint8Array(20)]], t: 1 },
    ],
    ['a list', []],
  ])('%s refuses the message', (_, value) => {
    expect(() => decodeMessage(encode(value), PIECES)).toThrow(CacheTorrentError)
  })

  test('a bitfield names the same pieces as a list', () => {
    const bits = new Uint8Array(125)
    bits[0] = 0b0100_0001
    expect(decodeMessage(encode({ k: 1, b: bits }), PIECES)).toEqual({
      kind: 'promise',
      pieces: [1, 7],
    })
  })

  test.each(Object.keys(targets))('%s under mutation is read or refused', (name) => {
    fuzz(targets[name]!, { inputs: 2_500, seed: 7 })
  })
})

describe('the introduction', () => {
  test('is read as it was written, and what is malformed counts as not said', () => {
    const said = { role: 'leader', site: SITE, term: 4, upload: 5, download: 6 } as const
    const extensions = new Map([['ct', encodeIntroduction(said)]])
    expect(introductionIn(extensions)).toEqual(said)
    const more = { ...said, importsNothing: true, neverLeads: true } as const
    expect(introductionIn(new Map([['ct', encodeIntroduction(more)]]))).toEqual(more)
    expect(introductionIn(new Map([['ct', 1]]))).toBeUndefined()
    expect(introductionIn(new Map([['ct', new Map([['v', 2]])]]))).toBeUndefined()
    const odd = new Map<string, number | Uint8Array>([
      ['v', 1],
      ['s', new Uint8Array(7)],
      ['r', 9],
      ['u', -1],
    ])
    expect(introductionIn(new Map([['ct', odd]]))).toEqual({
      role: 'undecided',
      site: undefined,
      term: 0,
      upload: 0,
      download: 0,
    })
  })

  test('[M29] a peer without bt_cache in its handshake is a stock client', () => {
    expect(speaksCache(new Map())).toBe(false)
    expect(speaksCache(new Map([['m', new Map([['ut_pex', 1]])]]))).toBe(false)
    expect(speaksCache(new Map([['m', new Map([['bt_cache', 0]])]]))).toBe(false)
    expect(speaksCache(new Map([['m', new Map([['bt_cache', 16]])]]))).toBe(true)
  })
})
