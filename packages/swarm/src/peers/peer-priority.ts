// Which of two possible connections two peers both prefer, without talking: canonical peer priority (BEP 40).
//
// Makes the swarm's graph random, whoever finds whom first. Smaller address first; equal leading bytes widen what
// is compared; CRC-32C of both.

import { compareBytes, type Endpoint, parseIp } from '@bt/primitives'

/** Priority of a connection between two endpoints, higher first; undefined: not both addresses of one family. */
export function peerPriority(one: Endpoint, other: Endpoint): number | undefined {
  const a = parseIp(one.host)
  const b = parseIp(other.host)
  if (a === undefined || b === undefined || a.length !== b.length) return undefined
  if (compareBytes(a, b) === 0) return crc32c(inOrder(portBytes(one.port), portBytes(other.port)))
  const length = maskLength(a, b)
  return crc32c(inOrder(masked(a, length), masked(b, length)))
}

/** CRC-32C (Castagnoli), as in RFC 3720. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 255] as number)
  return (crc ^ 0xffffffff) >>> 0
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})

/**
 * Leading bytes compared in full; the rest is masked with 0x55. IPv4: 2, then 3 within one /16, 4 within one /24.
 * IPv6: 6, and one more for every byte the addresses share from there on.
 */
function maskLength(a: Uint8Array, b: Uint8Array): number {
  let shared = 0
  while (shared < a.length && a[shared] === b[shared]) shared++
  const least = a.length === 4 ? 2 : 6
  return shared < least ? least : Math.min(a.length, shared + 1)
}

function masked(address: Uint8Array, length: number): Uint8Array {
  return address.map((byte, at) => (at < length ? byte : byte & 0x55))
}

function portBytes(port: number): Uint8Array {
  return Uint8Array.of(port >> 8, port & 255)
}

function inOrder(a: Uint8Array, b: Uint8Array): Uint8Array {
  const [first, second] = compareBytes(a, b) <= 0 ? [a, b] : [b, a]
  const both = new Uint8Array(a.length + b.length)
  both.set(first)
  both.set(second, a.length)
  return both
}
