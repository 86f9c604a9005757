// What strangers may say to a tracker and to its clients, as targets for mutation.
import type { FuzzTarget } from '../../../tests/support/mutate.ts'
import { findVectors } from '../../../tests/support/vectors.ts'
import {
  announceUrl,
  encodeAnnounceBody,
  encodeConnectRequest,
  encodeConnectResponse,
  encodeScrapeBody,
  encodeUdpAnnounce,
  encodeUdpAnnounceResponse,
  encodeUdpError,
  encodeUdpExtended,
  encodeUdpScrape,
  encodeUdpScrapeResponse,
  parseAnnounceBody,
  parseAnnounceQuery,
  parseScrapeBody,
  parseScrapeQuery,
  parseUdpRequest,
  parseUdpResponse,
  scrapeRequestUrl,
} from '../src/index.ts'
import { ANNOUNCE, ascii, hex, INFO_HASH } from './bytes.ts'

const ID = hex('1122334455667788')
const RESPONSE = {
  intervalSeconds: 1800,
  minIntervalSeconds: 60,
  complete: 5,
  incomplete: 3,
  downloaders: 2,
  warning: 'slow down',
  trackerId: 'abc',
  externalAddress: '1.2.3.4',
  peers: [
    { host: '1.2.3.4', port: 6881, peerId: ANNOUNCE.peerId },
    { host: '2001:db8::1', port: 6882, peerId: ANNOUNCE.peerId },
  ],
}
const EXTENDED = { ...RESPONSE, extra: new Map([['ct', new Map([['v', 1]])]]) }
const COUNTS = { complete: 1, incomplete: 2, downloaded: 3, downloaders: 1 }

const foreign = (name: string, of: (one: Record<string, unknown>) => string | undefined) =>
  (findVectors()?.kat(name) ?? []).flatMap((one) => {
    const text = of(one)
    return text === undefined ? [] : [hex(text)]
  })
const udp = (direction: string): readonly Uint8Array[] =>
  foreign('bep15-udp-tracker', (one) =>
    one['direction'] === direction && String(one['hex']).length < 4000
      ? String(one['hex'])
      : undefined,
  )
const bodies = (kind: string): readonly Uint8Array[] =>
  foreign('http-tracker-responses', (one) =>
    one['kind'] === kind && typeof one['body_hex'] === 'string' ? one['body_hex'] : undefined,
  )
const queryOf = (url: string): Uint8Array => ascii(url.slice(url.indexOf('?') + 1))
const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
const EXPECTED = ['TrackerProtocolError', 'BencodeError']

export const targets: Record<string, FuzzTarget> = {
  'udp request': {
    seeds: [
      encodeConnectRequest(7),
      encodeUdpAnnounce(ID, 7, ANNOUNCE, '/announce?ct=1&passkey=abc'),
      encodeUdpScrape(ID, 7, [INFO_HASH, INFO_HASH]),
      ...udp('request'),
    ],
    expects: EXPECTED,
    run: (bytes) => void parseUdpRequest(bytes),
  },
  'udp response over IPv4': {
    seeds: [
      encodeConnectResponse(7, ID),
      encodeUdpAnnounceResponse(7, RESPONSE, 6),
      encodeUdpScrapeResponse(7, [COUNTS, COUNTS]),
      encodeUdpError(7, 'no'),
      encodeUdpExtended(7, EXTENDED) as Uint8Array,
      ...udp('response'),
    ],
    expects: EXPECTED,
    run: (bytes) => void parseUdpResponse(bytes, 6),
  },
  'udp response over IPv6': {
    seeds: [encodeUdpAnnounceResponse(7, RESPONSE, 18), ...udp('response')],
    expects: EXPECTED,
    run: (bytes) => void parseUdpResponse(bytes, 18),
  },
  'announce body': {
    seeds: [
      encodeAnnounceBody(RESPONSE),
      encodeAnnounceBody(RESPONSE, 'dictionaries'),
      ...bodies('announce'),
    ],
    expects: EXPECTED,
    run: (bytes) => void parseAnnounceBody(bytes),
  },
  'scrape body': {
    seeds: [encodeScrapeBody({ files: new Map([[INFO_HASH, COUNTS]]) }), ...bodies('scrape')],
    expects: EXPECTED,
    run: (bytes) => void parseScrapeBody(bytes),
  },
  'announce query': {
    seeds: [queryOf(announceUrl('http://t/announce', { ...ANNOUNCE, key: 7, numWant: 50 }))],
    expects: EXPECTED,
    run: (bytes) => void parseAnnounceQuery(textOf(bytes)),
  },
  'scrape query': {
    seeds: [queryOf(scrapeRequestUrl('http://t/scrape', [INFO_HASH, INFO_HASH]))],
    expects: EXPECTED,
    run: (bytes) => void parseScrapeQuery(textOf(bytes)),
  },
}
