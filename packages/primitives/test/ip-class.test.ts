import { describe, expect, test } from 'vitest'
import { describeVectors } from '../../../tests/support/vectors.ts'
import { addressKey, type IpClass, ipClass, mayDial } from '../src/ip-class.ts'
import { parseIp } from '../src/endpoint.ts'

describeVectors('ip-class vectors (IANA registries, Python ipaddress)', (vectors) => {
  const cases = vectors.kat('ip-class') as unknown as {
    address: string
    class: Record<string, boolean>
    dial_from_pex_dht_tracker: boolean
  }[]
  for (const { address, class: facts, dial_from_pex_dht_tracker: dial } of cases) {
    test(`${address} ${dial ? 'may' : 'may not'} be dialled when a global source names it`, () => {
      expect(mayDial(address, 'global')).toBe(dial)
      expect(mayDial(parseIp(address) as Uint8Array, 'global')).toBe(dial)
    })
    test(`${address} has the class of the registries`, () => {
      const own = ipClass(address)
      expect(own === 'global').toBe(dial)
      expect(own === 'loopback').toBe(facts['loopback'])
      expect(own === 'link-local').toBe(facts['link_local'])
      if (facts['multicast'] === true || facts['unspecified'] === true) expect(own).toBe('never')
    })
  }
})

describe('the edges of each range', () => {
  const edges: readonly [string, IpClass][] = [
    ['0.255.255.255', 'never'],
    ['1.0.0.0', 'global'],
    ['9.255.255.255', 'global'],
    ['10.255.255.255', 'private'],
    ['100.63.255.255', 'global'],
    ['100.64.0.0', 'private'],
    ['100.127.255.255', 'private'],
    ['100.128.0.0', 'global'],
    ['126.255.255.255', 'global'],
    ['127.0.0.0', 'loopback'],
    ['128.0.0.0', 'global'],
    ['169.253.255.255', 'global'],
    ['169.254.255.255', 'link-local'],
    ['192.0.1.0', 'global'],
    ['192.0.2.255', 'never'],
    ['192.0.3.0', 'global'],
    ['192.167.255.255', 'global'],
    ['192.168.0.0', 'private'],
    ['198.17.255.255', 'global'],
    ['198.18.0.0', 'private'],
    ['198.20.0.0', 'global'],
    ['203.0.114.0', 'global'],
    ['223.255.255.255', 'global'],
    ['224.0.0.1', 'never'],
    ['240.0.0.1', 'never'],
    ['::1', 'loopback'],
    ['::2', 'never'],
    ['::127.0.0.1', 'never'],
    ['64:ff9b:1::1', 'private'],
    ['1fff::1', 'never'],
    ['2000::1', 'global'],
    ['2001:1ff::1', 'never'],
    ['2001:200::1', 'global'],
    ['2001:db8::1', 'never'],
    ['2001:db9::1', 'global'],
    ['3ffe::1', 'global'],
    ['3fff::1', 'never'],
    ['3fff:1000::1', 'global'],
    ['4000::1', 'never'],
    ['fbff::1', 'never'],
    ['fc00::1', 'private'],
    ['fdff::1', 'private'],
    ['fe80::1', 'link-local'],
    ['febf::1', 'link-local'],
    ['fec0::1', 'private'],
    ['ff02::1', 'never'],
  ]
  test.each(edges)('%s is %s', (address, holds) => {
    expect(ipClass(address)).toBe(holds)
  })
})

test.each([
  ['mapped', '::ffff:127.0.0.1', 'loopback'],
  ['mapped in hex', '::ffff:7f00:1', 'loopback'],
  ['translated', '::ffff:0:10.0.0.1', 'private'],
  ['NAT64', '64:ff9b::169.254.169.254', 'link-local'],
  ['6to4', '2002:7f00:1::', 'loopback'],
  ['6to4 of a public address', '2002:808:808::1', 'global'],
  ['Teredo', '2001:0:808:808::80ff:fffe', 'loopback'],
  ['Teredo of a public address', '2001:0:808:808::f7f7:f7f7', 'global'],
  ['mapped multicast', '::ffff:224.0.0.1', 'never'],
] as const)('an embedded IPv4 address counts as itself: %s', (_, address, holds) => {
  expect(ipClass(address)).toBe(holds)
})

test.each(['', 'localhost', '127.1', '0x7f.0.0.1', '127.0.0.01', 'fe80::1%eth0', '1.2.3.4:80'])(
  'what is no address is nobody to dial: %j',
  (text) => {
    expect(ipClass(text)).toBe('never')
    expect(mayDial(text, 'user')).toBe(false)
  },
)

test('bytes of another length are never', () => {
  expect(ipClass(new Uint8Array(5))).toBe('never')
})

test('an address may be dialled when it is no narrower than its source', () => {
  const addresses = ['8.8.8.8', '10.0.0.1', '169.254.0.1', '127.0.0.1', '192.0.2.1']
  const allowed = (toldBy: IpClass | 'user') => addresses.map((address) => mayDial(address, toldBy))
  expect(allowed('global')).toEqual([true, false, false, false, false])
  expect(allowed('private')).toEqual([true, true, false, false, false])
  expect(allowed('link-local')).toEqual([true, true, true, false, false])
  expect(allowed('loopback')).toEqual([true, true, true, true, false])
  expect(allowed('never')).toEqual([false, false, false, false, false])
  expect(allowed('user')).toEqual([true, true, true, true, true])
})

test('even the user cannot dial what has no single host behind it', () => {
  const nobody = ['0.0.0.0', '224.0.0.1', '255.255.255.255', '::', 'ff02::1', '::ffff:0.0.0.0']
  for (const address of nobody) expect(mayDial(address, 'user'), address).toBe(false)
  expect(mayDial('fe80::1', 'user')).toBe(true)
})

test('a public tracker of a private network may name private addresses when told so, and no narrower ones', () => {
  expect(mayDial('10.0.0.1', 'global', true)).toBe(true)
  expect(mayDial('fd00::1', 'global', true)).toBe(true)
  expect(mayDial('127.0.0.1', 'global', true)).toBe(false)
  expect(mayDial('169.254.169.254', 'global', true)).toBe(false)
})

test('caps count an IPv4 address or an IPv6 /64, and not loopback', () => {
  expect(addressKey('8.8.8.8')).toBe('8.8.8.8')
  expect(addressKey('::ffff:8.8.8.8')).toBe('8.8.8.8')
  expect(addressKey('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
  expect(addressKey('2001:db8:1:2::9')).toBe('2001:db8:1:2::/64')
  expect(addressKey('2001:db8:1:3::9')).toBe('2001:db8:1:3::/64')
  expect(addressKey('127.0.0.1')).toBeUndefined()
  expect(addressKey('::1')).toBeUndefined()
  expect(addressKey('seed.example')).toBe('seed.example')
})
