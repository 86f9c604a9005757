// Goal: queries as trackers get them. Oracles: the published request vectors, and percent-encoded bytes written by hand.
import { parseInfoHash } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { describeVectors } from '../../../tests/support/vectors.ts'
import {
  announceUrl,
  PARAMETERS_MAX,
  parseAnnounceQuery,
  parseScrapeQuery,
  percentDecode,
  percentEncode,
  QUERY_LENGTH_MAX,
  SCRAPE_HASHES_MAX,
  scrapeRequestUrl,
  scrapeUrl,
  TRACKER_ID_LENGTH_MAX,
  urlDataOf,
} from '../src/index.ts'
import { ANNOUNCE, ascii, INFO_HASH, PEER_ID } from './bytes.ts'

const HASH = '%00%01%02%03%04%05%06%07%08%09%0A%0B%0C%0D%0E%0F%10%11%12%13'
const QUERY = `info_hash=${HASH}&peer_id=-XX0001-0123456789ab&port=6881&uploaded=0&downloaded=0&left=0`
const queryOf = (url: string): string => url.slice(url.indexOf('?') + 1)

describeVectors('http-tracker-requests', (vectors) => {
  const cases = vectors
    .kat('http-tracker-requests')
    .map((one) => ({
      id: one.id,
      query: queryOf(String(one['request_target'])),
      outcome: one['outcome'],
      // What a proxy said is the server's business, not the query's.
      isQuery: !one.id.startsWith('xff-') && one.id !== 'bad-empty',
    }))
    .filter(({ isQuery }) => isQuery)

  test.each(cases)('[H01] $id', ({ query, outcome }) => {
    if (outcome === 'error')
      expect(() => parseAnnounceQuery(query)).toThrow(
        expect.objectContaining({ name: 'TrackerProtocolError' }),
      )
    // What is left to policy is read, the odd part as if absent.
    else expect(parseAnnounceQuery(query)).toMatchObject({ peerId: PEER_ID, port: 6881 })
  })
})

