// Goal: bodies as trackers in the wild write them, and ours as BEPs ask. Oracles: published response vectors, a captured
// body, and bencode written by hand.
import { endpointText, toHex } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { describeVectors } from '../../../tests/support/vectors.ts'
import {
  encodeAnnounceBody,
  encodeFailure,
  encodeScrapeBody,
  INTERVAL_SECONDS_MAX,
  parseAnnounceBody,
  parseScrapeBody,
  PEERS_PER_RESPONSE_MAX,
  printable,
  TEXT_LENGTH_MAX,
} from '../src/index.ts'
import { ascii, hex, INFO_HASH, PEER_ID } from './bytes.ts'

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

/** Bodies that are refused as a whole; of the other invalid ones only the odd part is left out. */
const REFUSED = new Set(['lt-peers4-badlen', 'tr-bad-len-wild', 'bad-empty', 'bad-html', 'bad-int'])

describeVectors('http-tracker-responses', (vectors) => {
  const cases = vectors
    .kat('http-tracker-responses')
    .filter((one) => one['body_hex'] !== undefined)
    .map((one) => ({
      id: one.id,
      isScrape: one['kind'] === 'scrape',
      body: hex(String(one['body_hex'])),
      decoded: one['decoded'] as Record<string, unknown> | null,
    }))

  test.each(cases.filter(({ isScrape }) => !isScrape))('[G01] $id', ({ id, body, decoded }) => {
    if (REFUSED.has(id)) {
      expect(() => parseAnnounceBody(body)).toThrow(
        expect.objectContaining({
          name: expect.stringMatching(/^(TrackerProtocolError|BencodeError)$/),
        }),
      )
      return
    }
    const parsed = parseAnnounceBody(body)
    const peers = parsed.peers.map(({ host, port }) => [host, port])
    const seen: Record<string, unknown> = {
      interval: parsed.intervalSeconds,
      min_interval: parsed.minIntervalSeconds,
      complete: parsed.complete,
      incomplete: parsed.incomplete,
      warning: parsed.warning,
      failure: parsed.failure,
      external_ip: parsed.externalAddress,
      peers,
      peers6: peers,
    }
    // `downloaded` belongs to scrapes; an announce that has it loses nothing.
    for (const [name, value] of Object.entries(decoded ?? {}))
      if (name !== 'downloaded') expect(seen[name], name).toEqual(value)
    if (id.startsWith('lt-peer-')) expect(peers).toEqual([])
  })

  test.each(cases.filter(({ isScrape }) => isScrape))('$id', ({ id, body, decoded }) => {
    const files = Object.fromEntries(parseScrapeBody(body).files)
    if (decoded !== null) expect(files).toEqual(decoded['files'])
    if (id === 'bad-scrape-neg')
      for (const counts of Object.values(files))
        for (const count of Object.values(counts)) expect(count).toBeGreaterThanOrEqual(0)
  })

  const bodyOf = (id: string): Uint8Array =>
    cases.find((one) => one.id === id)?.body ?? new Uint8Array(0)

  test('[G02] an interval of 2^63 − 1 is a day', () => {
    const parsed = parseAnnounceBody(bodyOf('bad-interval-huge'))
    expect(parsed.intervalSeconds).toBe(INTERVAL_SECONDS_MAX)
  })

  test('[G11] 200 ports of one victim are handed on with their source: the dialer caps them', () => {
    const { peers } = parseAnnounceBody(bodyOf('bad-peers-one-victim'))
    expect(new Set(peers.map(({ host }) => host))).toEqual(new Set(['8.8.8.8']))
  })

  test('[G13] a failure of control bytes is shown escaped', () => {
    expect(parseAnnounceBody(bodyOf('bad-failure-binary')).failure).toBe('\\u{fffd}\\u{1b}[2J')
  })

  test('a captured body of seven peers is read', () => {
    const parsed = parseAnnounceBody(vectors.bytes('raw/announce-compacted-peers.bin'))
    expect(parsed.peers.map(endpointText)).toEqual([
      '46.189.27.100:6687',
      '81.213.76.5:18124',
      '52.33.144.64:6687',
      '98.110.233.198:51413',
      '203.13.146.19:6687',
      '172.78.104.154:15467',
      '24.15.61.87:18139',
    ])
    expect(parsed).toMatchObject({ complete: 4, incomplete: 3, intervalSeconds: 1800 })
  })
})

