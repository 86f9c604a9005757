// Announce and scrape answers as bencoded bodies, both ways (BEP 3, 7, 21, 23, 24, 31, 48).
//
// Reading forgives what trackers in the wild do (unsorted keys, either form of peers whatever was asked), and drops
// single bad peers; it never forgives broken bencode or a packed list of the wrong length.

import {
  type BencodeDict,
  type BencodeValue,
  decodeLenient,
  encode,
  type Encodable,
  keyOfBytes,
  textOfBytes,
  TRACKER_LIMITS,
} from '@bt/bencode'
import {
  formatIp,
  idBytes,
  type InfoHash,
  packEndpoint,
  parseInfoHash,
  parseIp,
  parsePeerId,
  unpackEndpoint,
} from '@bt/primitives'
import type { AnnouncedPeer, AnnounceResponse } from './announce.ts'
import { TrackerProtocolError } from './errors.ts'
import { printable } from './printable.ts'
import type { ScrapeCounts, ScrapeResponse } from './scrape.ts'
import {
  INTERVAL_SECONDS_MAX,
  PEERS_PER_RESPONSE_MAX,
  TRACKER_ID_LENGTH_MAX,
} from './tracker-limits.ts'

const KNOWN: ReadonlySet<string> = new Set([
  'interval',
  'min interval',
  'complete',
  'incomplete',
  'downloaded',
  'downloaders',
  'peers',
  'peers6',
  'warning message',
  'failure reason',
  'retry in',
  'tracker id',
  'external ip',
])

/** How the peers of a body are written: 6 and 18 bytes (BEP 7, 23), or dictionaries with or without ids. */
export type PeerForm = 'compact' | 'dictionaries' | 'dictionaries-without-ids'

/** The body of an answer to an announce; with a failure nothing else is written but `retry in`. */
export function encodeAnnounceBody(
  response: AnnounceResponse,
  form: PeerForm = 'compact',
): Uint8Array {
  if (response.failure !== undefined)
    return encodeFailure(response.failure, response.retryInMinutes)
  const body = new Map<string, Encodable>([
    ['complete', response.complete],
    ['incomplete', response.incomplete],
    ['interval', response.intervalSeconds],
  ])
  if (response.downloaders !== undefined) body.set('downloaders', response.downloaders)
  if (response.minIntervalSeconds !== undefined)
    body.set('min interval', response.minIntervalSeconds)
  if (response.warning !== undefined) body.set('warning message', response.warning)
  if (response.trackerId !== undefined) body.set('tracker id', response.trackerId)
  const external =
    response.externalAddress === undefined ? undefined : parseIp(response.externalAddress)
  if (external !== undefined) body.set('external ip', external)
  if (form === 'compact') {
    body.set('peers', packed(response.peers, 6))
    const peers6 = packed(response.peers, 18)
    if (peers6.length > 0) body.set('peers6', peers6)
  } else
    body.set(
      'peers',
      response.peers.map((peer) => peerDictionary(peer, form === 'dictionaries')),
    )
  // An extension adds words; it does not change those of the protocol.
  for (const [key, value] of response.extra ?? []) if (!KNOWN.has(key)) body.set(key, value)
  return encode(body)
}

/** A refusal with a sentence for people (BEP 3), and when to come back (BEP 31). */
export function encodeFailure(reason: string, retryInMinutes?: number | 'never'): Uint8Array {
  const body = new Map<string, Encodable>([['failure reason', reason]])
  if (retryInMinutes !== undefined) body.set('retry in', retryInMinutes)
  return encode(body)
}

/**
 * A tracker's answer, whichever form it chose. Peers with port 0 or an impossible address are left out.
 * @throws {BencodeError} when the body is not bencode
 * @throws {TrackerProtocolError} when it is no dictionary or its packed peers have a wrong length
 */
