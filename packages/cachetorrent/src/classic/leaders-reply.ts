// The message Leaders (§1.1) as a tracker's reply carries it: key `cc`, for each range the leaders of the asker's site.
//
// Not part of the wire form that real networks speak (`ct`): classic mode exists in the simulator only.

import type { BencodeValue } from '@bt/bencode'
import {
  type Endpoint,
  idBytes,
  packEndpoint,
  parsePeerId,
  type PeerId,
  unpackEndpoint,
} from '@bt/primitives'
import { CacheTorrentError } from '../errors.ts'

export interface ClassicLeader {
  readonly endpoint: Endpoint
  readonly peerId: PeerId
}

/** For each range of pieces who leads; one range unless it is MultiTorrent. */
export type LeaderLists = readonly (readonly ClassicLeader[])[]

/** The key of the reply, beside `interval` and `peers`. */
export const CLASSIC_REPLY_KEY = 'cc'
/** Leaders of one range of a site: half of the largest site that the tables know is 25. */
export const CLASSIC_LEADERS_MAX = 1024
/** Ranges of one torrent: the tables stop at 3. */
export const RANGES_MAX = 16

export function encodeLeaders(lists: LeaderLists): BencodeValue {
  return lists.slice(0, RANGES_MAX).map((leaders) =>
    leaders.slice(0, CLASSIC_LEADERS_MAX).map(
      ({ endpoint, peerId }) =>
        new Map<string, BencodeValue>([
          ['a', packEndpoint(endpoint) ?? new Uint8Array(6)],
          ['i', idBytes(peerId)],
        ]),
    ),
  )
}

/** @throws {CacheTorrentError} `BAD_REPLY` with what is wrong */
export function decodeLeaders(value: unknown): LeaderLists {
  return listOf(value, RANGES_MAX, 'ranges').map((range) =>
    listOf(range, CLASSIC_LEADERS_MAX, 'leaders').map((entry) => leaderOf(entry)),
  )
}

function listOf(value: unknown, max: number, what: string): readonly unknown[] {
  if (Array.isArray(value) && value.length <= max) return value as readonly unknown[]
  throw refusal(`no list of at most ${max} ${what}`)
}

function leaderOf(entry: unknown): ClassicLeader {
  const dict = entry instanceof Map ? (entry as ReadonlyMap<string, unknown>) : undefined
  const address = dict?.get('a')
  const id = dict?.get('i')
  if (!(address instanceof Uint8Array) || (address.length !== 6 && address.length !== 18)) {
    throw refusal('a leader without an address of 6 or 18 bytes')
  }
  const peerId = id instanceof Uint8Array ? parsePeerId(id) : undefined
  if (peerId === undefined) throw refusal('a leader without a peer id of 20 bytes')
  return { endpoint: unpackEndpoint(address, 0, address.length), peerId }
}

function refusal(what: string): CacheTorrentError {
  return new CacheTorrentError('BAD_REPLY', `in the tracker's cc: ${what}`)
}
