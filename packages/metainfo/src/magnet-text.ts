// The texts inside a magnet link: percent escapes, base32, and the urn that names a torrent.

import {
  fromHex,
  type InfoHash,
  type InfoHashV2,
  parseInfoHash,
  parseInfoHashV2,
} from '@bt/primitives'

/** What an `xt` says: another kind of urn is foreign, a torrent's with a bad hash is broken. */
export type Topic =
  | 'foreign'
  | 'broken'
  | { readonly infoHashV1?: InfoHash; readonly infoHashV2?: InfoHashV2 }

/** `urn:btih:` with 40 hex or 32 base32 digits, `urn:btmh:` with a SHA-256 multihash (1220) in hex; case does not matter. */
export function readTopic(text: string): Topic {
  const urn = /^urn:(btih|btmh):(.*)$/is.exec(text)
  if (urn === null) return 'foreign'
  const hash = urn[2] as string
  if ((urn[1] as string).toLowerCase() === 'btih') {
    const infoHashV1 = bareHash(hash)
    return infoHashV1 === undefined ? 'broken' : { infoHashV1 }
  }
  const infoHashV2 = hash.startsWith('1220') ? parseInfoHashV2(hash.slice(4)) : undefined
  return infoHashV2 === undefined ? 'broken' : { infoHashV2 }
}

/** A v1 infohash in 40 hex or 32 base32 digits; undefined for anything else. */
export function bareHash(text: string): InfoHash | undefined {
  if (text.length === 40) return parseInfoHash(text)
  const bytes = /^[a-z2-7]{32}$/i.test(text) ? fromBase32(text) : undefined
  return bytes === undefined ? undefined : parseInfoHash(bytes)
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Bytes of base32 digits in either case (RFC 4648); the digits were checked. */
function fromBase32(text: string): Uint8Array {
  const bytes = new Uint8Array((text.length * 5) >> 3)
  let bits = 0
  let held = 0
  let to = 0
  for (const digit of text.toUpperCase()) {
    held = ((held << 5) | BASE32.indexOf(digit)) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes[to++] = (held >> bits) & 255
  }
  return bytes
}

/** Text with its percent escapes undone, once; a '%' that begins none stands for itself, bytes that are not UTF-8 are U+FFFD. */
export function percentDecode(text: string): string {
  if (!text.includes('%')) return text
  const raw = new TextEncoder().encode(text)
  const bytes = new Uint8Array(raw.length)
  let to = 0
  for (let at = 0; at < raw.length; at++) {
    const escaped = raw[at] === 0x25 ? escapedByte(raw, at) : undefined
    bytes[to++] = escaped ?? (raw[at] as number)
    if (escaped !== undefined) at += 2
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, to))
}

/** Text as its UTF-8 bytes, all escaped that are not unreserved (RFC 3986). */
export function percentEncode(text: string): string {
  let encoded = ''
  for (const byte of new TextEncoder().encode(text)) {
    const character = String.fromCharCode(byte)
    encoded += /[\w.~-]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}

function escapedByte(raw: Uint8Array, at: number): number | undefined {
  if (at + 2 >= raw.length) return undefined
  return fromHex(String.fromCharCode(raw[at + 1] as number, raw[at + 2] as number))?.[0]
}
