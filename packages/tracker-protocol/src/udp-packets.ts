// Tracker messages over UDP, both ways (BEP 15, 41).
//
// Packets may be longer than specified and never shorter. The family of the socket decides whether a peer has 6 or
// 18 bytes. Counters of 64 bits that exceed 2^53 are clamped. Nothing here keeps a view of what it read.

import {
  type Endpoint,
  idBytes,
  type InfoHash,
  packEndpoint,
  parseInfoHash,
  parsePeerId,
  unpackEndpoint,
} from '@bt/primitives'
import type { AnnounceEvent, AnnounceRequest, AnnounceResponse } from './announce.ts'
import { TrackerProtocolError } from './errors.ts'
import { parseExtraQuery } from './http-query.ts'
import { printable } from './printable.ts'
import type { ScrapeCounts } from './scrape.ts'
import {
  INTERVAL_SECONDS_MAX,
  PEERS_PER_RESPONSE_MAX,
  SCRAPE_HASHES_MAX,
  TEXT_LENGTH_MAX,
  UDP_RESPONSE_LENGTH_MAX,
} from './tracker-limits.ts'
import { encodeUrlData, readUrlData } from './url-data.ts'

export const UDP_ACTION = { connect: 0, announce: 1, scrape: 2, error: 3 } as const

const MAGIC_HIGH = 0x417
const MAGIC_LOW = 0x27101980
/** Index is the number on the wire; 'paused' (BEP 21) has none and travels as 0. */
const EVENTS: readonly (AnnounceEvent | undefined)[] = [
  undefined,
  'completed',
  'started',
  'stopped',
]
const ANNOUNCE_LENGTH = 98

export type UdpRequest =
  | { readonly action: 'connect'; readonly transactionId: number }
  | {
      readonly action: 'announce'
      readonly transactionId: number
      /** 8 bytes, a copy: to be proven by whoever gave it out. */
      readonly connectionId: Uint8Array
      readonly request: AnnounceRequest
      /** Path and query of the URL that the client announces to (BEP 41); empty when it says none. */
      readonly urlData: string
    }
  | {
      readonly action: 'scrape'
      readonly transactionId: number
      readonly connectionId: Uint8Array
      readonly infoHashes: readonly InfoHash[]
    }

/** 16 bytes. */
export function encodeConnectRequest(transactionId: number): Uint8Array {
  const packet = new Uint8Array(16)
  const view = new DataView(packet.buffer)
  view.setUint32(0, MAGIC_HIGH)
  view.setUint32(4, MAGIC_LOW)
  view.setUint32(8, UDP_ACTION.connect)
  view.setUint32(12, transactionId)
  return packet
}

/** 98 bytes and the URL's path and query, if there are any, as BEP 41 options. The IP field stays 0. */
export function encodeUdpAnnounce(
  connectionId: Uint8Array,
  transactionId: number,
  request: AnnounceRequest,
  urlData = '',
): Uint8Array {
  const options = encodeUrlData(urlData)
  const packet = new Uint8Array(ANNOUNCE_LENGTH + options.length)
  const view = new DataView(packet.buffer)
  packet.set(connectionId)
  view.setUint32(8, UDP_ACTION.announce)
  view.setUint32(12, transactionId)
  packet.set(idBytes(request.infoHash), 16)
  packet.set(idBytes(request.peerId), 36)
  setUint53(view, 56, request.downloadedBytes)
  setUint53(view, 64, request.leftBytes)
  setUint53(view, 72, request.uploadedBytes)
  view.setUint32(80, Math.max(0, EVENTS.indexOf(request.event)))
  view.setUint32(88, request.key ?? 0)
  view.setInt32(92, request.numWant ?? -1)
  view.setUint16(96, request.port)
  packet.set(options, ANNOUNCE_LENGTH)
  return packet
}

/** 16 bytes and 20 for each infohash, at most `SCRAPE_HASHES_MAX` of them. */
export function encodeUdpScrape(
  connectionId: Uint8Array,
  transactionId: number,
  infoHashes: readonly InfoHash[],
): Uint8Array {
  const hashes = infoHashes.slice(0, SCRAPE_HASHES_MAX)
  const packet = new Uint8Array(16 + 20 * hashes.length)
  const view = new DataView(packet.buffer)
  packet.set(connectionId)
  view.setUint32(8, UDP_ACTION.scrape)
  view.setUint32(12, transactionId)
  for (const [at, hash] of hashes.entries()) packet.set(idBytes(hash), 16 + 20 * at)
  return packet
}

/**
 * What a client asks. The IP field of an announce is not read: the source address counts.
 * @throws {TrackerProtocolError} when the packet is too short, of an unknown action, or its numbers cannot be
 */
