// Addresses as Node gives and takes them (text), and as the ports write them (canonical text, 18 bytes).

import { formatIp, parseIp } from '@bt/primitives'

/** Canonical text of an address; IPv4-mapped IPv6 as IPv4. A zone (`%eth0`) stays; what is no address too. */
export function canonicalHost(host: string): string {
  const zoneAt = host.indexOf('%')
  const bytes = parseIp(zoneAt < 0 ? host : host.slice(0, zoneAt))
  if (bytes === undefined) return host
  return zoneAt < 0 ? formatIp(bytes) : formatIp(bytes) + host.slice(zoneAt)
}

/** 4 or 6; of an address in canonical text. */
export function familyOf(host: string): 4 | 6 {
  return host.includes(':') ? 6 : 4
}

/**
 * Writes a sender's address and port as the 18 bytes of a datagram's address.
 * IPv4 is read by hand: this runs once per datagram, where a general parser costs more than the rest.
 */
export function writeAddress(into: Uint8Array, at: number, host: string, port: number): void {
  into[at + 16] = port >> 8
  into[at + 17] = port & 255
  for (let index = at; index < at + 10; index++) into[index] = 0
  into[at + 10] = 255
  into[at + 11] = 255
  let byte = 0
  let slot = at + 12
  for (let index = host.startsWith('::ffff:') ? 7 : 0; index < host.length; index++) {
    const digit = host.charCodeAt(index) - 48
    // A colon or a letter: the text is of IPv6.
    if (digit > 9) {
      into.set(parseIp(host.replace(/%.*$/, '')) ?? new Uint8Array(16), at)
      return
    }
    if (digit >= 0) byte = byte * 10 + digit
    else {
      into[slot++] = byte
      byte = 0
    }
  }
  into[slot] = byte
}

/** Text of the 16 address bytes at `at`: dotted for `family` 4, whatever they are for 6 (mapped ones too). */
export function readHost(from: Uint8Array, at: number, family: 4 | 6): string {
  if (family === 4) return `${from[at + 12]}.${from[at + 13]}.${from[at + 14]}.${from[at + 15]}`
  return formatIp(from.subarray(at, at + 16))
}

/** Port of the 18 bytes at `at`. */
export function readPort(from: Uint8Array, at: number): number {
  return ((from[at + 16] as number) << 8) | (from[at + 17] as number)
}
