// An announce's answer over UDP with words of extensions: the dictionary that HTTP would have returned, behind an action
// of its own. Only for clients that say `ct=1` behind their URL (BEP 41): others would not know the action.

import type { AnnounceRequest, AnnounceResponse } from './announce.ts'
import { encodeAnnounceBody, parseAnnounceBody } from './http-body.ts'
import { UDP_EXTENDED_LENGTH_MAX } from './tracker-limits.ts'
import { UDP_ACTION, viewOf } from './udp-layout.ts'

/** Bytes before the dictionary: action and transaction id. */
const HEAD_LENGTH = 8
/** Bytes that the shortest peer takes. */
const PEER_LENGTH_MIN = 6

/** Whether a client reads extended answers. */
export function wantsExtended({ extra }: Pick<AnnounceRequest, 'extra'>): boolean {
  return extra?.get('ct') === '1'
}

/**
 * At most `UDP_EXTENDED_LENGTH_MAX` bytes: peers are thinned out evenly until it fits, so that near and far ones stay
 * in proportion. Undefined: there is nothing that a common answer would not say, or it does not fit without any peer.
 */
export function encodeUdpExtended(
  transactionId: number,
  response: AnnounceResponse,
): Uint8Array | undefined {
  if (response.extra === undefined || response.extra.size === 0) return undefined
  const room = UDP_EXTENDED_LENGTH_MAX - HEAD_LENGTH
  let { peers } = response
  let body = encodeAnnounceBody(response)
  while (body.length > room) {
    if (peers.length === 0) return undefined
    const count =
      peers.length - Math.max(1, Math.floor((body.length - room) / (3 * PEER_LENGTH_MIN)))
    peers = thinned(peers, Math.max(0, count))
    body = encodeAnnounceBody({ ...response, peers })
  }
  const packet = new Uint8Array(HEAD_LENGTH + body.length)
  const view = viewOf(packet)
  view.setUint32(0, UDP_ACTION.extended)
  view.setUint32(4, transactionId)
  packet.set(body, HEAD_LENGTH)
  return packet
}

/**
 * What follows the head of an extended answer; a refusal stands in `failure`.
 *
 * @throws {BencodeError} when it is not bencode
 * @throws {TrackerProtocolError} when it is no dictionary or its packed peers have a wrong length
 */
export function parseUdpExtended(packet: Uint8Array): AnnounceResponse {
  return parseAnnounceBody(packet.subarray(HEAD_LENGTH))
}

function thinned<T>(all: readonly T[], count: number): readonly T[] {
  return Array.from(
    { length: count },
    (_, at) => all[Math.floor(((at + 0.5) * all.length) / count)] as T,
  )
}
