import { expect, test } from 'vitest'
import { bytesEqual, compareBytes, fromHex, toHex } from '../src/hex.ts'

const ALL = Uint8Array.from({ length: 256 }, (_, at) => at)

test('every byte goes out as Node writes it, and comes back in either case', () => {
  expect(toHex(ALL)).toBe(Buffer.from(ALL).toString('hex'))
  expect(fromHex(toHex(ALL))).toEqual(ALL)
  expect(fromHex(toHex(ALL).toUpperCase())).toEqual(ALL)
  expect([toHex(new Uint8Array(0)), fromHex('')]).toEqual(['', new Uint8Array(0)])
})

test.each(['0', 'abc', '0g', 'g0', '0x', ' 0', '0\u0660', '/0', ':0', '@0', 'G0', '`0'])(
  '%j is not hex',
  (text) => {
    expect(fromHex(text)).toBeUndefined()
  },
)

test('bytes are ordered as Node orders them', () => {
  const samples = ['', '00', '0000', '01', '0100', '7f', '80', 'ff', 'ff00'].map(
    (hex) => fromHex(hex) as Uint8Array,
  )
  for (const one of samples) {
    for (const other of samples) {
      expect(Math.sign(compareBytes(one, other))).toBe(Buffer.compare(one, other))
      expect(bytesEqual(one, other)).toBe(one === other)
    }
  }
  expect(bytesEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true)
})
