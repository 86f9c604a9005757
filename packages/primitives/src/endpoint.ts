// Host and port as a value, its text, and the compact forms of BEP 7 and 23 (6 and 18 bytes).

export interface Endpoint {
  /** An IPv4 or IPv6 address in canonical text, or a DNS name where a protocol allows one. */
  readonly host: string
  /** 0 … 65535. */
  readonly port: number
}

/** `1.2.3.4:80`, `[::1]:80`: unique for an endpoint whose host is canonical, so it serves as a Map key. */
export function endpointText(endpoint: Endpoint): string {
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host
  return `${host}:${endpoint.port}`
}

/**
 * Reads `host:port` and `[v6]:port`; undefined when it is neither or the port is not 0 … 65535.
 *
 * A name has letters, digits, dots, hyphens and underscores, of any script, and at most 253 characters (RFC 1035).
 */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([\p{L}\p{M}\p{N}._-]{1,253})):(\d{1,5})$/u.exec(text)
  if (match === null) return undefined
  const port = Number(match[3])
  if (port > 65535) return undefined
  if (match[1] !== undefined) {
    const bytes = parseIp(match[1])
    return bytes?.length === 16 ? { host: formatIp(bytes), port } : undefined
  }
  const host = match[2] as string
  if (/^[0-9.]+$/.test(host) && parseIp(host) === undefined) return undefined
  return { host, port }
}

/**
 * 4 bytes of a dotted IPv4 address, 16 of an IPv6 one (with or without an embedded dotted part);
 * undefined otherwise. Strict: no leading zeros, no hex or short IPv4 forms, no zone.
 */
export function parseIp(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

/** Canonical text of 4 or 16 bytes (RFC 5952); IPv4-mapped IPv6 is written as plain IPv4. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  if (isMapped(bytes)) return bytes.subarray(12).join('.')
  const words = Array.from({ length: 8 }, (_, at) => word(bytes, at))
  let longestAt = -1
  let longest = 1
  for (let at = 0; at < 8; at++) {
    let run = 0
    while (at + run < 8 && words[at + run] === 0) run++
    if (run > longest) {
      longest = run
      longestAt = at
    }
  }
  const hex = words.map((value) => value.toString(16))
  if (longestAt < 0) return hex.join(':')
  return `${hex.slice(0, longestAt).join(':')}::${hex.slice(longestAt + longest).join(':')}`
}

/** 6 bytes (IPv4) or 18 (IPv6) of an endpoint with an address; undefined for a name (BEP 7, 23). */
export function packEndpoint(endpoint: Endpoint): Uint8Array | undefined {
  const address = parseIp(endpoint.host)
  if (address === undefined) return undefined
  const packed = new Uint8Array(address.length + 2)
  packed.set(address)
  packed[address.length] = endpoint.port >> 8
  packed[address.length + 1] = endpoint.port & 255
  return packed
}

/** The endpoint in 6 or 18 bytes at `offset`. IPv4-mapped IPv6 comes out as IPv4. */
export function unpackEndpoint(bytes: Uint8Array, offset: number, length: 6 | 18): Endpoint {
  const at = offset + length - 2
  return {
    host: formatIp(bytes.subarray(offset, at)),
    port: ((bytes[at] as number) << 8) | (bytes[at + 1] as number),
  }
}

/** The 18 bytes of a datagram's address: 16 of IPv6 (IPv4 mapped), 2 of port; undefined for a name. */
export function packMapped(endpoint: Endpoint): Uint8Array | undefined {
  const packed = packEndpoint(endpoint)
  if (packed === undefined || packed.length === 18) return packed
  const mapped = new Uint8Array(18)
  mapped[10] = 255
  mapped[11] = 255
  mapped.set(packed, 12)
  return mapped
}

function isMapped(bytes: Uint8Array): boolean {
  for (let at = 0; at < 10; at++) if (bytes[at] !== 0) return false
  return bytes[10] === 255 && bytes[11] === 255
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[2 * at] as number) << 8) | (bytes[2 * at + 1] as number)
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  const bytes = new Uint8Array(4)
  for (let at = 0; at < 4; at++) {
    const part = parts[at] as string
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    bytes[at] = Number(part)
  }
  return bytes
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = ipv6Words(halves[0] as string, halves.length === 1)
  const tail = halves.length === 2 ? ipv6Words(halves[1] as string, true) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const words = [...head, ...Array<number>(missing).fill(0), ...tail]
  const bytes = new Uint8Array(16)
  for (let at = 0; at < 8; at++) {
    bytes[2 * at] = (words[at] as number) >> 8
    bytes[2 * at + 1] = (words[at] as number) & 255
  }
  return bytes
}

function ipv6Words(text: string, dottedAllowed: boolean): number[] | undefined {
  if (text === '') return []
  const words: number[] = []
  const parts = text.split(':')
  for (const [at, part] of parts.entries()) {
    if (dottedAllowed && at === parts.length - 1 && part.includes('.')) {
      const dotted = parseIpv4(part)
      if (dotted === undefined) return undefined
      words.push(((dotted[0] as number) << 8) | (dotted[1] as number))
      words.push(((dotted[2] as number) << 8) | (dotted[3] as number))
      continue
    }
    if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined
    words.push(Number.parseInt(part, 16))
  }
  return words
}