export function parseUdpRequest(packet: Uint8Array): UdpRequest {
  if (packet.length < 16) throw tooShort('packet', packet.length, 16)
  const view = viewOf(packet)
  const transactionId = view.getUint32(12)
  const action = view.getUint32(8)
  if (action === UDP_ACTION.connect) {
    if (view.getUint32(0) !== MAGIC_HIGH || view.getUint32(4) !== MAGIC_LOW)
      throw new TrackerProtocolError(
        'MALFORMED',
        'protocol id',
        'a connect without the protocol id of BEP 15',
      )
    return { action: 'connect', transactionId }
  }
  const connectionId = packet.slice(0, 8)
  if (action === UDP_ACTION.announce) {
    if (packet.length < ANNOUNCE_LENGTH) throw tooShort('announce', packet.length, ANNOUNCE_LENGTH)
    const urlData = readUrlData(packet.subarray(ANNOUNCE_LENGTH))
    return {
      action: 'announce',
      transactionId,
      connectionId,
      request: announceOf(packet, view, urlData),
      urlData,
    }
  }
  if (action === UDP_ACTION.scrape) {
    const hashes = Math.floor((packet.length - 16) / 20)
    if (hashes > SCRAPE_HASHES_MAX)
      throw new TrackerProtocolError(
        'TOO_LONG',
        'scrape',
        `${hashes} infohashes in one scrape, limit ${SCRAPE_HASHES_MAX}`,
      )
    const infoHashes = Array.from(
      { length: hashes },
      (_, at) => parseInfoHash(packet.subarray(16 + 20 * at, 36 + 20 * at)) as InfoHash,
    )
    return { action: 'scrape', transactionId, connectionId, infoHashes }
  }
  throw new TrackerProtocolError(
    'UNKNOWN_ACTION',
    'action',
    `action ${action} is not one of BEP 15`,
  )
}

/** The transaction id of anything a client sends, for an error in answer; undefined when it is too short to have one. */
export function transactionIdOf(packet: Uint8Array): number | undefined {
  return packet.length < 16 ? undefined : viewOf(packet).getUint32(12)
}

/** 16 bytes. */
export function encodeConnectResponse(transactionId: number, connectionId: Uint8Array): Uint8Array {
  const packet = head(UDP_ACTION.connect, transactionId, 16)
  packet.set(connectionId, 8)
  return packet
}

/** 20 bytes and 6 or 18 for each peer of the socket's family; peers past `UDP_RESPONSE_LENGTH_MAX` are left out. */
export function encodeUdpAnnounceResponse(
  transactionId: number,
  response: AnnounceResponse,
  stride: 6 | 18,
): Uint8Array {
  const room = Math.floor((UDP_RESPONSE_LENGTH_MAX - 20) / stride)
  const peers: Uint8Array[] = []
  for (const peer of response.peers) {
    const packed = packEndpoint(peer)
    if (packed?.length === stride && peers.length < room) peers.push(packed)
  }
  const packet = head(UDP_ACTION.announce, transactionId, 20 + stride * peers.length)
  const view = viewOf(packet)
  view.setUint32(8, response.intervalSeconds)
  view.setUint32(12, response.incomplete)
  view.setUint32(16, response.complete)
  for (const [at, peer] of peers.entries()) packet.set(peer, 20 + stride * at)
  return packet
}

/** 8 bytes and 12 for each count, in the order asked: seeds, completed, leeches (unlike an announce). */
export function encodeUdpScrapeResponse(
  transactionId: number,
  counts: readonly ScrapeCounts[],
): Uint8Array {
  const packet = head(UDP_ACTION.scrape, transactionId, 8 + 12 * counts.length)
  const view = viewOf(packet)
  for (const [at, of] of counts.entries()) {
    view.setUint32(8 + 12 * at, of.complete)
    view.setUint32(12 + 12 * at, of.downloaded)
    view.setUint32(16 + 12 * at, of.incomplete)
  }
  return packet
}

/** 8 bytes and a sentence. */
export function encodeUdpError(transactionId: number, sentence: string): Uint8Array {
  const text = new TextEncoder().encode(sentence.slice(0, TEXT_LENGTH_MAX))
  const packet = head(UDP_ACTION.error, transactionId, 8 + text.length)
  packet.set(text, 8)
  return packet
}

export type UdpResponse =
  | {
      readonly action: 'connect'
      readonly transactionId: number
      readonly connectionId: Uint8Array
    }
  | {
      readonly action: 'announce'
      readonly transactionId: number
      readonly response: AnnounceResponse
    }
  | {
      readonly action: 'scrape'
      readonly transactionId: number
      readonly counts: readonly ScrapeCounts[]
    }
  | { readonly action: 'error'; readonly transactionId: number; readonly sentence: string }
  /** An action of an extension: `payload` is a copy of what follows the transaction id. */
  | {
      readonly action: 'other'
      readonly code: number
      readonly transactionId: number
      readonly payload: Uint8Array
    }

