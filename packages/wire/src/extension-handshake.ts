// The dictionary of BEP 10, both ways, with the fields that other BEPs and clients have added to it.
//
// Reading is lenient: a field that is not what it should be is as if it were not there, for no field is needed. Only
// bytes that are no dictionary at all end the connection. Sources: BEP 9, 10, 21; `complete_ago` and `share_mode` are
// libtorrent's and are left in the facts.

import {
  type BencodeDict,
  type BencodeValue,
  BencodeError,
  EXTENDED_LIMITS,
  decodeLenient,
  textOfBytes,
} from '@bt/bencode'
import { formatIp, parseIp } from '@bt/primitives'
import { printable } from './client-name.ts'
import { WireError } from './errors.ts'
import { CLIENT_NAME_MAX, METADATA_LENGTH_MAX } from './wire-limits.ts'

/** What an extension handshake can say; everything is optional. */
export interface ExtensionFacts {
  /** Names and the ids under which who says this takes them; 0 disables. */
  readonly extensions?: Readonly<Record<string, number>>
  /** `p`: the port on which who says this listens. */
  readonly listenPort?: number
  /** `reqq`: requests it takes at once without dropping any. */
  readonly requestsMax?: number
  /** `reql`: bytes of the longest request it answers (stretches.ts; ours alone). */
  readonly requestLengthMax?: number
  /** `v`: name and version, at most 64 printable characters. */
  readonly client?: string
  /** `yourip`: the address under which it sees the other. */
  readonly yourAddress?: string
  /** `ipv4`, `ipv6`: other addresses of its own. */
  readonly ipv4?: string
  readonly ipv6?: string
  /** `metadata_size` in bytes (BEP 9); absent when beyond `METADATA_LENGTH_MAX`. */
  readonly metadataLength?: number
  /** `upload_only`: a seed, or a partial seed that has all it wants (BEP 21). */
  readonly uploadOnly?: boolean
}

/** The dictionary to hand to `sendExtensionHandshake`. */
export function extensionHandshake(facts: ExtensionFacts): Map<string, BencodeValue> {
  const dictionary = new Map<string, BencodeValue>()
  const set = (key: string, value: BencodeValue | undefined): void => {
    if (value !== undefined) dictionary.set(key, value)
  }
  if (facts.extensions !== undefined) set('m', new Map(Object.entries(facts.extensions)))
  set('p', facts.listenPort)
  set('reqq', facts.requestsMax)
  set('reql', facts.requestLengthMax)
  if (facts.client !== undefined) set('v', new TextEncoder().encode(facts.client))
  set('yourip', addressBytes(facts.yourAddress))
  set('ipv4', addressBytes(facts.ipv4))
  set('ipv6', addressBytes(facts.ipv6))
  set('metadata_size', facts.metadataLength)
  if (facts.uploadOnly !== undefined) set('upload_only', facts.uploadOnly ? 1 : 0)
  return dictionary
}

/** Reads what a peer said (the facts of an 'extension-handshake' event); fields that make no sense are left out. */
export function readExtensionFacts(facts: BencodeDict): ExtensionFacts {
  const known = understood.get(facts)
  if (known !== undefined) return known
  const read = readFacts(facts)
  understood.set(facts, read)
  return read
}

const understood = new WeakMap<BencodeDict, ExtensionFacts>()

function readFacts(facts: BencodeDict): ExtensionFacts {
  const found: { -readonly [K in keyof ExtensionFacts]: ExtensionFacts[K] } = {}
  const ids = facts.get('m')
  if (ids instanceof Map) found.extensions = idsIn(ids as BencodeDict)
  const listenPort = integer(facts.get('p'), 1, 65_535)
  if (listenPort !== undefined) found.listenPort = listenPort
  const requestsMax = integer(facts.get('reqq'), 1, Number.MAX_SAFE_INTEGER)
  if (requestsMax !== undefined) found.requestsMax = requestsMax
  const requestLengthMax = integer(facts.get('reql'), 1, Number.MAX_SAFE_INTEGER)
  if (requestLengthMax !== undefined) found.requestLengthMax = requestLengthMax
  const client = clientIn(facts.get('v'))
  if (client !== undefined) found.client = client
  const yourAddress = addressIn(facts.get('yourip'), 4, 16)
  if (yourAddress !== undefined) found.yourAddress = yourAddress
  const ipv4 = addressIn(facts.get('ipv4'), 4)
  if (ipv4 !== undefined) found.ipv4 = ipv4
  const ipv6 = addressIn(facts.get('ipv6'), 16)
  if (ipv6 !== undefined) found.ipv6 = ipv6
  const metadataLength = integer(facts.get('metadata_size'), 1, METADATA_LENGTH_MAX)
  if (metadataLength !== undefined) found.metadataLength = metadataLength
  const uploadOnly = facts.get('upload_only')
  if (typeof uploadOnly === 'number') found.uploadOnly = uploadOnly !== 0
  return found
}

/**
 * The same as `decodeExtensionHandshake`, and one dictionary for all payloads in a row that are equal: peers of one kind
 * say the same to the same `hearer`, and each word of it would be kept once for each of them.
 * @throws {WireError} MESSAGE_MALFORMED, blame remote
 */
export function heardExtensionHandshake(payload: Uint8Array, hearer: object): BencodeDict {
  const before = latest.get(hearer)
  if (before !== undefined && sameBytes(before.payload, payload)) return before.facts
  const facts = decodeExtensionHandshake(payload)
  latest.set(hearer, { payload: payload.slice(), facts })
  return facts
}

const latest = new WeakMap<object, { readonly payload: Uint8Array; readonly facts: BencodeDict }>()

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false
  return true
}

/**
 * The dictionary in an extension handshake's payload; made of copies, yours to keep.
 * @throws {WireError} MESSAGE_MALFORMED, blame remote
 */
export function decodeExtensionHandshake(payload: Uint8Array): BencodeDict {
  try {
    const { value } = decodeLenient(payload.slice(), EXTENDED_LIMITS)
    if (value instanceof Map) return value as BencodeDict
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error
    throw malformed(`an extension handshake that is not bencoded: ${error.message}`, error)
  }
  throw malformed('an extension handshake that is no dictionary')
}

function idsIn(ids: BencodeDict): Record<string, number> {
  const found = Object.create(null) as Record<string, number>
  for (const [name, id] of ids) {
    if (typeof id === 'number' && id >= 0 && id <= 255) found[name] = id
  }
  return found
}

function integer(value: BencodeValue | undefined, least: number, most: number): number | undefined {
  return typeof value === 'number' && value >= least && value <= most ? value : undefined
}

function clientIn(value: BencodeValue | undefined): string | undefined {
  if (!(value instanceof Uint8Array) || value.length === 0) return undefined
  const start = value.subarray(0, 4 * CLIENT_NAME_MAX)
  const text = textOfBytes(start) ?? String.fromCharCode(...start)
  return printable(text.slice(0, CLIENT_NAME_MAX))
}

function addressIn(
  value: BencodeValue | undefined,
  ...lengths: readonly number[]
): string | undefined {
  if (!(value instanceof Uint8Array) || !lengths.includes(value.length)) return undefined
  return formatIp(value)
}

function addressBytes(address: string | undefined): Uint8Array | undefined {
  return address === undefined ? undefined : parseIp(address)
}

function malformed(message: string, cause?: Error): WireError {
  return new WireError('MESSAGE_MALFORMED', 'remote', message, cause && { cause })
}
