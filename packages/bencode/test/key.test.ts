import { expect, test } from 'vitest'
import { bytesOfKey, keyOfBytes, keyOfText, textOfBytes, textOfKey } from '../src/key.ts'
import { refusal } from './bytes.ts'

test('ASCII is its own key, other text is its UTF-8', () => {
  expect(keyOfText('piece length')).toBe('piece length')
  expect(keyOfText('é')).toBe('\xc3\xa9')
  expect(textOfKey('\xc3\xa9')).toBe('é')
  expect(textOfKey(keyOfText('日本語.txt'))).toBe('日本語.txt')
})

test('bytes and keys are the same thing in both directions', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at)
  expect(bytesOfKey(keyOfBytes(bytes))).toEqual(bytes)
  expect(keyOfBytes(bytes)).toHaveLength(256)
})

test('bytes that are not UTF-8 have no text', () => {
  expect(textOfKey('\xff')).toBeUndefined()
  expect(textOfBytes(Uint8Array.of(0xed, 0xa0, 0x80))).toBeUndefined()
})

test('text beyond latin-1 is no key', () => {
  expect(refusal(() => bytesOfKey('ĸ'))).toBe('NOT_ENCODABLE@-1')
  expect(() => bytesOfKey('ĸ')).toThrow('U+0138')
})
