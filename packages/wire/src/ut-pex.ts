// ut_pex: which peers somebody is connected to, as differences since the last message (BEP 11).
//
// Reading is lenient and bounded: a field of the wrong type or length is as if it were not there, missing flags are
// none, port 0 is nobody, and past the first hundred peers nothing is read. Whether an address may be dialled, and how
// often such a message may come, is the caller's to judge.

import { type BencodeDict, BencodeError, EXTENDED_LIMITS, decodeLenient, encode } from '@bt/bencode'
import { type Endpoint, packEndpoint, unpackEndpoint } from '@bt/primitives'
import { WireError } from './errors.ts'
import { PEX_PEERS_MAX } from './wire-limits.ts'

/** A peer that somebody is connected to, with what its flags say. */
export interface PexPeer {
  readonly endpoint: Endpoint
  /** 0x01: prefers encryption. */
  readonly encrypted?: boolean
  /** 0x02: a seed, or one that only uploads. */
  readonly seed?: boolean
  /** 0x04: speaks uTP. */
  readonly utp?: boolean
  /** 0x08: takes part in holepunching. */
  readonly holepunch?: boolean
  /** 0x10: was reached by dialling it. */
  readonly reachable?: boolean
}

export interface PexMessage {
  readonly added: readonly PexPeer[]
  readonly dropped: readonly Endpoint[]
}

/** The payload for peers added and dropped since the last one; endpoints that are names are left out. */
export function encodePex(message: PexMessage): Uint8Array {
  const added = byFamily(message.added.map(({ endpoint }) => endpoint))
  const flags = byFamily(
    message.added.map(({ endpoint }) => endpoint),
    (at) => Uint8Array.of(flagsOf(message.added[at] as PexPeer)),
  )
  const dropped = byFamily(message.dropped)
  return encode({
    added: added.v4,
    'added.f': flags.v4,
    added6: added.v6,
    'added6.f': flags.v6,
    dropped: dropped.v4,
    dropped6: dropped.v6,
  })
}

/** At most 100 peers each way, in the order they were sent. @throws {WireError} MESSAGE_MALFORMED, blame remote */
export function decodePex(payload: Uint8Array): PexMessage {
  const facts = dictionaryIn(payload)
  const added: PexPeer[] = []
  const dropped: Endpoint[] = []
  for (const [suffix, length] of FAMILIES) {
    const flags = bytesAt(facts, `added${suffix}.f`)
    eachEndpoint(bytesAt(facts, `added${suffix}`), length, (endpoint, at) => {
      if (added.length < PEX_PEERS_MAX) added.push(peerWith(endpoint, flags[at] ?? 0))
    })
    eachEndpoint(bytesAt(facts, `dropped${suffix}`), length, (endpoint) => {
      if (dropped.length < PEX_PEERS_MAX) dropped.push(endpoint)
    })
  }
  return { added, dropped }
}

const FAMILIES = [
  ['', 6],
  ['6', 18],
] as const

function eachEndpoint(
  bytes: Uint8Array,
  length: 6 | 18,
  found: (endpoint: Endpoint, at: number) => void,
): void {
  if (bytes.length % length !== 0) return
  const count = Math.min(bytes.length / length, PEX_PEERS_MAX)
  for (let at = 0; at < count; at++) {
    const endpoint = unpackEndpoint(bytes, at * length, length)
    if (endpoint.port !== 0) found(endpoint, at)
  }
}

function peerWith(endpoint: Endpoint, flags: number): PexPeer {
  return {
    endpoint,
    encrypted: (flags & 0x01) !== 0,
    seed: (flags & 0x02) !== 0,
    utp: (flags & 0x04) !== 0,
    holepunch: (flags & 0x08) !== 0,
    reachable: (flags & 0x10) !== 0,
  }
}

function flagsOf(peer: PexPeer): number {
  return (
    (peer.encrypted === true ? 0x01 : 0) |
    (peer.seed === true ? 0x02 : 0) |
    (peer.utp === true ? 0x04 : 0) |
    (peer.holepunch === true ? 0x08 : 0) |
    (peer.reachable === true ? 0x10 : 0)
  )
}

/** Endpoints packed end to end, or `bytesFor` each of them, by the family of the endpoint. */
function byFamily(
  endpoints: readonly Endpoint[],
  bytesFor?: (at: number) => Uint8Array,
): { readonly v4: Uint8Array | undefined; readonly v6: Uint8Array | undefined } {
  const v4: number[] = []
  const v6: number[] = []
  for (const [at, endpoint] of endpoints.entries()) {
    const packed = packEndpoint(endpoint)
    if (packed === undefined) continue
    const family = packed.length === 6 ? v4 : v6
    family.push(...(bytesFor?.(at) ?? packed))
  }
  const bytes = (list: number[]): Uint8Array | undefined =>
    list.length === 0 ? undefined : Uint8Array.from(list)
  return { v4: bytes(v4), v6: bytes(v6) }
}

function bytesAt(facts: BencodeDict, key: string): Uint8Array {
  const value = facts.get(key)
  return value instanceof Uint8Array ? value : NOTHING
}

const NOTHING = new Uint8Array(0)

function dictionaryIn(payload: Uint8Array): BencodeDict {
  try {
    const { value } = decodeLenient(payload, EXTENDED_LIMITS)
    if (value instanceof Map) return value as BencodeDict
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error
    throw new WireError('MESSAGE_MALFORMED', 'remote', `a ut_pex message: ${error.message}`, {
      cause: error,
    })
  }
  throw new WireError('MESSAGE_MALFORMED', 'remote', 'a ut_pex message that is no dictionary')
}