describe('announce', () => {
  test('infohash and peer id are percent-encoded bytes, a space is %20', () => {
    const infoHash = parseInfoHash(`20${'2b'.repeat(18)}ff`)
    if (infoHash === undefined) throw new Error('20 bytes')
    const url = announceUrl('http://t.example/announce', { ...ANNOUNCE, infoHash })
    expect(url).toContain(`info_hash=%20${'%2B'.repeat(18)}%FF&peer_id=-XX0001-0123456789ab&`)
  })

  test('a URL with a query of its own keeps it', () => {
    expect(announceUrl('http://t.example/a.php?passkey=x', ANNOUNCE)).toMatch(
      /^http:\/\/t\.example\/a\.php\?passkey=x&info_hash=/,
    )
    expect(announceUrl('http://t.example/a?', ANNOUNCE)).toMatch(/\/a\?info_hash=/)
    expect(announceUrl('http://t.example/a#part', ANNOUNCE)).toMatch(/\/a\?info_hash=/)
  })

  test('what is written is read back, every field', () => {
    const request = {
      ...ANNOUNCE,
      event: 'paused',
      numWant: 30,
      key: 0xdead,
      compact: true,
      withoutPeerIds: true,
      trackerId: 'ä &=+%',
      extra: new Map([
        ['ct', '1'],
        ['ct_site', 'Zürich & Bern'],
      ]),
    } as const
    expect(parseAnnounceQuery(queryOf(announceUrl('http://t/announce', request)))).toEqual(request)
  })

  test('the key is eight hex digits, the same for every family', () => {
    expect(announceUrl('http://t/announce', { ...ANNOUNCE, key: 0xbeef })).toContain(
      '&key=0000beef',
    )
  })

  test('[H02] addresses that a client claims are dropped: they reach neither the request nor extensions', () => {
    const parsed = parseAnnounceQuery(
      `${QUERY}&ip=8.8.8.8&ipv4=8.8.8.8&ipv6=2001%3Adb8%3A%3A9&ct=1`,
    )
    expect([...(parsed.extra ?? [])]).toEqual([['ct', '1']])
    expect(JSON.stringify(parsed)).not.toContain('8.8.8.8')
  })

  test('the first of two parameters of one name counts', () => {
    expect(parseAnnounceQuery(`${QUERY}&port=1&left=9`)).toMatchObject({ port: 6881, leftBytes: 0 })
  })

  test('names such as __proto__ are plain names', () => {
    const parsed = parseAnnounceQuery(`${QUERY}&__proto__=x&constructor=y`)
    expect(parsed.extra?.get('__proto__')).toBe('x')
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  test.each([
    ['', 'MISSING'],
    [QUERY.replace('port=6881', 'port='), 'MISSING'],
    [QUERY.replace('port=6881', 'port=+6881'), 'MALFORMED'],
    [QUERY.replace('port=6881', 'port=6.8e3'), 'MALFORMED'],
    [QUERY.replace('left=0', 'left=-1'), 'MALFORMED'],
    [QUERY.replace('left=0', ''), 'MISSING'],
    [QUERY.replace('%13', '%1'), 'MALFORMED'],
    [QUERY.replace('%13', '\u0100'), 'MALFORMED'],
    [`${QUERY}&${'x'.repeat(QUERY_LENGTH_MAX)}`, 'TOO_LONG'],
  ])('[H01] case %# is refused with a sentence for the client', (query, code) => {
    expect(() => parseAnnounceQuery(query)).toThrow(expect.objectContaining({ code }))
  })

  test('counters of 2^53 and more are clamped', () => {
    const parsed = parseAnnounceQuery(QUERY.replace('left=0', 'left=18446744073709551615'))
    expect(parsed.leftBytes).toBe(Number.MAX_SAFE_INTEGER)
  })

  test('[H08] a numwant that is no number is as if absent', () => {
    for (const numwant of ['-1', 'NaN', '1e6', '99999999999', ''])
      expect(parseAnnounceQuery(`${QUERY}&numwant=${numwant}`).numWant).toBeUndefined()
    expect(parseAnnounceQuery(`${QUERY}&numwant=1000000`).numWant).toBe(1_000_000)
  })

  test('[H10] parameters past the 64th are not looked at', () => {
    const many = Array.from({ length: 1000 }, (_, at) => `p${at}=1`).join('&')
    const parsed = parseAnnounceQuery(`${QUERY}&${many}&port=1`)
    expect(parsed.extra?.size).toBe(PARAMETERS_MAX - 6)
  })

  test('a tracker id of more than 512 bytes is not repeated', () => {
    const long = 'x'.repeat(TRACKER_ID_LENGTH_MAX + 1)
    expect(parseAnnounceQuery(`${QUERY}&trackerid=${long}`).trackerId).toBeUndefined()
  })

  test('an event that nobody knows is none', () => {
    expect(parseAnnounceQuery(`${QUERY}&event=exploded`).event).toBeUndefined()
  })
})

describe('scrape', () => {
  const many = Array.from({ length: SCRAPE_HASHES_MAX }, () => INFO_HASH)

  test('74 infohashes are asked and read back', () => {
    const query = queryOf(scrapeRequestUrl('http://t/scrape?key=1', many))
    expect(parseScrapeQuery(query)).toEqual(many)
  })

  test('[H09] none is an empty list, 75 are refused, and so are 3,000', () => {
    const hash = `info_hash=${HASH}`
    expect(parseScrapeQuery('')).toEqual([])
    expect(() => parseScrapeQuery(Array(75).fill(hash).join('&'))).toThrow(/more than 74/)
    expect(() => parseScrapeQuery(Array(3000).fill(hash).join('&'))).toThrow(/limit 8192/)
    expect(() => parseScrapeQuery('info_hash=short')).toThrow(/20/)
  })

  test('a URL never asks for more than 74', () => {
    const url = scrapeRequestUrl('http://t/scrape', [...many, INFO_HASH])
    expect(parseScrapeQuery(queryOf(url))).toHaveLength(SCRAPE_HASHES_MAX)
  })
})

describeVectors('bep48-scrape-url', (vectors) => {
  test.each(vectors.kat('bep48-scrape-url').map((one) => ({ ...one, id: one.id })))(
    '$id: $announce',
    (one) => {
      // Where BEP 48 and the older convention (last path segment) differ, we keep the convention.
      const { announce, scrape_convention: expected } = one as unknown as Record<string, string>
      expect(scrapeUrl(announce as string) ?? null).toBe(expected)
    },
  )
})

test('a UDP tracker is scraped where it announces', () => {
  expect(scrapeUrl('udp://t.example:6969/announce')).toBe('udp://t.example:6969/announce')
})

describe('percent-encoding', () => {
  test('every byte comes back', () => {
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    expect(percentDecode(percentEncode(all))).toEqual(all)
    expect(percentEncode(all)).not.toMatch(/[+ &=]/)
  })

  test('a plus is a space, as form encoders write it', () => {
    expect(percentDecode('a+b%2B')).toEqual(ascii('a b+'))
  })

  test('broken escapes are refused', () => {
    for (const text of ['%', '%1', '%zz', '%1g', 'ab%']) expect(percentDecode(text)).toBeUndefined()
  })
})

test('URL data is path and query, with parameters of extensions behind them (BEP 41)', () => {
  const extra = new Map([['ct', '1']])
  expect(urlDataOf('', '')).toBe('')
  expect(urlDataOf('/', '')).toBe('')
  expect(urlDataOf('/announce', '?passkey=x')).toBe('/announce?passkey=x')
  expect(urlDataOf('/announce', '', extra)).toBe('/announce?ct=1')
  expect(urlDataOf('/announce', '?passkey=x', extra)).toBe('/announce?passkey=x&ct=1')
})
