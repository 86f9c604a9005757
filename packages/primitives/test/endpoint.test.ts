import { isIPv4, isIPv6 } from 'node:net'
import { describe, expect, test } from 'vitest'
import {
  endpointText,
  formatIp,
  packEndpoint,
  packMapped,
  parseEndpoint,
  parseIp,
  unpackEndpoint,
} from '../src/endpoint.ts'
import { toHex } from '../src/hex.ts'
import { Prng } from '../src/prng.ts'

const hex = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : toHex(bytes))

describe('addresses as text', () => {
  test.each([
    ['1.2.3.4', '01020304'],
    ['255.255.255.255', 'ffffffff'],
    ['::', '0'.repeat(32)],
    ['::1', `${'0'.repeat(30)}01`],
    ['1::', `0001${'0'.repeat(28)}`],
    ['2001:DB8::A', `20010db8${'0'.repeat(22)}0a`],
    ['::ffff:1.2.3.4', `${'0'.repeat(20)}ffff01020304`],
    ['64:ff9b::8.8.8.8', `0064ff9b${'0'.repeat(16)}08080808`],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
    ['1:2:3:4:5:6:1.2.3.4', '00010002000300040005000601020304'],
  ])('%s is %s', (text, bytes) => {
    expect(hex(parseIp(text))).toBe(bytes)
  })

  test.each([
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.',
    '.1.2.3',
    '01.2.3.4',
    '1.2.3.04',
    '256.1.1.1',
    '1.2.3.-4',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '0x1.2.3.4',
    '127.1',
    '2130706433',
    '1e2.1.1.1',
    '١.2.3.4',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    ':1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7:8:',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::',
    '::1.2.3',
    '::1.2.3.4.5',
    '::01.2.3.4',
    '1.2.3.4::',
    '::1.2.3.4:5',
    'fe80::1%eth0',
    '[::1]',
    '::1/128',
    '::1\0',
  ])('%j is no address', (text) => {
    expect(parseIp(text)).toBeUndefined()
  })

  test('what Node takes for an address is one, and nothing else is', () => {
    const seed = Number(process.env['SEED'] ?? 1)
    const random = new Prng(seed)
    const parts = ['0', '1', '255', '256', '01', 'ffff', 'a', ':', '::', '.', ':', '.']
    for (let turn = 0; turn < 20_000; turn++) {
      let text = ''
      for (let part = 1 + random.below(12); part > 0; part--)
        text += parts[random.below(parts.length)]
      const length = isIPv4(text) ? 4 : isIPv6(text) ? 16 : undefined
      expect(parseIp(text)?.length, `${text} (seed ${seed})`).toBe(length)
    }
  })

  test.each([
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0db8::0001', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['0:0:1:0:0:0:1:0', '0:0:1::1:0'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['fe80::AbC', 'fe80::abc'],
  ])('%s is written %s (RFC 5952)', (text, canonical) => {
    expect(formatIp(parseIp(text) as Uint8Array)).toBe(canonical)
  })

  test('every address comes back from its text', () => {
    const random = new Prng(1)
    for (let turn = 0; turn < 2_000; turn++) {
      const bytes = new Uint8Array(16)
      random.fill(bytes)
      for (let zero = random.below(8); zero > 0; zero--) bytes.fill(0, 2 * zero, 2 * zero + 2)
      expect(hex(parseIp(formatIp(bytes)))).toBe(toHex(bytes))
      expect(hex(parseIp(formatIp(bytes.slice(0, 4))))).toBe(toHex(bytes.slice(0, 4)))
    }
  })
})

describe('endpoints as text', () => {
  test.each([
    ['1.2.3.4:80', '1.2.3.4', 80],
    ['[::1]:65535', '::1', 65535],
    ['[2001:DB8:0::1]:0', '2001:db8::1', 0],
    ['[::ffff:1.2.3.4]:1', '1.2.3.4', 1],
    ['tracker.example:6969', 'tracker.example', 6969],
    ['bücher.example:1', 'bücher.example', 1],
    ['a_b-c.example.:1', 'a_b-c.example.', 1],
  ])('%s', (text, host, port) => {
    expect(parseEndpoint(text)).toEqual({ host, port })
  })

  test.each([
    '',
    ':',
    'a',
    'a:',
    ':80',
    'a:b',
    'a:-1',
    'a:65536',
    'a:000080',
    'a:1.5',
    'a: 80',
    'a:80 ',
    ' a:80',
    'a b:80',
    'a\0:80',
    'a\n:80',
    'a/b:80',
    'a?b:80',
    'a#b:80',
    'u@a:80',
    'a%00:80',
    'a\\b:80',
    "a'b:80",
    '::1:80',
    '[::1]',
    '[::1]80',
    '[1.2.3.4]:80',
    '[a]:80',
    '[fe80::1%eth0]:80',
    '256.1.1.1:80',
    '127.1:80',
    '1.2.3:80',
    '1.2.3.4.5:80',
    'http://a:80',
    `${'a'.repeat(254)}:80`,
    '１.2.3.4:٨0',
  ])('%j is none', (text) => {
    expect(parseEndpoint(text)).toBeUndefined()
  })

  test('text and value go both ways', () => {
    for (const text of ['1.2.3.4:80', '[::1]:1', 'tracker.example:6969']) {
      const endpoint = parseEndpoint(text)
      expect(endpoint === undefined ? '' : endpointText(endpoint)).toBe(text)
    }
  })
})

describe('compact forms', () => {
  test('6 bytes for IPv4 (BEP 23), 18 for IPv6 (BEP 7), none for a name', () => {
    expect(hex(packEndpoint({ host: '10.20.30.40', port: 0x1ae1 }))).toBe('0a141e281ae1')
    expect(hex(packEndpoint({ host: '::1', port: 80 }))).toBe(`${'0'.repeat(30)}010050`)
    expect(packEndpoint({ host: 'tracker.example', port: 80 })).toBeUndefined()
  })

  test('they come back from anywhere in a list', () => {
    const bytes = Uint8Array.of(9, 10, 20, 30, 40, 0x1a, 0xe1, 9)
    expect(unpackEndpoint(bytes, 1, 6)).toEqual({ host: '10.20.30.40', port: 0x1ae1 })
    const six = packEndpoint({ host: '2001:db8::5', port: 65535 }) as Uint8Array
    expect(unpackEndpoint(six, 0, 18)).toEqual({ host: '2001:db8::5', port: 65535 })
  })

  test('a datagram’s address is 18 bytes with IPv4 mapped, and comes back as IPv4', () => {
    const mapped = packMapped({ host: '1.2.3.4', port: 53 }) as Uint8Array
    expect(toHex(mapped)).toBe(`${'0'.repeat(20)}ffff010203040035`)
    expect(unpackEndpoint(mapped, 0, 18)).toEqual({ host: '1.2.3.4', port: 53 })
    expect(packMapped({ host: '::1', port: 1 })).toHaveLength(18)
    expect(packMapped({ host: 'a', port: 1 })).toBeUndefined()
  })
})
