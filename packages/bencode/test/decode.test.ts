import { describe, expect, test } from 'vitest'
import { decode, decodePrefix } from '../src/decode.ts'
import { BencodeError } from '../src/errors.ts'
import type { BencodeValue } from '../src/value.ts'
import { latin1, refusal, textOf } from './bytes.ts'

const refused = (text: string, limits?: Parameters<typeof decode>[1]) =>
  refusal(() => decode(latin1(text), limits))

describe('the examples of BEP 3', () => {
  test('strings', () => {
    expect(decode(latin1('4:spam'))).toEqual(latin1('spam'))
    expect(decode(latin1('0:'))).toEqual(new Uint8Array(0))
  })
  test('integers', () => {
    expect(decode(latin1('i3e'))).toBe(3)
    expect(decode(latin1('i-3e'))).toBe(-3)
    expect(Object.is(decode(latin1('i0e')), 0)).toBe(true)
  })
  test('lists', () => {
    expect(decode(latin1('l4:spam4:eggse'))).toEqual([latin1('spam'), latin1('eggs')])
    expect(decode(latin1('le'))).toEqual([])
  })
  test('dictionaries', () => {
    const cow = new Map([
      ['cow', latin1('moo')],
      ['spam', latin1('eggs')],
    ])
    expect(decode(latin1('d3:cow3:moo4:spam4:eggse'))).toEqual(cow)
    const spam = new Map([['spam', [latin1('a'), latin1('b')]]])
    expect(decode(latin1('d4:spaml1:a1:bee'))).toEqual(spam)
  })
})

describe('integers', () => {
  test('numbers up to 2^53 − 1, exact bigints beyond', () => {
    expect(decode(latin1('i9007199254740991e'))).toBe(Number.MAX_SAFE_INTEGER)
    expect(decode(latin1('i-9007199254740991e'))).toBe(Number.MIN_SAFE_INTEGER)
    expect(decode(latin1('i9007199254740992e'))).toBe(9007199254740992n)
    expect(decode(latin1('i-9007199254740993e'))).toBe(-9007199254740993n)
    expect(decode(latin1('i9223372036854775807e'))).toBe(9223372036854775807n)
    for (const digits of ['999999999999999', '1000000000000000', '9999999999999999'])
      expect(BigInt(decode(latin1(`i${digits}e`)) as number)).toBe(BigInt(digits))
  })

  test.each([
    ['i03e', 'INTEGER_FORM@0'],
    ['i00e', 'INTEGER_FORM@0'],
    ['i-0e', 'INTEGER_FORM@0'],
    ['i-03e', 'INTEGER_FORM@0'],
    ['ie', 'SYNTAX@1'],
    ['i-e', 'SYNTAX@2'],
    ['i--1e', 'SYNTAX@2'],
    ['i+5e', 'SYNTAX@1'],
    ['i 1e', 'SYNTAX@1'],
    ['i1 e', 'SYNTAX@2'],
    ['i1.5e', 'SYNTAX@2'],
    ['i0x1e', 'SYNTAX@2'],
    ['i1e3e', 'TRAILING_BYTES@3'],
    ['li1ei01ee', 'INTEGER_FORM@4'],
  ])('[A04] %s is refused with %s', (text, code) => {
    expect(refused(text)).toBe(code)
  })

  test('[A03] too many digits are refused where they begin, whatever follows', () => {
    expect(refused(`i${'9'.repeat(20)}e`)).toBe('TOO_MANY_DIGITS@0')
    expect(refused(`li-${'9'.repeat(1_000_000)}`)).toBe('TOO_MANY_DIGITS@1')
    expect(decode(latin1('i18446744073709551615e'), { digitsMax: 20 })).toBe(18446744073709551615n)
    expect(decode(latin1('i-10e'), { digitsMax: 2 })).toBe(-10)
    expect(refused('i-100e', { digitsMax: 2 })).toBe('TOO_MANY_DIGITS@0')
  })
})

