// Goal: the packets of BEP 15 and 41 in both directions. Oracles: published vectors, and BEP tables as hand-built hex.
import { endpointText } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { describeVectors } from '../../../tests/support/vectors.ts'
import {
  encodeConnectRequest,
  encodeUdpAnnounce,
  encodeUdpAnnounceResponse,
  encodeUdpError,
  encodeUdpScrape,
  encodeUdpScrapeResponse,
  INTERVAL_SECONDS_MAX,
  parseUdpRequest,
  parseUdpResponse,
  PEERS_PER_RESPONSE_MAX,
  SCRAPE_HASHES_MAX,
  transactionIdOf,
  UDP_RESPONSE_LENGTH_MAX,
} from '../src/index.ts'
import { ANNOUNCE, hex, INFO_HASH } from './bytes.ts'

const ID = hex('1122334455667788')

/** Cases of the vectors that say more than "valid": our answer to each, as the vectors word it. */
const REFUSED: Readonly<Record<string, string>> = {
  'srv-empty': 'TOO_SHORT',
  'srv-announce-action-9': 'UNKNOWN_ACTION',
  'srv-announce-port-0': 'OUT_OF_RANGE',
  'srv-scrape-75': 'TOO_LONG',
  'cli-resp-short-7': 'TOO_SHORT',
  'cli-resp-connect-8': 'TOO_SHORT',
  'cli-resp-peers-partial': 'MALFORMED',
}

describeVectors('bep15-udp-tracker', (vectors) => {
  const cases = vectors.kat('bep15-udp-tracker').map((one) => ({
    id: one.id,
    packet: hex(String(one['hex'])),
    isRequest: one['direction'] === 'request',
    isV6: one.id.endsWith('-v6'),
    decoded: one['decoded'] as Record<string, unknown> | null,
  }))

  test.each(cases.filter(({ isRequest }) => isRequest))('$id', ({ id, packet, decoded }) => {
    const code = REFUSED[id]
    if (code !== undefined) {
      expect(() => parseUdpRequest(packet)).toThrow(expect.objectContaining({ code }))
      return
    }
    const parsed = parseUdpRequest(packet)
    if (decoded === null) return
    if (parsed.action !== 'announce') {
      expect(decoded['action']).toBe({ connect: 0, scrape: 2 }[parsed.action])
      return
    }
    const { request } = parsed
    const seen: Record<string, unknown> = {
      action: 1,
      transaction_id: parsed.transactionId,
      info_hash: request.infoHash,
      peer_id: request.peerId,
      downloaded: request.downloadedBytes,
      left: request.leftBytes,
      uploaded: request.uploadedBytes,
      event: request.event ?? 'none',
      key: request.key,
      num_want: request.numWant ?? -1,
      port: request.port,
      urldata: parsed.urlData,
    }
    for (const [name, value] of Object.entries(decoded))
      if (name !== 'ip') expect(seen[name], name).toEqual(value)
  })

  test.each(cases.filter(({ isRequest }) => !isRequest))('$id', ({ id, packet, isV6, decoded }) => {
    const stride = isV6 ? 18 : 6
    const code = REFUSED[id]
    if (code !== undefined) {
      expect(() => parseUdpResponse(packet, stride)).toThrow(expect.objectContaining({ code }))
      return
    }
    const parsed = parseUdpResponse(packet, stride)
    if (decoded === null) return
    if (parsed.action !== 'announce') throw new Error(`action ${parsed.action}`)
    const { response } = parsed
    const texts = response.peers.map(endpointText)
    const seen: Record<string, unknown> = {
      action: 1,
      transaction_id: parsed.transactionId,
      interval: response.intervalSeconds,
      leechers: response.incomplete,
      seeders: response.complete,
      peers: texts,
      num_peers: texts.length,
      first_peers: texts.slice(0, 3),
    }
    for (const [name, value] of Object.entries(decoded)) expect(seen[name], name).toEqual(value)
  })

  const packetOf = (id: string): Uint8Array =>
    cases.find((one) => one.id === id)?.packet ?? new Uint8Array(0)

  test('[H08] num_want of 2^31 − 1 is read as it is: the server clamps it', () => {
    const parsed = parseUdpRequest(packetOf('srv-announce-numwant-max'))
    expect(parsed).toMatchObject({ request: { numWant: 2 ** 31 - 1 } })
  })

  test('left of 2^64 − 1 is clamped to 2^53 − 1: a leech, and no negative number', () => {
    const parsed = parseUdpRequest(packetOf('srv-announce-left-neg'))
    expect(parsed).toMatchObject({ request: { leftBytes: Number.MAX_SAFE_INTEGER } })
  })

  test('[H02] the IP field of a third party leaves no trace in what was read', () => {
    const parsed = parseUdpRequest(packetOf('srv-announce-ip-victim'))
    expect(JSON.stringify(parsed)).not.toContain('8.8.8.8')
  })

  test('[G02] an interval of 2^32 − 1 is a day', () => {
    const parsed = parseUdpResponse(packetOf('cli-resp-interval-max'), 6)
    expect(parsed).toMatchObject({ response: { intervalSeconds: INTERVAL_SECONDS_MAX } })
  })

  test('[G13] an error of control characters is shown escaped', () => {
    const parsed = parseUdpResponse(packetOf('cli-resp-error-binary'), 6)
    expect(parsed).toMatchObject({ action: 'error', sentence: '\\u{fffd}\\u{1b}[31m\\u{a}' })
  })

  test('[G12] of 10,000 peers in one packet 2,000 are taken', () => {
    const parsed = parseUdpResponse(packetOf('cli-resp-64k-peers'), 6)
    if (parsed.action !== 'announce') throw new Error(parsed.action)
    expect(parsed.response.peers).toHaveLength(PEERS_PER_RESPONSE_MAX)
  })
})

