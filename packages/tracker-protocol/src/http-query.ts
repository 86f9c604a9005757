// Announce and scrape as HTTP query strings, both ways (BEP 3, 7, 23, 48).
//
// Values are percent-encoded bytes, so no URL class may touch them. The first of two parameters of one name
// counts; addresses that a client claims for itself (ip, ipv4, ipv6) are dropped here and nowhere else.

import { idBytes, type InfoHash, parseInfoHash, parsePeerId } from '@bt/primitives'
import type { AnnounceEvent, AnnounceRequest } from './announce.ts'
import { TrackerProtocolError } from './errors.ts'
import { percentDecode, percentEncode, percentEncodeText } from './percent.ts'
import {
  PARAMETERS_MAX,
  QUERY_LENGTH_MAX,
  SCRAPE_HASHES_MAX,
  TRACKER_ID_LENGTH_MAX,
} from './tracker-limits.ts'

const EVENTS: ReadonlySet<string> = new Set(['started', 'completed', 'stopped', 'paused'])
/** Known to the protocol, or claims that nobody believes: not handed on in `extra`. */
const KNOWN: ReadonlySet<string> = new Set([
  'info_hash',
  'peer_id',
  'port',
  'uploaded',
  'downloaded',
  'left',
  'event',
  'numwant',
  'key',
  'compact',
  'no_peer_id',
  'trackerid',
  'ip',
  'ipv4',
  'ipv6',
  'corrupt',
  'redundant',
  'supportcrypto',
  'requirecrypto',
])

/** The tracker's announce URL with the request in its query; the URL may have a query of its own. */
export function announceUrl(tracker: string, request: AnnounceRequest): string {
  const parts = [
    `info_hash=${percentEncode(idBytes(request.infoHash))}`,
    `peer_id=${percentEncode(idBytes(request.peerId))}`,
    `port=${request.port}`,
    `uploaded=${request.uploadedBytes}`,
    `downloaded=${request.downloadedBytes}`,
    `left=${request.leftBytes}`,
    `compact=${request.compact === false ? 0 : 1}`,
  ]
  if (request.withoutPeerIds === true) parts.push('no_peer_id=1')
  if (request.numWant !== undefined) parts.push(`numwant=${request.numWant}`)
  if (request.key !== undefined) parts.push(`key=${request.key.toString(16).padStart(8, '0')}`)
  if (request.event !== undefined) parts.push(`event=${request.event}`)
  if (request.trackerId !== undefined)
    parts.push(`trackerid=${percentEncodeText(request.trackerId)}`)
  if (request.extra !== undefined && request.extra.size > 0) parts.push(extraQuery(request.extra))
  return withQuery(tracker, parts.join('&'))
}

/** Parameters of extensions as they stand in a query: percent-encoded UTF-8. */
export function extraQuery(extra: ReadonlyMap<string, string>): string {
  return [...extra]
    .map(([name, value]) => `${percentEncodeText(name)}=${percentEncodeText(value)}`)
    .join('&')
}

/** A scrape URL (see `scrapeUrl`) with the infohashes in its query, at most `SCRAPE_HASHES_MAX` of them. */
export function scrapeRequestUrl(scrape: string, infoHashes: readonly InfoHash[]): string {
  return withQuery(
    scrape,
    infoHashes
      .slice(0, SCRAPE_HASHES_MAX)
      .map((hash) => `info_hash=${percentEncode(idBytes(hash))}`)
      .join('&'),
  )
}

/**
 * What a client asks, from the query of its request (without `?`).
 * @throws {TrackerProtocolError} with a sentence that may be sent back as failure reason
 */
export function parseAnnounceQuery(query: string): AnnounceRequest {
  const parameters = readQuery(query)
  const infoHash = parseInfoHash(bytesOf(parameters, 'info_hash', 20))
  const peerId = parsePeerId(bytesOf(parameters, 'peer_id', 20))
  if (infoHash === undefined || peerId === undefined)
    throw malformed('info_hash', 'is not 20 bytes')
  const event = parameters.get('event') ?? ''
  const stopped = event === 'stopped'
  const port = wholeNumber(parameters, 'port', stopped ? 0 : undefined)
  if (port > 65535 || (port === 0 && !stopped))
    throw new TrackerProtocolError('OUT_OF_RANGE', 'port', `port ${port} is not 1 … 65535`)
  const numWant = parameters.get('numwant')
  const key = parameters.get('key')
  const trackerId = textOf(parameters.get('trackerid'))
  const extra = new Map<string, string>()
  for (const [name, value] of parameters) {
    const text = KNOWN.has(name) ? undefined : textOf(value)
    if (text !== undefined) extra.set(name, text)
  }
  return {
    infoHash,
    peerId,
    port,
    uploadedBytes: wholeNumber(parameters, 'uploaded', 0),
    downloadedBytes: wholeNumber(parameters, 'downloaded', 0),
    leftBytes: wholeNumber(parameters, 'left', undefined),
    ...(EVENTS.has(event) ? { event: event as AnnounceEvent } : {}),
    ...(numWant !== undefined && /^\d{1,9}$/.test(numWant) ? { numWant: Number(numWant) } : {}),
    ...(key !== undefined && /^[0-9a-fA-F]{1,8}$/.test(key)
      ? { key: Number.parseInt(key, 16) }
      : {}),
    ...(parameters.has('compact') ? { compact: parameters.get('compact') !== '0' } : {}),
    ...(parameters.get('no_peer_id') === '1' ? { withoutPeerIds: true } : {}),
    ...(trackerId !== undefined && trackerId.length <= TRACKER_ID_LENGTH_MAX ? { trackerId } : {}),
    ...(extra.size > 0 ? { extra } : {}),
  }
}