describe('strings', () => {
  test.each([
    ['03:abc', 'LENGTH_FORM@0'],
    ['00:', 'LENGTH_FORM@0'],
    ['-1:a', 'SYNTAX@0'],
    ['+1:a', 'SYNTAX@0'],
    ['4 :spam', 'SYNTAX@1'],
    ['1', 'TRUNCATED@1'],
    ['3:ab', 'TRUNCATED@0'],
    ['l1:a9:be', 'TRUNCATED@4'],
    ['1:ab', 'TRAILING_BYTES@3'],
  ])('[A04] %s is refused with %s', (text, code) => {
    expect(refused(text)).toBe(code)
  })

  test.each([2 ** 31, 2 ** 32, 2 ** 47, 999_999_999_999_999])(
    '[A02] a length of %d is refused before anything is allocated',
    (length) => {
      expect(refused(`${length}:x`)).toBe('TRUNCATED@0')
    },
  )

  test('[A02] a length of more than 15 digits is refused without reading on', () => {
    expect(refused(`${2 ** 53}:x`)).toBe('TOO_MANY_DIGITS@0')
    expect(refused('9'.repeat(1_000_000))).toBe('TOO_MANY_DIGITS@0')
  })

  test('they are views of the input, of plain class even when it is a Buffer', () => {
    const input = Buffer.from('xxd1:k5:valuee').subarray(2)
    const value = (decode(input) as ReadonlyMap<string, Uint8Array>).get('k') as Uint8Array
    expect(value.constructor).toBe(Uint8Array)
    expect(value.buffer).toBe(input.buffer)
    expect(value.byteOffset).toBe(input.byteOffset + 6)
    expect(textOf(value)).toBe('value')
  })

  test('equal short ones in a long document are equal in value, whether or not they are one view', () => {
    const parts = Array.from({ length: 3000 }, (_, at) => `dir ${at % 7}`)
    const document = `l${parts.map((part) => `${part.length}:${part}`).join('')}e`
    expect((decode(latin1(document)) as readonly Uint8Array[]).map(textOf)).toEqual(parts)
  })
})

describe('lists and dictionaries', () => {
  test.each([
    ['', 'TRUNCATED@0'],
    ['l', 'TRUNCATED@1'],
    ['lle', 'TRUNCATED@3'],
    ['d', 'TRUNCATED@1'],
    ['d1:a', 'TRUNCATED@4'],
    ['e', 'SYNTAX@0'],
    ['x', 'SYNTAX@0'],
    ['\0', 'SYNTAX@0'],
    ['d1:ae', 'SYNTAX@4'],
    ['di1ei2ee', 'SYNTAX@1'],
    ['dlei1ee', 'SYNTAX@1'],
    ['lee', 'TRAILING_BYTES@2'],
    ['de\n', 'TRAILING_BYTES@2'],
  ])('%j is refused with %s', (text, code) => {
    expect(refused(text)).toBe(code)
  })

  test('[A05] duplicate keys are refused', () => {
    expect(refused('d1:ai1e1:ai2ee')).toBe('DUPLICATE_KEY@7')
    expect(refused('d0:i1e0:i2ee')).toBe('DUPLICATE_KEY@6')
    expect(refused('d1:ad1:xi1e1:xi2eee')).toBe('DUPLICATE_KEY@11')
  })

  test('[A05] unsorted keys are refused, and the order is that of bytes', () => {
    expect(refused('d1:bi1e1:ai2ee')).toBe('KEY_ORDER@7')
    expect(refused('d2:aai1e1:ai2ee')).toBe('KEY_ORDER@8')
    expect(refused('d1:\xffi1e1:\x7fi2ee')).toBe('KEY_ORDER@7')
    expect(refused('d1:\x7fi1e1:\xffi2ee')).toBe('none')
    expect(refused('d1:ai1e2:aai2e1:bi3ee')).toBe('none')
    expect(refused('d1:cde1:bdee')).toBe('KEY_ORDER@6')
  })

  test('[A06] every key is kept as its bytes, and prototypes are untouched', () => {
    const keys = ['', '\0', '10', '9', '__proto__', 'a\0b', 'constructor', '\x80', '\xff\xfe']
    keys.sort((one, other) => (one < other ? -1 : 1))
    const text = keys.map((key, at) => `${key.length}:${key}i${at}e`).join('')
    const dict = decode(latin1(`d${text}e`)) as ReadonlyMap<string, number>
    expect([...dict]).toEqual(keys.map((key, at) => [key, at]))
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    expect(Object.prototype).not.toHaveProperty('10')
  })

  test('[A06] all 256 bytes come back from a key, long or short', () => {
    for (const length of [1, 2, 12, 13, 24, 25, 256, 5000]) {
      const key = textOf(Uint8Array.from({ length }, (_, at) => (255 - at) & 255))
      const dict = decode(latin1(`d${length}:${key}i1ee`)) as ReadonlyMap<string, number>
      expect([...dict.keys()]).toEqual([key])
    }
  })
})