/**
 * What a tracker answers. `stride` is 6 on an IPv4 socket and 18 on an IPv6 one; peers with port 0 are left out.
 * @throws {TrackerProtocolError} when the packet is too short or its peers are not whole
 */
export function parseUdpResponse(packet: Uint8Array, stride: 6 | 18): UdpResponse {
  if (packet.length < 8) throw tooShort('packet', packet.length, 8)
  const view = viewOf(packet)
  const code = view.getUint32(0)
  const transactionId = view.getUint32(4)
  switch (code) {
    case UDP_ACTION.connect:
      if (packet.length < 16) throw tooShort('connect', packet.length, 16)
      return { action: 'connect', transactionId, connectionId: packet.slice(8, 16) }
    case UDP_ACTION.announce:
      return {
        action: 'announce',
        transactionId,
        response: announceResponseOf(packet, view, stride),
      }
    case UDP_ACTION.scrape:
      return { action: 'scrape', transactionId, counts: countsOf(packet, view) }
    case UDP_ACTION.error:
      return { action: 'error', transactionId, sentence: printable(packet.subarray(8)) }
    default:
      return { action: 'other', code, transactionId, payload: packet.slice(8) }
  }
}

function announceOf(packet: Uint8Array, view: DataView, urlData: string): AnnounceRequest {
  const event = EVENTS[view.getUint32(80)]
  const port = view.getUint16(96)
  if (port === 0 && event !== 'stopped')
    throw new TrackerProtocolError('OUT_OF_RANGE', 'port', 'port 0 is not 1 … 65535')
  const numWant = view.getInt32(92)
  const question = urlData.indexOf('?')
  const extra = question < 0 ? undefined : parseExtraQuery(urlData.slice(question + 1))
  return {
    infoHash: parseInfoHash(packet.subarray(16, 36)) as InfoHash,
    peerId: parsePeerId(packet.subarray(36, 56)) as AnnounceRequest['peerId'],
    downloadedBytes: getUint53(view, 56),
    leftBytes: getUint53(view, 64),
    uploadedBytes: getUint53(view, 72),
    port,
    key: view.getUint32(88),
    ...(event === undefined ? {} : { event }),
    ...(numWant < 0 ? {} : { numWant }),
    ...(extra === undefined || extra.size === 0 ? {} : { extra }),
  }
}

function announceResponseOf(packet: Uint8Array, view: DataView, stride: 6 | 18): AnnounceResponse {
  if (packet.length < 20) throw tooShort('announce', packet.length, 20)
  if ((packet.length - 20) % stride !== 0)
    throw new TrackerProtocolError(
      'MALFORMED',
      'peers',
      `${packet.length - 20} bytes of peers, not a multiple of ${stride}`,
    )
  const peers: Endpoint[] = []
  for (let at = 20; at < packet.length && peers.length < PEERS_PER_RESPONSE_MAX; at += stride) {
    const peer = unpackEndpoint(packet, at, stride)
    if (peer.port > 0) peers.push(peer)
  }
  return {
    intervalSeconds: Math.min(view.getUint32(8), INTERVAL_SECONDS_MAX),
    incomplete: view.getUint32(12),
    complete: view.getUint32(16),
    peers,
  }
}

function countsOf(packet: Uint8Array, view: DataView): readonly ScrapeCounts[] {
  const counts: ScrapeCounts[] = []
  for (let at = 8; at + 12 <= packet.length && counts.length < SCRAPE_HASHES_MAX; at += 12)
    counts.push({
      complete: view.getUint32(at),
      downloaded: view.getUint32(at + 4),
      incomplete: view.getUint32(at + 8),
    })
  return counts
}

function head(action: number, transactionId: number, length: number): Uint8Array {
  const packet = new Uint8Array(length)
  const view = viewOf(packet)
  view.setUint32(0, action)
  view.setUint32(4, transactionId)
  return packet
}

function viewOf(packet: Uint8Array): DataView {
  return new DataView(packet.buffer, packet.byteOffset, packet.length)
}

function setUint53(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / 0x100000000))
  view.setUint32(at + 4, value % 0x100000000)
}

function getUint53(view: DataView, at: number): number {
  const value = view.getUint32(at) * 0x100000000 + view.getUint32(at + 4)
  return Math.min(value, Number.MAX_SAFE_INTEGER)
}

function tooShort(what: string, length: number, needed: number): TrackerProtocolError {
  return new TrackerProtocolError(
    'TOO_SHORT',
    what,
    `${what} of ${length} bytes, at least ${needed} are needed`,
  )
}
