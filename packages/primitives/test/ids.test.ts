import { expect, test } from 'vitest'
import {
  idBytes,
  parseInfoHash,
  parseInfoHashV2,
  parsePeerId,
  truncateInfoHash,
  type InfoHash,
} from '../src/ids.ts'
import { InvariantError } from '../src/invariant.ts'

const HEX = '0123456789abcdef0123456789abcdef01234567'
const BYTES = new Uint8Array(Buffer.from(HEX, 'hex'))

test('an infohash is read from bytes and from hex in either case, and is lower-case hex', () => {
  expect(parseInfoHash(BYTES)).toBe(HEX)
  expect(parseInfoHash(HEX.toUpperCase())).toBe(HEX)
  expect(parsePeerId(BYTES)).toBe(HEX)
  const v2 = HEX + HEX.slice(0, 24)
  expect(parseInfoHashV2(v2)).toBe(v2)
  expect(parseInfoHashV2(new Uint8Array(Buffer.from(v2, 'hex')))).toBe(v2)
})

test('its bytes come back, fresh each time', () => {
  const hash = parseInfoHash(HEX) as InfoHash
  expect(idBytes(hash)).toEqual(BYTES)
  expect(idBytes(hash)).not.toBe(idBytes(hash))
})

test('another length or other text is no id', () => {
  for (const length of [0, 19, 21, 32]) {
    expect(parseInfoHash(new Uint8Array(length))).toBeUndefined()
    expect(parsePeerId(new Uint8Array(length))).toBeUndefined()
  }
  expect(parseInfoHashV2(new Uint8Array(20))).toBeUndefined()
  for (const text of ['', HEX.slice(1), `${HEX}0`, `${HEX.slice(1)}g`, ` ${HEX.slice(1)}`]) {
    expect(parseInfoHash(text)).toBeUndefined()
  }
})

test('a v2 infohash is truncated to its first 20 bytes on the wire (BEP 52)', () => {
  const v2 = parseInfoHashV2(HEX + 'f'.repeat(24))
  expect(v2 === undefined ? '' : truncateInfoHash(v2)).toBe(HEX)
})

test('an id that no parser made is a bug', () => {
  expect(() => idBytes('not hex' as InfoHash)).toThrow(InvariantError)
})
