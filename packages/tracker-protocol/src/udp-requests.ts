// What clients say over UDP, both ways (BEP 15, 41).
//
// Packets may be longer than specified and never shorter. Counters of 64 bits that exceed 2^53 are clamped.
// Nothing here keeps a view of what it read.

import { idBytes, type InfoHash, parseInfoHash, parsePeerId } from '@bt/primitives'
import type { AnnounceEvent, AnnounceRequest } from './announce.ts'
import { TrackerProtocolError } from './errors.ts'
import { parseExtraQuery } from './http-query.ts'
import { SCRAPE_HASHES_MAX } from './tracker-limits.ts'
import { getUint53, setUint53, tooShort, UDP_ACTION, viewOf } from './udp-layout.ts'
import { encodeUrlData, readUrlData } from './url-data.ts'

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