/**
 * The infohashes of a scrape; an empty list when there are none (a scrape of everything, which a server may refuse).
 * @throws {TrackerProtocolError} when one is not 20 bytes, or there are too many
 */
export function parseScrapeQuery(query: string): readonly InfoHash[] {
  const hashes: InfoHash[] = []
  refuseLong(query)
  for (const [name, value] of pairs(query, PARAMETERS_MAX + SCRAPE_HASHES_MAX)) {
    if (name !== 'info_hash') continue
    const hash = parseInfoHash(percentDecode(value) ?? '')
    if (hash === undefined) throw malformed('info_hash', 'is not 20 percent-encoded bytes')
    if (hashes.length === SCRAPE_HASHES_MAX)
      throw new TrackerProtocolError(
        'TOO_LONG',
        'info_hash',
        `more than ${SCRAPE_HASHES_MAX} infohashes in one scrape`,
      )
    hashes.push(hash)
  }
  return hashes
}

/** Parameters of a URL's own query as text (BEP 41 URL data, a tracker's passkey); broken ones are left out. */
export function parseExtraQuery(query: string): ReadonlyMap<string, string> {
  const extra = new Map<string, string>()
  for (const [name, value] of pairs(query)) {
    const text = textOf(value)
    if (text !== undefined && !extra.has(name)) extra.set(name, text)
  }
  return extra
}

function readQuery(query: string): ReadonlyMap<string, string> {
  refuseLong(query)
  const parameters = new Map<string, string>()
  for (const [name, value] of pairs(query)) if (!parameters.has(name)) parameters.set(name, value)
  return parameters
}

function refuseLong(query: string): void {
  if (query.length > QUERY_LENGTH_MAX)
    throw new TrackerProtocolError(
      'TOO_LONG',
      'query',
      `a query of ${query.length} characters, limit ${QUERY_LENGTH_MAX}`,
    )
}

function* pairs(query: string, most = PARAMETERS_MAX): Iterable<readonly [string, string]> {
  let parameters = 0
  for (let from = 0; from < query.length && parameters < most; parameters++) {
    const end = query.indexOf('&', from)
    const until = end < 0 ? query.length : end
    const equals = query.indexOf('=', from)
    if (equals > from && equals < until)
      yield [query.slice(from, equals), query.slice(equals + 1, until)]
    from = until + 1
  }
}

function bytesOf(
  parameters: ReadonlyMap<string, string>,
  name: string,
  length: number,
): Uint8Array {
  const value = parameters.get(name)
  if (value === undefined) throw new TrackerProtocolError('MISSING', name, `${name} is missing`)
  const bytes = percentDecode(value)
  if (bytes === undefined) throw malformed(name, 'has a broken percent escape')
  if (bytes.length !== length)
    throw malformed(name, `has ${bytes.length} bytes instead of ${length}`)
  return bytes
}

/** Decimal digits only (`Number` would take hex, spaces and exponents); beyond 2^53 clamped, beyond 2^64 refused. */
function wholeNumber(
  parameters: ReadonlyMap<string, string>,
  name: string,
  absent: number | undefined,
): number {
  const value = parameters.get(name)
  if (value === undefined || value === '') {
    if (absent !== undefined) return absent
    throw new TrackerProtocolError('MISSING', name, `${name} is missing`)
  }
  if (!/^\d{1,20}$/.test(value)) throw malformed(name, 'is not a decimal number')
  if (BigInt(value) >= 2n ** 64n)
    throw new TrackerProtocolError('OUT_OF_RANGE', name, `${name} is 2^64 or more`)
  return Math.min(Number(value), Number.MAX_SAFE_INTEGER)
}

function textOf(value: string | undefined): string | undefined {
  const bytes = value === undefined ? undefined : percentDecode(value)
  if (bytes === undefined) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** `url` with `query` added to the one that it may have; a fragment is dropped. */
export function withQuery(url: string, query: string): string {
  if (query === '') return url
  const hash = url.indexOf('#')
  const bare = hash < 0 ? url : url.slice(0, hash)
  if (!bare.includes('?')) return `${bare}?${query}`
  return /[?&]$/.test(bare) ? `${bare}${query}` : `${bare}&${query}`
}

function malformed(field: string, what: string): TrackerProtocolError {
  return new TrackerProtocolError('MALFORMED', field, `${field} ${what}`)
}
