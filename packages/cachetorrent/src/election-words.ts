// What trackers of one swarm say to each other beside its members: whom one of them elected, and who may not lead.
//
// Trackers are one operator's, and whoever carries their words is trusted; what is malformed all the same is no word.

import { type BencodeValue, decode, encode } from '@bt/bencode'
import { idBytes, type PeerId, parsePeerId } from '@bt/primitives'
import { decodeLeaders, encodeLeaders, type ReplyLeader } from './announce-reply.ts'

/** The leaders of a site in a term. */
export interface Elected {
  readonly term: number
  readonly leaders: readonly ReplyLeader[]
  /** When, by the wall clock. */
  readonly atSeconds: number
}

/** Until when somebody does not lead. */
export interface Bar {
  /** The member's endpoint as text. */
  readonly member: string
  /** What is barred is this peer id, whatever its endpoint; absent: the endpoint. */
  readonly peerId?: PeerId
  /** By the wall clock. */
  readonly untilSeconds: number
}

export type ElectionWord =
  | {
      readonly kind: 'elected'
      readonly site: string
      readonly elected: Elected
      /** Of the map that said who is where. */
      readonly map?: string
    }
  | { readonly kind: 'barred'; readonly bar: Bar }

export function encodeWord(word: ElectionWord): Uint8Array {
  if (word.kind === 'barred') {
    const { member, peerId, untilSeconds } = word.bar
    return encode(
      new Map<string, BencodeValue>([
        ['b', new TextEncoder().encode(member)],
        ...(peerId === undefined ? [] : ([['i', idBytes(peerId)]] as const)),
        ['u', untilSeconds],
      ]),
    )
  }
  const { term, leaders, atSeconds } = word.elected
  return encode(
    new Map<string, BencodeValue>([
      ['l', encodeLeaders(leaders)],
      ...(word.map === undefined ? [] : ([['m', new TextEncoder().encode(word.map)]] as const)),
      ['n', new TextEncoder().encode(word.site)],
      ['t', term],
      ['w', atSeconds],
    ]),
  )
}

/** Undefined: not understood. */
export function decodeWord(bytes: Uint8Array): ElectionWord | undefined {
  try {
    const dict: unknown = decode(bytes)
    if (!(dict instanceof Map)) return undefined
    const said = dict as ReadonlyMap<string, unknown>
    return said.has('b') ? barredIn(said) : electedIn(said)
  } catch {
    return undefined
  }
}

function barredIn(said: ReadonlyMap<string, unknown>): ElectionWord | undefined {
  const member = textOf(said.get('b'))
  const untilSeconds = wholeOf(said.get('u'))
  const id = said.get('i')
  const peerId = id instanceof Uint8Array ? parsePeerId(id) : undefined
  if (member === undefined || untilSeconds === undefined) return undefined
  return {
    kind: 'barred',
    bar: { member, untilSeconds, ...(peerId === undefined ? {} : { peerId }) },
  }
}

function electedIn(said: ReadonlyMap<string, unknown>): ElectionWord | undefined {
  const site = textOf(said.get('n'))
  const term = wholeOf(said.get('t'))
  const atSeconds = wholeOf(said.get('w'))
  if (site === undefined || term === undefined || atSeconds === undefined) return undefined
  const map = textOf(said.get('m'))
  return {
    kind: 'elected',
    site,
    ...(map === undefined ? {} : { map }),
    elected: { term, atSeconds, leaders: decodeLeaders(said.get('l')) },
  }
}

function textOf(value: unknown): string | undefined {
  return value instanceof Uint8Array ? new TextDecoder('utf-8').decode(value) : undefined
}

function wholeOf(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined
}
