// Goal: nobody's torrent makes us knock at doors inside. Oracle: the published decisions, both kinds.
import { type IpClass, ipClass } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { describeVectors } from '../../../tests/support/vectors.ts'
import { addressRefusal, hopRefusal, shownUrl, urlRefusal, widest } from '../src/index.ts'

/** The vectors let documentation addresses stand for public ones; ours says that these are nobody's. */
const PUBLIC: Readonly<Record<string, string>> = {
  '203.0.113.5': '93.184.216.34',
  '198.51.100.7': '8.8.8.8',
}
const real = (address: string): string => PUBLIC[address] ?? address

/** Which of the addresses would be connected to. */
function admitted(
  url: string,
  kind: 'tracker' | 'webseed',
  addresses: readonly string[],
  redirectedFrom?: string,
): readonly string[] {
  const refusal = redirectedFrom === undefined ? urlRefusal(url, kind) : hopRefusal(url, kind)
  if (refusal !== undefined) return []
  const from: IpClass =
    redirectedFrom === undefined
      ? 'global'
      : ipClass(/127|localhost/.test(redirectedFrom) ? '127.0.0.1' : '8.8.8.8')
  const first = redirectedFrom === undefined ? undefined : { url: redirectedFrom, from }
  return widest(addresses).filter(
    (address) => addressRefusal(url, address, kind, first) === undefined,
  )
}

describeVectors('ssrf-decisions', (vectors) => {
  const cases = vectors.kat('ssrf-decisions').map((one) => ({
    id: one.id,
    url: one['url'] as string,
    kind: one['kind'] as 'tracker' | 'webseed',
    addresses: (one['resolves_to'] as string[]).map(real),
    from: one['redirected_from'] as string | undefined,
    // Downgrades to http are left to policy: ours is to block them.
    isAllowed: one['decision'] === 'allow',
  }))

  test.each(cases)('[G04 G05] $id $url', ({ url, kind, addresses, from, isAllowed }) => {
    expect(admitted(url, kind, addresses, from).length > 0).toBe(isAllowed)
  })

  test('[G06] of a name that is public and loopback only the public address is used', () => {
    const one = cases.find(({ id }) => id === 't21')
    expect(admitted(one?.url ?? '', 'tracker', one?.addresses ?? [])).toEqual(['93.184.216.34'])
  })
})

describe('URLs', () => {
  test.each([
    ['not a url', 'tracker'],
    ['ftp://t.example/announce', 'tracker'],
    ['file:///etc/passwd', 'tracker'],
    ['udp://t.example/announce', 'tracker'],
    ['udp://t.example:80/announce', 'webseed'],
    ['http://xn--trcker-bua.example/announce', 'tracker'],
    ['http://t.example/announce?a=1&PEER_ID=x', 'tracker'],
    [`http://t.example/announce?${'x'.repeat(2048)}`, 'tracker'],
    ['http://', 'tracker'],
  ] as const)('[G05] %s is not called as %s', (url, kind) => {
    expect(urlRefusal(url, kind)).toBeTypeOf('string')
  })

  test.each([
    'http://t.example/announce?passkey=abc',
    'https://t.example:8443/a.php?support=1',
    'udp://t.example:6969',
    'http://[2606:4700::1111]/announce',
  ])('%s may be called', (url) => {
    expect(urlRefusal(url, 'tracker')).toBeUndefined()
  })

  test('international names may be let in', () => {
    expect(
      urlRefusal('http://träcker.example/announce', 'tracker', { internationalNames: true }),
    ).toBeUndefined()
  })

  test('a hop of a redirect may carry our parameters, and no international name', () => {
    expect(hopRefusal('http://b.example/announce?info_hash=x', 'tracker')).toBeUndefined()
    expect(hopRefusal('http://xn--b-wia.example/announce', 'tracker')).toBeTypeOf('string')
  })

  test('what is shown of a URL has no passkey, user or query', () => {
    expect(shownUrl('http://me:secret@t.example:80/key/announce?pass=1')).toBe('http://t.example')
    expect(shownUrl('udp://t.example:6969/key')).toBe('udp://t.example:6969')
    expect(shownUrl('nonsense')).toBe('a URL without a host')
  })
})

describe('addresses', () => {
  test.each([
    ['http://t.example/announce', '0.0.0.0'],
    ['http://t.example/announce', '224.0.0.1'],
    ['http://t.example/announce', '255.255.255.255'],
    ['http://t.example/x', '169.254.169.254'],
    ['http://t.example/x', 'fe80::1'],
    ['http://t.example/x', '::ffff:127.0.0.1'],
    ['http://t.example/x', '64:ff9b::7f00:1'],
    ['udp://t.example:53/x', '127.0.0.1'],
    ['http://t.example/x?y=1', '10.0.0.1'],
    ['http://t.example/x?y=1', 'fd00::1'],
  ])('[G05] %s at %s is refused', (url, address) => {
    expect(addressRefusal(url, address, 'tracker')).toBeTypeOf('string')
  })

  test.each([
    ['http://t.example/key/announce?x=1', '10.0.0.1'],
    ['http://t.example/tracker.php', '10.0.0.1'],
    ['udp://t.example:6969', '127.0.0.1'],
    ['http://t.example/announce.php', '127.0.0.1'],
  ])('%s at %s is let through', (url, address) => {
    expect(addressRefusal(url, address, 'tracker')).toBeUndefined()
  })

  test('[G04] a redirect never leads to a narrower network, nor from https to http', () => {
    const global = { url: 'https://t.example/announce', from: 'global' } as const
    expect(addressRefusal('https://t.example/announce', '10.0.0.1', 'tracker', global)).toMatch(
      /private/,
    )
    expect(addressRefusal('http://t.example/announce', '8.8.8.8', 'tracker', global)).toMatch(
      /https to http/,
    )
    const inside = { url: 'http://10.0.0.1/announce', from: 'private' } as const
    expect(
      addressRefusal('http://10.0.0.2/announce', '10.0.0.2', 'tracker', inside),
    ).toBeUndefined()
    expect(addressRefusal('http://t.example/x', '8.8.8.8', 'tracker', inside)).toBeUndefined()
    expect(addressRefusal('http://127.0.0.1/announce', '127.0.0.1', 'tracker', inside)).toMatch(
      /loopback/,
    )
  })
})
