import { expect, test } from 'vitest'
import { decode, decodePrefix, encode, rawValue } from '../src/index.ts'

const ascii = (text: string) => new TextEncoder().encode(text)

test('the dictionary of BEP 3 comes back byte for byte', () => {
  const bytes = ascii('d3:cow3:moo4:listli1ei-2e0:ldeee4:spam4:eggse')
  expect(encode(decode(bytes))).toEqual(bytes)
})

test('a prefix says how long it is', () => {
  expect(decodePrefix(ascii('d1:ai1eeXYZ')).length).toBe(8)
})

test('the raw bytes of a nested value are found by its keys', () => {
  expect(rawValue(ascii('d1:ad1:bli1eee1:ci2ee'), ['a', 'b'])).toEqual(ascii('li1ee'))
})
