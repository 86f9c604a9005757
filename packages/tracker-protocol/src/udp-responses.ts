// What trackers answer over UDP, both ways (BEP 15).
//
// The family of the socket decides whether a peer has 6 or 18 bytes. Packets may be longer than specified and never
// shorter. Nothing here keeps a view of what it read.

import { type Endpoint, packEndpoint, unpackEndpoint } from '@bt/primitives'
import type { AnnounceResponse } from './announce.ts'
import { TrackerProtocolError } from './errors.ts'
import { printable } from './printable.ts'
import type { ScrapeCounts } from './scrape.ts'
import {
  INTERVAL_SECONDS_MAX,
  PEERS_PER_RESPONSE_MAX,
  SCRAPE_HASHES_MAX,
  TEXT_LENGTH_MAX,
  UDP_RESPONSE_LENGTH_MAX,
} from './tracker-limits.ts'
import { parseUdpExtended } from './udp-extended.ts'
import { tooShort, UDP_ACTION, viewOf } from './udp-layout.ts'

export type UdpResponse =
  | {
      readonly action: 'connect'
      readonly transactionId: number
      readonly connectionId: Uint8Array
    }
  /** Of the common action or the extended one. */
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
    const packed = peer.packed ?? packEndpoint(peer)
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

/**
 * What a tracker answers. `stride` is 6 on an IPv4 socket and 18 on an IPv6 one; peers with port 0 are left out.
 * @throws {TrackerProtocolError} when the packet is too short or its peers are not whole
 * @throws {BencodeError} when an extended answer is not bencode
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
    case UDP_ACTION.extended:
      return { action: 'announce', transactionId, response: parseUdpExtended(packet) }
    case UDP_ACTION.scrape:
      return { action: 'scrape', transactionId, counts: countsOf(packet, view) }
    case UDP_ACTION.error:
      return { action: 'error', transactionId, sentence: printable(packet.subarray(8)) }
    default:
      return { action: 'other', code, transactionId, payload: packet.slice(8) }
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
