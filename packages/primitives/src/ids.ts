// Infohashes and peer ids as hex text: they compare with === and work as Map keys.

import type { Brand } from './brand.ts'
import { fromHex, toHex } from './hex.ts'
import { invariant } from './invariant.ts'

/** 20 bytes as 40 lower-case hex digits: SHA-1 of the exact bytes of `info` (BEP 3), or a truncated v2 one (BEP 52). */
export type InfoHash = Brand<string, 'InfoHash'>
/** 32 bytes as 64 lower-case hex digits: SHA-256 of the exact bytes of `info` (BEP 52). */
export type InfoHashV2 = Brand<string, 'InfoHashV2'>
/** 20 bytes that name a peer for one session (BEP 3, 20), as 40 lower-case hex digits. */
export type PeerId = Brand<string, 'PeerId'>
/** A group of hosts behind one expensive link, as an opaque token of at most 16 bytes, in hex. */
export type SiteId = Brand<string, 'SiteId'>

/** From 20 bytes or 40 hex digits in either case; undefined when it is neither. */
export function parseInfoHash(from: Uint8Array | string): InfoHash | undefined {
  return parse(from, 20) as InfoHash | undefined
}

/** From 32 bytes or 64 hex digits in either case; undefined when it is neither. */
export function parseInfoHashV2(from: Uint8Array | string): InfoHashV2 | undefined {
  return parse(from, 32) as InfoHashV2 | undefined
}

/** From 20 bytes or 40 hex digits in either case; undefined when it is neither. */
export function parsePeerId(from: Uint8Array | string): PeerId | undefined {
  return parse(from, 20) as PeerId | undefined
}

/** A v2 infohash as it stands in handshakes, trackers and the DHT: its first 20 bytes (BEP 52). */
export function truncateInfoHash(hash: InfoHashV2): InfoHash {
  return hash.slice(0, 40) as InfoHash
}

/** The bytes of any of these ids; a fresh array. */
export function idBytes(id: InfoHash | InfoHashV2 | PeerId | SiteId): Uint8Array {
  const bytes = fromHex(id)
  invariant(bytes !== undefined, 'an id is hex text made by its own parser')
  return bytes
}

function parse(from: Uint8Array | string, length: number): string | undefined {
  if (typeof from !== 'string') return from.length === length ? toHex(from) : undefined
  if (from.length !== 2 * length || fromHex(from) === undefined) return undefined
  return from.toLowerCase()
}