export function parseAnnounceBody(body: Uint8Array): AnnounceResponse {
  const dict = dictionaryOf(body)
  const failure = dict.get('failure reason')
  const retry = retryOf(dict.get('retry in'))
  if (failure instanceof Uint8Array) {
    const refused = {
      intervalSeconds: 0,
      complete: 0,
      incomplete: 0,
      peers: [],
      failure: printable(failure),
    }
    return retry === undefined ? refused : { ...refused, retryInMinutes: retry }
  }
  const minimum = countOf(dict.get('min interval'))
  const downloaders = countOf(dict.get('downloaders'))
  const warning = dict.get('warning message')
  const trackerId = trackerIdOf(dict.get('tracker id'))
  const external = dict.get('external ip')
  const extra = new Map([...dict].filter(([key]) => !KNOWN.has(key)))
  return {
    intervalSeconds: Math.min(countOf(dict.get('interval')) ?? 0, INTERVAL_SECONDS_MAX),
    complete: countOf(dict.get('complete')) ?? 0,
    incomplete: countOf(dict.get('incomplete')) ?? 0,
    peers: peersOf(dict),
    ...(minimum === undefined
      ? {}
      : { minIntervalSeconds: Math.min(minimum, INTERVAL_SECONDS_MAX) }),
    ...(downloaders === undefined ? {} : { downloaders }),
    ...(warning instanceof Uint8Array ? { warning: printable(warning) } : {}),
    ...(trackerId === undefined ? {} : { trackerId }),
    ...(external instanceof Uint8Array && (external.length === 4 || external.length === 16)
      ? { externalAddress: formatIp(external) }
      : {}),
    ...(extra.size > 0 ? { extra } : {}),
  }
}

/** The body of an answer to a scrape (BEP 48). */
export function encodeScrapeBody(response: ScrapeResponse): Uint8Array {
  if (response.failure !== undefined) return encodeFailure(response.failure)
  const files = new Map<string, Encodable>()
  for (const [hash, counts] of response.files) {
    const of = new Map<string, Encodable>([
      ['complete', counts.complete],
      ['downloaded', counts.downloaded],
      ['incomplete', counts.incomplete],
    ])
    if (counts.downloaders !== undefined) of.set('downloaders', counts.downloaders)
    files.set(keyOfBytes(idBytes(hash)), of)
  }
  const body = new Map<string, Encodable>([['files', files]])
  if (response.minRequestIntervalSeconds !== undefined)
    body.set('flags', new Map([['min_request_interval', response.minRequestIntervalSeconds]]))
  return encode(body)
}

/**
 * A tracker's answer to a scrape; counts that are negative or no numbers are 0.
 * @throws {BencodeError} when the body is not bencode
 * @throws {TrackerProtocolError} when it is no dictionary
 */
export function parseScrapeBody(body: Uint8Array): ScrapeResponse {
  const dict = dictionaryOf(body)
  const failure = dict.get('failure reason')
  const files = new Map<InfoHash, ScrapeCounts>()
  const listed = dict.get('files')
  for (const [key, value] of listed instanceof Map ? (listed as BencodeDict) : []) {
    const hash = parseInfoHash(Uint8Array.from(key, (character) => character.charCodeAt(0)))
    if (hash === undefined || !(value instanceof Map)) continue
    const counts = value as BencodeDict
    const downloaders = countOf(counts.get('downloaders'))
    files.set(hash, {
      complete: countOf(counts.get('complete')) ?? 0,
      incomplete: countOf(counts.get('incomplete')) ?? 0,
      downloaded: countOf(counts.get('downloaded')) ?? 0,
      ...(downloaders === undefined ? {} : { downloaders }),
    })
  }
  const flags = dict.get('flags')
  const interval =
    flags instanceof Map ? countOf((flags as BencodeDict).get('min_request_interval')) : undefined
  return {
    files,
    ...(failure instanceof Uint8Array ? { failure: printable(failure) } : {}),
    ...(interval === undefined
      ? {}
      : { minRequestIntervalSeconds: Math.min(interval, INTERVAL_SECONDS_MAX) }),
  }
}

