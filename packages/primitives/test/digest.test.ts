import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import * as chosen from '../src/digest.ts'
import * as node from '../src/digest-node.ts'
import * as plain from '../src/digest-plain.ts'
import { toHex } from '../src/hex.ts'
import { Prng } from '../src/prng.ts'

const ascii = (text: string) => new TextEncoder().encode(text)

describe.each([
  ['plain TypeScript', plain],
  ['node:crypto', node],
  ['as imported', chosen],
])('%s', (_, { sha1, sha256 }) => {
  test('the examples of FIPS 180', () => {
    const two = 'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'
    expect(toHex(sha1(ascii('abc')))).toBe('a9993e364706816aba3e25717850c26c9cd0d89d')
    expect(toHex(sha1(ascii(two)))).toBe('84983e441c3bd26ebaae4aa1f95129e5e54670f1')
    expect(toHex(sha1(new Uint8Array(1_000_000).fill(97)))).toBe(
      '34aa973cd4c4daa4f61eeb2bdbad27316534016f',
    )
    expect(toHex(sha256(ascii('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
    expect(toHex(sha256(ascii(two)))).toBe(
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    )
    expect(toHex(sha256(new Uint8Array(1_000_000).fill(97)))).toBe(
      'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
    )
  })

  test('every length around the block of 64 bytes is digested as OpenSSL does', () => {
    const random = new Prng(1)
    for (let length = 0; length <= 130; length++) {
      const bytes = new Uint8Array(length)
      random.fill(bytes)
      expect(toHex(sha1(bytes))).toBe(createHash('sha1').update(bytes).digest('hex'))
      expect(toHex(sha256(bytes))).toBe(createHash('sha256').update(bytes).digest('hex'))
    }
  })

  test('a digest is the caller’s own, of plain class', () => {
    const one = sha1(ascii('abc'))
    expect(one.constructor).toBe(Uint8Array)
    one.fill(0)
    expect(sha1(ascii('abc'))[0]).toBe(0xa9)
    expect([sha1(ascii('')).length, sha256(ascii('')).length]).toEqual([20, 32])
  })

  test('a view is digested as its own bytes', () => {
    const whole = ascii('xxabcxx')
    expect(toHex(sha1(whole.subarray(2, 5)))).toBe('a9993e364706816aba3e25717850c26c9cd0d89d')
  })
})
