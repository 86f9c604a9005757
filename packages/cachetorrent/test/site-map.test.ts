import { describe, expect, test } from 'vitest'
import { CacheTorrentError, prefixSite, SiteMap } from '../src/index.ts'

const MAP = `
# offices
10.0.0.0/8      everywhere
10.1.0.0/16     Basel   # the longest prefix wins
10.1.2.3        desk
2001:db8::/32   six
0.0.0.0/0       rest
`

describe('a site map', () => {
  test('answers the longest prefix', () => {
    const map = new SiteMap(MAP)
    expect(map.size).toBe(5)
    const sites = ['10.2.0.1', '10.1.9.9', '10.1.2.3', '2001:db8:1::1', '8.8.8.8', '2002::1'].map(
      (host) => map.siteOf(host),
    )
    expect(sites).toEqual(['everywhere', 'Basel', 'desk', 'six', 'rest', undefined])
    expect(map.siteOf('::ffff:10.1.9.9')).toBe('Basel')
    expect(map.siteOf('tracker.example')).toBeUndefined()
  })

  test('takes prefixes at odd lengths by their bits', () => {
    const map = new SiteMap('192.168.128.0/17 high\n192.168.0.0/17 low')
    expect(map.siteOf('192.168.200.1')).toBe('high')
    expect(map.siteOf('192.168.100.1')).toBe('low')
  })

  test('a prefix of IPv4-mapped addresses is one of IPv4', () => {
    const map = new SiteMap(
      '::ffff:10.1.0.0/112 Basel\n::ffff:10.9.9.9 desk\n10.1.0.0/16 Bern\n::/0 six',
    )
    expect(map.siteOf('10.9.9.9')).toBe('desk')
    expect(map.siteOf('::ffff:10.1.2.3')).toBe('Bern')
    expect([map.siteOf('8.8.8.8'), map.siteOf('2600::1')]).toEqual([undefined, 'six'])
    expect(map.size).toBe(3)
  })

  test('a reload replaces everything, or nothing', () => {
    const map = new SiteMap(MAP)
    expect(() => map.reload('10.0.0.0/8 a\n10.0.0.0/33 b')).toThrow('line 2')
    expect(map.siteOf('10.1.9.9')).toBe('Basel')
    map.reload('10.0.0.0/8 a')
    expect(map.siteOf('10.1.9.9')).toBe('a')
    expect(map.siteOf('8.8.8.8')).toBeUndefined()
  })

  test.each([
    '10.0.0.0/8',
    '10.0.0/8 a',
    '10.0.0.0/x a',
    '1.2.3.4/8/9 a',
    `::/0 ${'n'.repeat(65)}`,
  ])('the line "%s" is refused', (line) => {
    expect(() => new SiteMap(line)).toThrow(CacheTorrentError)
  })

  test('[M16] where nobody drew a map, the /24 or /48 is the site, and what is no address has none', () => {
    expect(prefixSite('20.1.2.3')).toBe(prefixSite('20.1.2.250'))
    expect(prefixSite('20.1.2.3')).not.toBe(prefixSite('20.1.3.3'))
    expect(prefixSite('2600:1:2:3::1')).toBe(prefixSite('2600:1:2:ffff::9'))
    expect(prefixSite('example.org')).toBeUndefined()
  })
})
