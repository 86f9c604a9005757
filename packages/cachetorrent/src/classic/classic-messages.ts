// The messages of `bt_classic` (BEP 10): what the peers of classic mode say beyond BitTorrent (§1.1). Simulator only.
//
// LeaderStart as published; the follower's own id is the connection's. A forwarded have is, unlike there, a message of
// its own: the leader says what it will be able to give, and never claims to have it.
//
//   { k: 0, a: 6 or 18 bytes, i: peer id, r: range }   leader-start
//   { k: 1, p: [pieces] }                              forwarded-have

import {
  type BencodeDict,
  BencodeError,
  type BencodeValue,
  decode,
  type Encodable,
  encode,
} from '@bt/bencode'
import {
  type Endpoint,
  idBytes,
  packEndpoint,
  parsePeerId,
  type PeerId,
  unpackEndpoint,
} from '@bt/primitives'
import { CacheTorrentError } from '../errors.ts'

export const CLASSIC_EXTENSION = 'bt_classic'
/** Pieces of one forwarded have: what a leader hears in a second. */
export const FORWARDED_MAX = 2048
/** Bytes: a forwarded have of that many pieces below 10^7. */
export const CLASSIC_MESSAGE_LENGTH_MAX = 32 * 1024

export type ClassicMessage =
  /** Connect to that peer on my behalf, and tell me what it has. */
  | {
      readonly kind: 'leader-start'
      readonly endpoint: Endpoint
      readonly peerId: PeerId
      /** Of pieces, 0 unless it is MultiTorrent. */
      readonly range: number
    }
  | { readonly kind: 'forwarded-have'; readonly pieces: readonly number[] }

/** The bytes are the caller's. */
export function encodeClassic(message: ClassicMessage): Uint8Array {
  return encode(fieldsOf(message))
}

function fieldsOf(message: ClassicMessage): { readonly [key: string]: Encodable } {
  if (message.kind === 'forwarded-have') return { k: 1, p: message.pieces }
  const { endpoint, peerId, range } = message
  return { k: 0, a: packEndpoint(endpoint) ?? new Uint8Array(6), i: idBytes(peerId), r: range }
}

/**
 * Undefined: of a kind that is not known here.
 *
 * @throws {CacheTorrentError} `BAD_MESSAGE`: no dictionary, wrong types, a piece that is not there
 */
export function decodeClassic(bytes: Uint8Array, pieceCount: number): ClassicMessage | undefined {
  const dict = dictionaryOf(bytes)
  const kind = dict.get('k')
  if (kind === 0) return leaderStart(dict)
  if (kind === 1) return forwardedHave(dict, pieceCount)
  if (typeof kind === 'number') return undefined
  throw refusal('k is no whole number')
}

function leaderStart(dict: BencodeDict): ClassicMessage {
  const address = dict.get('a')
  const id = dict.get('i')
  const range = dict.get('r') ?? 0
  if (!(address instanceof Uint8Array) || (address.length !== 6 && address.length !== 18)) {
    throw refusal('a is no address of 6 or 18 bytes')
  }
  const peerId = id instanceof Uint8Array ? parsePeerId(id) : undefined
  if (peerId === undefined) throw refusal('i is no peer id of 20 bytes')
  if (typeof range !== 'number' || range < 0) throw refusal('r is no range')
  const endpoint = unpackEndpoint(address, 0, address.length)
  return { kind: 'leader-start', endpoint, peerId, range }
}

function forwardedHave(dict: BencodeDict, pieceCount: number): ClassicMessage {
  const list = dict.get('p')
  if (!Array.isArray(list) || list.length > FORWARDED_MAX) {
    throw refusal(`p is no list of at most ${FORWARDED_MAX} pieces`)
  }
  const pieces = list.map((piece: BencodeValue) => {
    if (typeof piece === 'number' && piece >= 0 && piece < pieceCount) return piece
    throw refusal(`p names a piece that is not below ${pieceCount}`)
  })
  return { kind: 'forwarded-have', pieces }
}

function dictionaryOf(bytes: Uint8Array): BencodeDict {
  try {
    const value = decode(bytes, {
      depthMax: 3,
      valuesMax: FORWARDED_MAX + 8,
      lengthMax: CLASSIC_MESSAGE_LENGTH_MAX,
    })
    if (value instanceof Map) return value as BencodeDict
  } catch (error) {
    if (error instanceof BencodeError) throw refusal(error.message)
    throw error
  }
  throw refusal('it is no dictionary')
}

function refusal(what: string): CacheTorrentError {
  return new CacheTorrentError('BAD_MESSAGE', `a bt_classic message was refused: ${what}`)
}