describe('limits', () => {
  test('[A01] nesting is refused at the level above the limit, closed or not', () => {
    expect(refused(`${'l'.repeat(100)}${'e'.repeat(100)}`)).toBe('none')
    expect(refused(`${'l'.repeat(101)}${'e'.repeat(101)}`)).toBe('TOO_DEEP@100')
    for (const depth of [1_000, 10_000, 1_000_000]) {
      expect(refused('l'.repeat(depth))).toBe('TOO_DEEP@100')
      expect(refused('d1:a'.repeat(depth))).toBe('TOO_DEEP@400')
    }
    expect(refused('lli1eee', { depthMax: 1 })).toBe('TOO_DEEP@1')
    expect(refused('i1e', { depthMax: 0 })).toBe('none')
  })

  test('[A01] nothing recurses: a caller who allows 200,000 levels gets them', () => {
    const depth = 200_000
    let value = decode(latin1('l'.repeat(depth) + 'e'.repeat(depth)), { depthMax: depth })
    let levels = 0
    for (; Array.isArray(value); value = value[0]) levels++
    expect(levels).toBe(depth)
  })

  test('[A08] values are counted, keys are not', () => {
    expect(refused('l0:0:e', { valuesMax: 3 })).toBe('none')
    expect(refused('l0:0:e', { valuesMax: 2 })).toBe('TOO_MANY_VALUES@3')
    expect(refused('d1:a0:1:b0:e', { valuesMax: 3 })).toBe('none')
    expect(refused('llee', { valuesMax: 1 })).toBe('TOO_MANY_VALUES@1')
    expect(refused(`l${'le'.repeat(1_000)}e`, { valuesMax: 1_000 })).toBe('TOO_MANY_VALUES@1999')
  })

  test('[A08] a million empty items are refused with the limits of messages', () => {
    expect(refused(`l${'0:'.repeat(1_000_000)}e`, { valuesMax: 500 })).toBe('TOO_MANY_VALUES@999')
  })

  test.each(['0:', 'le', 'de'])('[A08] a million of %s fit in 64 MiB', (item) => {
    const document = latin1(`l${item.repeat(1_000_000)}e`)
    const before = process.memoryUsage()
    const value = decode(document) as readonly BencodeValue[]
    const after = process.memoryUsage()
    expect(value).toHaveLength(1_000_000)
    const grown = after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers
    expect(grown).toBeLessThan(64 * 1024 * 1024)
  })

  test('what is empty is shared, and so is read-only', () => {
    const [string, list, dict] = decode(latin1('l0:ledee')) as readonly BencodeValue[]
    expect([string, list, dict]).toEqual([new Uint8Array(0), [], new Map()])
    expect(() => (list as BencodeValue[]).push(1)).toThrow(TypeError)
    expect(() => (dict as Map<string, BencodeValue>).set('a', 1)).toThrow('read-only')
    expect(decode(latin1('de'))).toEqual(new Map())
  })

  test('the whole length', () => {
    expect(refused('4:spam', { lengthMax: 6 })).toBe('none')
    expect(refused('4:spam', { lengthMax: 5 })).toBe('TOO_LONG@0')
  })
})

test('[A07] a document cut at any byte is refused as truncated, at or before the cut', () => {
  const whole = latin1('d1:ai-12e2:bbl4:spamli0eed1:x12:twelve bytesee1:z0:e')
  expect(refusal(() => decode(whole))).toBe('none')
  for (let cut = 0; cut < whole.length; cut++) {
    const [code, offset] = refusal(() => decode(whole.subarray(0, cut))).split('@')
    expect(code, `cut at ${cut}`).toBe('TRUNCATED')
    expect(Number(offset)).toBeLessThanOrEqual(cut)
  }
})

test('[A07] a prefix is followed by whatever it likes, and says where that begins', () => {
  const message = latin1('d8:msg_typei1e5:piecei0ee\0\xffde')
  const { value, length } = decodePrefix(message)
  expect(value).toEqual(
    new Map([
      ['msg_type', 1],
      ['piece', 0],
    ]),
  )
  expect(message.subarray(length)).toEqual(latin1('\0\xffde'))
  expect(refusal(() => decodePrefix(latin1('d1:ai1e')))).toBe('TRUNCATED@7')
})

test('errors say what, where and in numbers', () => {
  const say = (text: string): string => {
    try {
      decode(latin1(text))
    } catch (error) {
      expect(error).toBeInstanceOf(BencodeError)
      expect((error as BencodeError).name).toBe('BencodeError')
      return (error as BencodeError).message
    }
    return ''
  }
  expect(say('l9:abce')).toBe('a string of 9 bytes, but 4 are left (at byte 1)')
  expect(say('i1eX')).toBe('1 bytes after the value (at byte 3)')
  expect(say('l'.repeat(101))).toBe(
    'more than 100 lists and dictionaries inside one another (at byte 100)',
  )
})

test('one document does not leak into the next', () => {
  const first = decode(latin1('d1:ai1ee'))
  expect(refused('d1:al')).toBe('TRUNCATED@5')
  decode(latin1(`l${'d1:bi2ee'.repeat(2_000)}e`))
  expect(first).toEqual(new Map([['a', 1]]))
  expect(decode(latin1('d1:ai1ee'))).toEqual(first)
})