describe('an announce body', () => {
  const response = {
    intervalSeconds: 1800,
    complete: 1,
    incomplete: 2,
    peers: [
      { host: '1.2.3.4', port: 6881, peerId: PEER_ID },
      { host: '2001:db8::1', port: 6882, peerId: PEER_ID },
    ],
  }

  test('is canonical bencode with peers and peers6 beside each other (BEP 7, 23)', () => {
    expect(toHex(encodeAnnounceBody(response))).toBe(
      toHex(
        ascii(
          'd8:completei1e10:incompletei2e8:intervali1800e5:peers6:\x01\x02\x03\x04\x1a\xe16:peers618:\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x1a\xe2e',
        ),
      ),
    )
  })

  test('in dictionary form names both families as text, with ids unless they are not wanted (BEP 3)', () => {
    const body = text(encodeAnnounceBody(response, 'dictionaries'))
    expect(body).toContain(
      '5:peersld2:ip7:1.2.3.47:peer id20:-XX0001-0123456789ab4:porti6881eed2:ip11:2001:db8::17:peer id',
    )
    expect(text(encodeAnnounceBody(response, 'dictionaries-without-ids'))).toContain(
      '5:peersld2:ip7:1.2.3.44:porti6881eed2:ip11:2001:db8::14:porti6882eee',
    )
  })

  test('is read back in every form, every field', () => {
    const full = {
      ...response,
      minIntervalSeconds: 60,
      downloaders: 1,
      warning: 'slow',
      trackerId: 'x1',
      externalAddress: '2001:db8::7',
      extra: new Map([['ct', ascii('word')]]),
    }
    expect(parseAnnounceBody(encodeAnnounceBody(full, 'dictionaries'))).toEqual(full)
    const bare = { ...full, peers: full.peers.map(({ host, port }) => ({ host, port })) }
    expect(parseAnnounceBody(encodeAnnounceBody(full))).toEqual(bare)
  })

  test('words of an extension stand beside those of the protocol and never replace them', () => {
    const extra = new Map([
      ['interval', 1],
      ['zz', 2],
    ])
    const parsed = parseAnnounceBody(encodeAnnounceBody({ ...response, extra }))
    expect(parsed.intervalSeconds).toBe(1800)
    expect([...(parsed.extra ?? [])]).toEqual([['zz', 2]])
  })

  test('a peer may be a DNS name, and ids may be missing (BEP 3)', () => {
    const body = 'd8:intervali60e5:peersld2:ip12:Peer.example4:porti80eed2:ip4:a b!4:porti80eeee'
    expect(parseAnnounceBody(ascii(body)).peers).toEqual([{ host: 'peer.example', port: 80 }])
  })

  test('[G02] intervals that are negative or text are as if absent, never below 0', () => {
    for (const interval of ['i-5e', '3:abc', 'i0e', 'le'])
      expect(parseAnnounceBody(ascii(`d8:interval${interval}e`)).intervalSeconds).toBe(0)
  })

  test('[G12] of 10,000 peers 2,000 are taken', () => {
    const packed = ascii('\x01\x02\x03\x04\x1a\xe1'.repeat(10_000))
    const body = Uint8Array.from([...ascii('d5:peers60000:'), ...packed, ...ascii('e')])
    expect(parseAnnounceBody(body).peers).toHaveLength(PEERS_PER_RESPONSE_MAX)
  })

  test('a tracker id of 64 KB is not kept, because every announce would repeat it', () => {
    const body = ascii(`d10:tracker id65536:${'x'.repeat(65_536)}e`)
    expect(parseAnnounceBody(body).trackerId).toBeUndefined()
  })

  test('[G01] a body of a thousand nested lists is refused', () => {
    expect(() => parseAnnounceBody(ascii(`d1:a${'l'.repeat(1000)}${'e'.repeat(1000)}e`))).toThrow(
      expect.objectContaining({ name: 'BencodeError' }),
    )
  })

  test('unsorted keys and trailing bytes are forgiven, as trackers write them', () => {
    expect(parseAnnounceBody(ascii('d5:peers0:8:intervali60ee\r\n')).intervalSeconds).toBe(60)
  })
})

describe('a failure', () => {
  test('is its sentence and when to come back, in minutes or never (BEP 31)', () => {
    expect(text(encodeFailure('no', 30))).toBe('d14:failure reason2:no8:retry ini30ee')
    expect(text(encodeFailure('no', 'never'))).toBe('d14:failure reason2:no8:retry in5:nevere')
    expect(
      text(
        encodeAnnounceBody({
          failure: 'no',
          intervalSeconds: 1,
          complete: 0,
          incomplete: 0,
          peers: [],
        }),
      ),
    ).toBe('d14:failure reason2:noe')
  })

  test.each([
    ['i5e', 5],
    ['1:5', 5],
    ['5:never', 'never'],
    ['3:abc', undefined],
    ['i-5e', 0],
  ] as const)('retry in %s is %s (BEP 31 shows the number as text)', (written, minutes) => {
    const parsed = parseAnnounceBody(ascii(`d14:failure reason2:no8:retry in${written}e`))
    expect(parsed.retryInMinutes).toBe(minutes)
  })

  test('[G13] a megabyte of it is cut at 500 characters', () => {
    const parsed = parseAnnounceBody(ascii(`d14:failure reason1000000:${'x'.repeat(1_000_000)}e`))
    expect(parsed.failure).toHaveLength(TEXT_LENGTH_MAX + 1)
  })
})

describe('a scrape body', () => {
  test('keeps its binary keys and the interval of BEP 48', () => {
    const body = encodeScrapeBody({
      files: new Map([[INFO_HASH, { complete: 1, incomplete: 2, downloaded: 3, downloaders: 1 }]]),
      minRequestIntervalSeconds: 900,
    })
    expect(text(body)).toBe(
      `d5:filesd20:${text(hex(INFO_HASH))}d8:completei1e10:downloadedi3e11:downloadersi1e10:incompletei2eee5:flagsd20:min_request_intervali900eee`,
    )
    expect(parseScrapeBody(body)).toEqual({
      files: new Map([[INFO_HASH, { complete: 1, incomplete: 2, downloaded: 3, downloaders: 1 }]]),
      minRequestIntervalSeconds: 900,
    })
  })

  test('of a refusal is its sentence', () => {
    expect(parseScrapeBody(ascii('d14:failure reason2:noe'))).toMatchObject({ failure: 'no' })
  })
})

test('[G13] what could steer a terminal or turn a line round is escaped, the rest stays', () => {
  const bytes = new TextEncoder().encode('ok äöü 漢字 \u0007\u001b[2J\u202eabc\u200f\u061c\n')
  expect(printable(bytes)).toBe('ok äöü 漢字 \\u{7}\\u{1b}[2J\\u{202e}abc\\u{200f}\\u{61c}\\u{a}')
})