function dictionaryOf(body: Uint8Array): BencodeDict {
  const { value } = decodeLenient(body, TRACKER_LIMITS)
  if (value instanceof Map) return value as BencodeDict
  throw new TrackerProtocolError('MALFORMED', 'body', 'the answer is not a dictionary')
}

function peersOf(dict: BencodeDict): readonly AnnouncedPeer[] {
  const peers: AnnouncedPeer[] = []
  const take = (peer: AnnouncedPeer | undefined): void => {
    if (peer !== undefined && peer.port > 0 && peers.length < PEERS_PER_RESPONSE_MAX)
      peers.push(peer)
  }
  for (const [key, length] of [
    ['peers', 6],
    ['peers6', 18],
  ] as const) {
    const listed = dict.get(key)
    if (listed instanceof Uint8Array) {
      if (listed.length % length !== 0)
        throw new TrackerProtocolError(
          'MALFORMED',
          key,
          `${key} has ${listed.length} bytes, not a multiple of ${length}`,
        )
      const end = Math.min(listed.length, PEERS_PER_RESPONSE_MAX * length)
      for (let at = 0; at < end; at += length) take(unpackEndpoint(listed, at, length))
    } else if (Array.isArray(listed))
      for (const one of listed.slice(0, PEERS_PER_RESPONSE_MAX) as readonly BencodeValue[])
        take(peerOf(one))
  }
  return peers
}

/** A peer's dictionary; undefined when its address or port cannot be (BEP 3; the address may be a DNS name). */
function peerOf(value: BencodeValue): AnnouncedPeer | undefined {
  if (!(value instanceof Map)) return undefined
  const dict = value as BencodeDict
  const ip = dict.get('ip')
  const port = dict.get('port')
  const id = dict.get('peer id')
  if (!(ip instanceof Uint8Array) || typeof port !== 'number' || port < 1 || port > 65535)
    return undefined
  const text = textOfBytes(ip)
  if (text === undefined || text.length > 253) return undefined
  const address = parseIp(text)
  const host = address === undefined ? text.toLowerCase() : formatIp(address)
  if (address === undefined && !/^(?=.*[a-z])[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(host))
    return undefined
  const peerId = id instanceof Uint8Array ? parsePeerId(id) : undefined
  return peerId === undefined ? { host, port } : { host, port, peerId }
}

function peerDictionary(peer: AnnouncedPeer, withId: boolean): Encodable {
  const dict = new Map<string, Encodable>([
    ['ip', peer.host],
    ['port', peer.port],
  ])
  if (withId && peer.peerId !== undefined) dict.set('peer id', idBytes(peer.peerId))
  return dict
}

function packed(peers: readonly AnnouncedPeer[], length: 6 | 18): Uint8Array {
  const each = peers
    .map((peer) => peer.packed ?? packEndpoint(peer))
    .filter((bytes) => bytes?.length === length)
  const whole = new Uint8Array(each.length * length)
  for (const [at, bytes] of each.entries()) whole.set(bytes as Uint8Array, at * length)
  return whole
}

function countOf(value: BencodeValue | undefined): number | undefined {
  if (typeof value === 'bigint') return value > 0n ? Number.MAX_SAFE_INTEGER : 0
  return typeof value === 'number' ? Math.max(0, value) : undefined
}

/** Minutes, or the text `never`; the example in BEP 31 writes the number as a string, so both are read. */
function retryOf(value: BencodeValue | undefined): number | 'never' | undefined {
  if (!(value instanceof Uint8Array)) return countOf(value)
  const text = textOfBytes(value)
  if (text === 'never') return 'never'
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

function trackerIdOf(value: BencodeValue | undefined): string | undefined {
  if (!(value instanceof Uint8Array) || value.length > TRACKER_ID_LENGTH_MAX) return undefined
  return textOfBytes(value)
}
