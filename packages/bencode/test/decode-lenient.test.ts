import { describe, expect, test } from 'vitest'
import { decodeLenient } from '../src/decode.ts'
import { RELAXATIONS_MAX } from '../src/relaxation.ts'
import { latin1, refusal } from './bytes.ts'

const relaxed = (text: string) =>
  decodeLenient(latin1(text)).relaxed.map(({ code, offset }) => `${code}@${offset}`)

describe('what is let through is said', () => {
  test.each([
    ['i03e', ['INTEGER_FORM@0'], 3],
    ['i-0e', ['INTEGER_FORM@0'], 0],
    ['i-007e', ['INTEGER_FORM@0'], -7],
    ['i1e3e', ['TRAILING_BYTES@3'], 1],
    ['i1e', [], 1],
  ])('[A04] %s: %j, and the value is %d', (text, codes, value) => {
    expect(relaxed(text)).toEqual(codes)
    expect(Object.is(decodeLenient(latin1(text)).value, value)).toBe(true)
  })

  test('leading zeros of a length', () => {
    expect(relaxed('l03:abc1:de')).toEqual(['LENGTH_FORM@1'])
    expect(decodeLenient(latin1('03:abc')).value).toEqual(latin1('abc'))
  })

  test('[A05] of a repeated key the first counts, next to it or not', () => {
    const first = new Map([['a', 1]])
    expect(relaxed('d1:ai1e1:ai2ee')).toEqual(['DUPLICATE_KEY@7'])
    expect(decodeLenient(latin1('d1:ai1e1:ai2ee')).value).toEqual(first)
    const apart = 'd1:bi1e1:ai2e1:bi3ee'
    expect(relaxed(apart)).toEqual(['KEY_ORDER@7', 'DUPLICATE_KEY@13'])
    expect(decodeLenient(latin1(apart)).value).toEqual(
      new Map([
        ['b', 1],
        ['a', 2],
      ]),
    )
    expect(relaxed('d1:bi1e1:ai2e1:ai3e1:bi4ee')).toEqual([
      'KEY_ORDER@7',
      'DUPLICATE_KEY@13',
      'DUPLICATE_KEY@19',
    ])
  })

  test('[A05] keys in another dictionary are not repeated', () => {
    expect(relaxed('d1:bd1:ai1ee1:ad1:ai1ee1:ci1ee')).toEqual(['KEY_ORDER@12'])
  })

  test('everything at once, in the order of the bytes', () => {
    expect(relaxed('d1:bi01e1:a02:xx1:bleex')).toEqual([
      'INTEGER_FORM@4',
      'KEY_ORDER@8',
      'LENGTH_FORM@11',
      'DUPLICATE_KEY@16',
      'TRAILING_BYTES@22',
    ])
  })
})

test('the list is bounded, and names every kind that occurs', () => {
  const items = 'd1:bi1e1:ai1ee'.repeat(5_000)
  const { relaxed, value } = decodeLenient(latin1(`l${items}i00ee `))
  expect(value).toHaveLength(5_001)
  expect(relaxed).toHaveLength(RELAXATIONS_MAX + 2)
  expect([...new Set(relaxed.map(({ code }) => code))]).toEqual([
    'KEY_ORDER',
    'INTEGER_FORM',
    'TRAILING_BYTES',
  ])
})

test.each([
  ['i+5e', 'SYNTAX@1'],
  ['i1.5e', 'SYNTAX@2'],
  ['i-e', 'SYNTAX@2'],
  ['-1:a', 'SYNTAX@0'],
  ['d1:ae', 'SYNTAX@4'],
  ['3:ab', 'TRUNCATED@0'],
  ['li1e', 'TRUNCATED@4'],
  [`i${'0'.repeat(30)}e`, 'TOO_MANY_DIGITS@0'],
  ['l'.repeat(200), 'TOO_DEEP@100'],
])('[A04] leniency has an end: %s is refused with %s', (text, code) => {
  expect(refusal(() => decodeLenient(latin1(text)))).toBe(code)
})
