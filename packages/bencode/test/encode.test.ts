import { describe, expect, test } from 'vitest'
import { decode } from '../src/decode.ts'
import { encode } from '../src/encode.ts'
import { keyOfText } from '../src/key.ts'
import type { Encodable } from '../src/value.ts'
import { latin1, refusal, textOf } from './bytes.ts'

const written = (value: Encodable) => textOf(encode(value))

test('the examples of BEP 3', () => {
  expect(written('spam')).toBe('4:spam')
  expect(written(3)).toBe('i3e')
  expect(written(-3)).toBe('i-3e')
  expect(written(0)).toBe('i0e')
  expect(written(['spam', 'eggs'])).toBe('l4:spam4:eggse')
  expect(written({ cow: 'moo', spam: 'eggs' })).toBe('d3:cow3:moo4:spam4:eggse')
  expect(written(new Map([['spam', ['a', 'b']]]))).toBe('d4:spaml1:a1:bee')
  expect(written([])).toBe('le')
  expect(written({})).toBe('de')
  expect(written('')).toBe('0:')
})

test.each([
  1, 9, 10, 99, 100, 999, 1_000, 9_999, 99_999, 999_999, 1_000_000, 4_294_967_296, 999_999_999_999,
  1_000_000_000_000_000, 9_007_199_254_740_991,
])('every digit of %d is written, with either sign', (value) => {
  expect(written(value)).toBe(`i${value}e`)
  expect(written(-value)).toBe(`i-${value}e`)
})

test('bigints are written whole', () => {
  expect(written(2n ** 64n)).toBe('i18446744073709551616e')
  expect(written(-(2n ** 63n))).toBe('i-9223372036854775808e')
  expect(written(0n)).toBe('i0e')
})

test('text becomes UTF-8, and its length is that of its bytes', () => {
  expect(encode('Käse')).toEqual(new TextEncoder().encode('5:Käse'))
  expect(encode('😀')).toEqual(new TextEncoder().encode('4:😀'))
  const long = 'ü'.repeat(5_000)
  expect(encode(long)).toEqual(new TextEncoder().encode(`10000:${long}`))
})

test('byte strings are written as they are, views and Buffers included', () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, at) => at & 255)
  expect(encode(bytes.subarray(10, 14))).toEqual(latin1('4:\x0a\x0b\x0c\x0d'))
  expect(encode(Buffer.from(bytes))).toEqual(latin1(`300:${textOf(bytes)}`))
})

describe('keys', () => {
  test('[A06] are sorted as bytes, whatever order they come in', () => {
    const keys = ['b', 'a', 'aa', '', '10', '9', '__proto__', '\xff', '\x7f', 'Z']
    const sorted = ['', '10', '9', 'Z', '__proto__', 'a', 'aa', 'b', '\x7f', '\xff']
    const expected = `d${sorted.map((key) => `${key.length}:${key}0:`).join('')}e`
    expect(written(new Map(keys.map((key) => [key, ''])))).toBe(expected)
    const object = Object.create(null) as { [key: string]: string }
    for (const key of keys) object[key] = ''
    expect(written(object)).toBe(expected)
  })

  test('of text beyond the BMP are sorted by their UTF-8, not by UTF-16', () => {
    const keys = ['\u{10000}', '\uffff'].map(keyOfText)
    expect(written(new Map(keys.map((key) => [key, ''])))).toBe(
      'd3:\xef\xbf\xbf0:4:\xf0\x90\x80\x800:e',
    )
  })

  test('that are no bytes are refused with what to do instead', () => {
    expect(() => encode({ ключ: 1 })).toThrow('use keyOfText(key)')
    expect(refusal(() => encode(new Map([['a\u0100', 1]])))).toBe('NOT_ENCODABLE@-1')
    expect(written({ [keyOfText('ключ')]: 1 })).toBe('d8:\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87i1ee')
  })

  test('whose value is undefined are left out of objects', () => {
    expect(written({ a: 1, b: undefined, c: 2 })).toBe('d1:ai1e1:ci2ee')
  })
})

describe('[A10] what is not bencode is refused, never written', () => {
  const loop: Encodable[] = []
  loop.push(loop)
  test.each([
    ['NaN', Number.NaN, 'NaN'],
    ['Infinity', Number.POSITIVE_INFINITY, 'Infinity'],
    ['1.5', 1.5, '1.5'],
    ['minus zero', -0, 'minus zero'],
    ['2^53', 2 ** 53, 'give a bigint'],
    ['null', null, 'null'],
    ['undefined', undefined, 'undefined'],
    ['a boolean', true, 'true (boolean)'],
    ['undefined in a list', [undefined], 'undefined'],
    ['a hole in a list', Array(1), 'undefined'],
    ['undefined in a map', new Map([['a', undefined]]), 'undefined'],
    ['null in an object', { a: null }, 'null'],
    ['a key that is no string', new Map([[1, 1]]), 'the key 1'],
    ['a lone surrogate', 'a\ud800', 'half a surrogate pair'],
    ['a lone low surrogate in a list', ['\udc00b'], 'half a surrogate pair'],
    ['a date', new Date(0), 'an object of class Date'],
    ['a set', new Set([1]), 'an object of class Set'],
    ['an ArrayBuffer', new ArrayBuffer(1), 'an object of class ArrayBuffer'],
    ['16-bit words', new Uint16Array(1), 'an object of class Uint16Array'],
    ['a function', () => 1, '(function)'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['a value that contains itself', loop, 'does it contain itself?'],
  ])('%s', (_, value, words) => {
    expect(refusal(() => encode(value as Encodable))).toBe('NOT_ENCODABLE@-1')
    expect(() => encode(value as Encodable)).toThrow(words)
    expect(written([1, 'after an error'])).toBe('li1e14:after an errore')
  })
})

test('a refusal says where in the value', () => {
  const info = { files: [{ length: 1 }, { length: 1.5 }], name: 'x' }
  expect(() => encode({ info })).toThrow('info.files[1].length: 1.5 cannot be bencoded')
  expect(() => encode(new Map([['a', ['b', '\ud800']]]))).toThrow('a[1]: text with half')
  expect(() => encode([[], [Number.NaN]])).toThrow('[1][0]: NaN')
  expect(() => encode({ a: [1, [2]], b: null as unknown as number })).toThrow(/^b: null/)
})

test('levels are written down to the limit, and one more is refused', () => {
  let value: Encodable = []
  for (let level = 1; level < 1_000; level++) value = [value]
  expect(encode(value)).toHaveLength(2_000)
  expect(refusal(() => encode([value]))).toBe('NOT_ENCODABLE@-1')
})

test('answers are independent of one another, small and large', () => {
  const small = encode('one')
  const large = encode(new Uint8Array(3_000_000).fill(7))
  expect(large).toHaveLength(3_000_008)
  expect(encode('two')).toEqual(latin1('3:two'))
  expect(small).toEqual(latin1('3:one'))
  expect(small.buffer).not.toBe(encode('three').buffer)
  expect((decode(large) as Uint8Array).every((byte) => byte === 7)).toBe(true)
})

test('an encoding within an encoding does not disturb it', () => {
  const object = {
    a: 1,
    get b() {
      return encode(['inner', 2])
    },
    c: 'after',
  }
  expect(written(object)).toBe('d1:ai1e1:b12:l5:inneri2ee1:c5:aftere')
})