describe('requests', () => {
  test('a connect is the 16 bytes of BEP 15', () => {
    expect(encodeConnectRequest(0xdeadbeef)).toEqual(hex('000004172710198000000000deadbeef'))
  })

  test('an announce says each field at its offset of BEP 15, the IP field 0 and numwant −1 unless told', () => {
    const request = { ...ANNOUNCE, event: 'started', key: 0x01020304 } as const
    const packet = encodeUdpAnnounce(ID, 7, request)
    expect(packet).toEqual(
      hex(
        '11223344556677880000000100000007000102030405060708090a0b0c0d0e0f101112132d5858303030312d303132333435363738396162000000000000000100000000000000020000000000000003000000020000000001020304ffffffff1ae1',
      ),
    )
  })

  test('events are numbered none 0, completed 1, started 2, stopped 3; paused has no number', () => {
    const events = [undefined, 'completed', 'started', 'stopped', 'paused'] as const
    const numbers = events.map((event) => {
      const packet = encodeUdpAnnounce(ID, 7, { ...ANNOUNCE, ...(event ? { event } : {}) })
      return packet[83]
    })
    expect(numbers).toEqual([0, 1, 2, 3, 0])
  })

  test('counters beyond 32 bits keep their high half', () => {
    const packet = encodeUdpAnnounce(ID, 7, { ...ANNOUNCE, leftBytes: 2 ** 53 - 1 })
    expect(packet.subarray(64, 72)).toEqual(hex('001fffffffffffff'))
    expect(parseUdpRequest(packet)).toMatchObject({ request: { leftBytes: 2 ** 53 - 1 } })
  })

  test('URL data of more than 255 bytes travels in pieces and comes back whole (BEP 41)', () => {
    const urlData = `/announce?passkey=${'k'.repeat(600)}&ct=1`
    const packet = encodeUdpAnnounce(ID, 7, ANNOUNCE, urlData)
    expect(packet[98]).toBe(2)
    expect(packet[99]).toBe(255)
    expect(parseUdpRequest(packet)).toMatchObject({ urlData })
  })

  test('parameters of URL data are kept for extensions', () => {
    const parsed = parseUdpRequest(
      encodeUdpAnnounce(ID, 7, ANNOUNCE, '/announce?ct=1&ct_site=%C3%A4'),
    )
    if (parsed.action !== 'announce') throw new Error(parsed.action)
    expect([...(parsed.request.extra ?? [])]).toEqual([
      ['ct', '1'],
      ['ct_site', 'ä'],
    ])
  })

  test('what was read keeps nothing of the packet: its memory may be used again', () => {
    const packet = encodeUdpAnnounce(ID, 7, ANNOUNCE)
    const parsed = parseUdpRequest(packet)
    const before = JSON.stringify(parsed)
    packet.fill(0xdb)
    expect(JSON.stringify(parsed)).toBe(before)
  })

  test('[H09] a scrape asks for 74 infohashes at most', () => {
    const many = Array.from({ length: 100 }, () => INFO_HASH)
    const packet = encodeUdpScrape(ID, 7, many)
    expect(packet).toHaveLength(16 + 20 * SCRAPE_HASHES_MAX)
    expect(parseUdpRequest(packet)).toMatchObject({ infoHashes: { length: SCRAPE_HASHES_MAX } })
  })

  test('a connect without the protocol id is refused, and still has a transaction to name', () => {
    const packet = hex('000004172710198100000000deadbeef')
    expect(() => parseUdpRequest(packet)).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
    expect(transactionIdOf(packet)).toBe(0xdeadbeef)
    expect(transactionIdOf(packet.subarray(0, 15))).toBeUndefined()
  })

  test('port 0 is allowed in a goodbye alone', () => {
    const stopped = encodeUdpAnnounce(ID, 7, { ...ANNOUNCE, port: 0, event: 'stopped' })
    expect(parseUdpRequest(stopped)).toMatchObject({ request: { port: 0 } })
  })
})

