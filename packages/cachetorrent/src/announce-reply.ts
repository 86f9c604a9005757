// The dictionary `ct` of a tracker's reply (§2.4), both ways: who leads the asker's site, in which term, for how long.

import type { BencodeValue } from '@bt/bencode'
import {
  type Endpoint,
  idBytes,
  packEndpoint,
  type PeerId,
  parsePeerId,
  type SiteId,
  unpackEndpoint,
} from '@bt/primitives'
import type { SitePace } from './cross-budget.ts'
import { CacheTorrentError } from './errors.ts'
import { DEPUTIES_MAX, LEADERS_IN_REPLY_MAX, WEIGHT_MAX } from './limits.ts'
import { parseSiteToken } from './site-token.ts'

export interface ReplyLeader {
  readonly endpoint: Endpoint
  readonly peerId: PeerId
  /** 1 … 16. */
  readonly weight: number
}

export interface CacheReply {
  /** Sorted by peer id; empty: plain BitTorrent. */
  readonly leaders: readonly ReplyLeader[]
  /** The asker is one of them. */
  readonly isLeader: boolean
  /** Who leads when none of them is left, so that members who see different parts of their site agree on it. */
  readonly deputies?: readonly ReplyLeader[]
  readonly site: SiteId
  /** At least 1; grows with each election of the site. */
  readonly term: number
  /** Seconds for which it holds. */
  readonly ttlSeconds: number
  /** Of the asker's site and the swarm, where the tracker knows it. */
  readonly pace?: SitePace
  /** The asker is not one of those who may import. */
  readonly importsNothing?: true
}

/** The key of the reply, beside `interval` and `peers`. */
export const REPLY_KEY = 'ct'
const VERSION = 1

export function encodeReply(reply: CacheReply): BencodeValue {
  const { pace, deputies = [] } = reply
  return new Map<string, BencodeValue>([
    ...(deputies.length === 0 ? [] : ([['d', encodeLeaders(deputies)]] as const)),
    ...(reply.importsNothing === true ? ([['i', 0]] as const) : []),
    ['l', encodeLeaders(reply.leaders)],
    ['m', reply.isLeader ? 1 : 0],
    ...(pace === undefined ? [] : ([['n', pace.downloaders]] as const)),
    ...(pace === undefined ? [] : ([['p', Math.round(pace.pace)]] as const)),
    ['s', idBytes(reply.site)],
    ['t', reply.term],
    ['ttl', reply.ttlSeconds],
    ...(pace === undefined ? [] : ([['u', Math.round(pace.upload)]] as const)),
    ['v', VERSION],
  ])
}

export function encodeLeaders(leaders: readonly ReplyLeader[]): BencodeValue {
  return leaders.slice(0, LEADERS_IN_REPLY_MAX).map(
    ({ endpoint, peerId, weight }) =>
      new Map<string, BencodeValue>([
        ['a', packEndpoint(endpoint) ?? new Uint8Array(6)],
        ['i', idBytes(peerId)],
        ['w', weight],
      ]),
  )
}

/**
 * Undefined: of a version that we do not speak. What may be left out counts as left out where it is malformed.
 *
 * @throws {CacheTorrentError} `BAD_REPLY` with the key that is wrong
 */
export function decodeReply(value: unknown): CacheReply | undefined {
  if (!(value instanceof Map)) throw refusal('ct', 'a dictionary')
  const dict = value as ReadonlyMap<string, unknown>
  if (dict.get('v') !== VERSION) return undefined
  const site = bytesOf(dict, 's')
  const token = parseSiteToken(site)
  if (token === undefined) throw refusal('s', 'a token of 8 bytes')
  return {
    leaders: decodeLeaders(dict.get('l')),
    ...deputiesIn(dict),
    isLeader: dict.get('m') === 1,
    site: token,
    term: numberOf(dict, 't', 1),
    ttlSeconds: numberOf(dict, 'ttl', 1),
    ...paceIn(dict),
    ...(dict.get('i') === 0 ? { importsNothing: true } : {}),
  }
}

/** Sorted by peer id, each once. @throws {CacheTorrentError} `BAD_REPLY` */
export function decodeLeaders(list: unknown): readonly ReplyLeader[] {
  if (!Array.isArray(list)) throw refusal('l', 'a list')
  const leaders = list
    .slice(0, LEADERS_IN_REPLY_MAX)
    .map((entry: unknown) => leaderOf(entry))
    .toSorted((one, other) => (one.peerId < other.peerId ? -1 : 1))
  return leaders.filter(({ peerId }, at) => peerId !== leaders[at + 1]?.peerId)
}

function deputiesIn(dict: ReadonlyMap<string, unknown>): {
  readonly deputies?: readonly ReplyLeader[]
} {
  if (!dict.has('d')) return {}
  try {
    return { deputies: decodeLeaders(dict.get('d')).slice(0, DEPUTIES_MAX) }
  } catch {
    return {}
  }
}

/** All three, or nothing. */
function paceIn(dict: ReadonlyMap<string, unknown>): { readonly pace?: SitePace } {
  const [downloaders, pace, upload] = ['n', 'p', 'u'].map((key) => dict.get(key))
  return isCount(downloaders) && isCount(pace) && isCount(upload)
    ? { pace: { downloaders, pace, upload } }
    : {}
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 1
}

function leaderOf(entry: unknown): ReplyLeader {
  if (!(entry instanceof Map)) throw refusal('l', 'a list of dictionaries')
  const dict = entry as ReadonlyMap<string, unknown>
  const address = bytesOf(dict, 'a')
  if (address.length !== 6 && address.length !== 18)
    throw refusal('a', 'an address of 6 or 18 bytes')
  const peerId = parsePeerId(bytesOf(dict, 'i'))
  if (peerId === undefined) throw refusal('i', 'a peer id of 20 bytes')
  const weight = Math.min(WEIGHT_MAX, numberOf(dict, 'w', 1))
  return { endpoint: unpackEndpoint(address, 0, address.length), peerId, weight }
}

function bytesOf(dict: ReadonlyMap<string, unknown>, key: string): Uint8Array {
  const value = dict.get(key)
  if (value instanceof Uint8Array) return value
  throw refusal(key, 'a byte string')
}

function numberOf(dict: ReadonlyMap<string, unknown>, key: string, least: number): number {
  const value = dict.get(key)
  if (typeof value === 'number' && value >= least) return value
  throw refusal(key, `a whole number of at least ${least}`)
}

function refusal(key: string, wanted: string): CacheTorrentError {
  return new CacheTorrentError('BAD_REPLY', `in the tracker's ct, ${key} is not ${wanted}`)
}