describe('responses', () => {
  const response = {
    intervalSeconds: 1800,
    complete: 5,
    incomplete: 3,
    peers: [
      { host: '1.2.3.4', port: 6881 },
      { host: '2001:db8::1', port: 6881 },
      { host: '9.8.7.6', port: 8208 },
    ],
  }

  test('an announce over IPv4 names IPv4 peers in 6 bytes, leeches before seeds', () => {
    expect(encodeUdpAnnounceResponse(7, response, 6)).toEqual(
      hex('0000000100000007000007080000000300000005010203041ae1090807062010'),
    )
  })

  test('an announce over IPv6 names IPv6 peers in 18 bytes', () => {
    expect(encodeUdpAnnounceResponse(7, response, 18)).toEqual(
      hex('000000010000000700000708000000030000000520010db80000000000000000000000011ae1'),
    )
  })

  test('a scrape names seeds, completed, leeches: unlike an announce', () => {
    const packet = encodeUdpScrapeResponse(7, [{ complete: 1, downloaded: 2, incomplete: 3 }])
    expect(packet).toEqual(hex('0000000200000007000000010000000200000003'))
    expect(parseUdpResponse(packet, 6)).toEqual({
      action: 'scrape',
      transactionId: 7,
      counts: [{ complete: 1, downloaded: 2, incomplete: 3 }],
    })
  })

  test('[H07] no answer is longer than an unfragmented packet', () => {
    const peers = Array.from({ length: 2000 }, (_, at) => ({ host: '1.2.3.4', port: at + 1 }))
    const packet = encodeUdpAnnounceResponse(7, { ...response, peers }, 6)
    expect(packet.length).toBeLessThanOrEqual(UDP_RESPONSE_LENGTH_MAX)
    expect(packet.length).toBeGreaterThan(UDP_RESPONSE_LENGTH_MAX - 6)
  })

  test('packed peers are written as they are', () => {
    const packed = hex('0a0b0c0d0e0f')
    const packet = encodeUdpAnnounceResponse(
      7,
      { ...response, peers: [{ host: 'unused', port: 1, packed }] },
      6,
    )
    expect(packet.subarray(20)).toEqual(packed)
  })

  test('peers of port 0 are left out', () => {
    const packet = hex('00000001000000070000070800000000000000000102030400000102030400ff')
    expect(parseUdpResponse(packet, 6)).toMatchObject({
      response: { peers: [{ host: '1.2.3.4', port: 255 }] },
    })
  })

  test('an action of an extension is handed on with its payload', () => {
    expect(parseUdpResponse(hex('0000637500000007646565'), 6)).toEqual({
      action: 'other',
      code: 0x6375,
      transactionId: 7,
      payload: hex('646565'),
    })
  })

  test('an error is 8 bytes and its sentence, cut at 500 characters', () => {
    expect(encodeUdpError(7, 'no')).toEqual(hex('00000003000000076e6f'))
    expect(encodeUdpError(7, 'x'.repeat(1_000_000))).toHaveLength(508)
  })
})
