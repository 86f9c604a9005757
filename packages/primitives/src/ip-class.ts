// Which kind of network an address belongs to, and who may name which: so that a tracker or a peer out there cannot
// make us knock at doors inside (server-side request forgery).
//
// Ranges are the IANA special-purpose registries. IPv6 that embeds IPv4 (mapped, translated, NAT64, 6to4, Teredo) is
// classed as what it embeds, so that nobody smuggles a loopback address in IPv6 clothes.

import { formatIp, parseIp } from './endpoint.ts'

/** From wide to narrow; 'never' is nobody's address: multicast, unspecified, broadcast, reserved, documentation. */
export type IpClass = 'global' | 'private' | 'link-local' | 'loopback' | 'never'

/** The class of an address as text, or as its 4 or 16 bytes. What is no address (a name, a zone) is 'never'. */
export function ipClass(address: string | Uint8Array): IpClass {
  const bytes = typeof address === 'string' ? parseIp(address) : address
  if (bytes?.length === 4) return classOf4(bytes)
  return bytes?.length === 16 ? classOf6(bytes) : 'never'
}

/**
 * Whether an address that a source of class `toldBy` named may be dialled: it is no narrower than its source.
 *
 * `toldBy` is the class of the address at which the tracker or peer was reached; 'global' for the DHT, 'private' for
 * local discovery. What the user typed may be anything that can be dialled at all. `privateFromPublic` lets global
 * sources name private addresses, for a public tracker of a private network. Port 0 is the caller's to refuse.
 */
export function mayDial(
  address: string | Uint8Array,
  toldBy: IpClass | 'user',
  privateFromPublic = false,
): boolean {
  const bytes = typeof address === 'string' ? parseIp(address) : address
  if (bytes === undefined) return false
  if (toldBy === 'user') return isUnicast(bytes)
  const source = toldBy === 'global' && privateFromPublic ? 'private' : toldBy
  const own = ipClass(bytes)
  return own !== 'never' && source !== 'never' && WIDTH[own] >= WIDTH[source]
}

/**
 * What per-address caps (connections, slots, bans) count as one: an IPv4 address, or an IPv6 /64.
 *
 * Undefined for loopback, where caps do not apply: all the peers of one machine are there. A name is its own key.
 */
export function addressKey(address: string | Uint8Array): string | undefined {
  const bytes = typeof address === 'string' ? parseIp(address) : address
  if (bytes === undefined) return String(address)
  if (ipClass(bytes) === 'loopback') return undefined
  const text = formatIp(bytes)
  if (!text.includes(':')) return text
  const network = bytes.slice()
  network.fill(0, 8)
  return `${formatIp(network)}/64`
}

const WIDTH: Readonly<Record<IpClass, number>> = {
  global: 3,
  private: 2,
  'link-local': 1,
  loopback: 0,
  never: -1,
}

/** An IPv4 or IPv6 range: the first `length` bits of its bytes. */
interface Range {
  readonly bytes: Uint8Array
  readonly length: number
  readonly holds: IpClass
}

function range(text: string, holds: IpClass): Range {
  const [network, length] = text.split('/') as [string, string]
  return { bytes: parseIp(network) as Uint8Array, length: Number(length), holds }
}

/** The first that fits counts; whatever fits none is global. */
const RANGES_4: readonly Range[] = [
  range('0.0.0.0/8', 'never'),
  range('10.0.0.0/8', 'private'),
  range('100.64.0.0/10', 'private'),
  range('127.0.0.0/8', 'loopback'),
  range('169.254.0.0/16', 'link-local'),
  range('172.16.0.0/12', 'private'),
  range('192.0.0.0/24', 'never'),
  range('192.0.2.0/24', 'never'),
  range('192.168.0.0/16', 'private'),
  range('198.18.0.0/15', 'private'),
  range('198.51.100.0/24', 'never'),
  range('203.0.113.0/24', 'never'),
  range('224.0.0.0/3', 'never'),
]

/** The first that fits counts; outside these and 2000::/3 nothing is allotted. */
const RANGES_6: readonly Range[] = [
  range('::1/128', 'loopback'),
  range('64:ff9b:1::/48', 'private'),
  range('2001::/23', 'never'),
  range('2001:db8::/32', 'never'),
  range('3fff::/20', 'never'),
  range('2000::/3', 'global'),
  range('fc00::/7', 'private'),
  range('fe80::/10', 'link-local'),
  range('fec0::/10', 'private'),
]

/** IPv6 networks whose addresses carry an IPv4 one, and at which byte; Teredo's has every bit turned over. */
const EMBEDDING: readonly {
  readonly network: Range
  readonly at: number
  readonly flip: number
}[] = [
  { network: range('::ffff:0:0/96', 'never'), at: 12, flip: 0 },
  { network: range('::ffff:0:0:0/96', 'never'), at: 12, flip: 0 },
  { network: range('64:ff9b::/96', 'never'), at: 12, flip: 0 },
  { network: range('2002::/16', 'never'), at: 2, flip: 0 },
  { network: range('2001::/32', 'never'), at: 12, flip: 255 },
]

function classOf4(bytes: Uint8Array): IpClass {
  for (const candidate of RANGES_4) if (lies(bytes, candidate)) return candidate.holds
  return 'global'
}

function classOf6(bytes: Uint8Array): IpClass {
  const embedded = embedded4(bytes)
  if (embedded !== undefined) return classOf4(embedded)
  for (const candidate of RANGES_6) if (lies(bytes, candidate)) return candidate.holds
  return 'never'
}

function embedded4(bytes: Uint8Array): Uint8Array | undefined {
  for (const { network, at, flip } of EMBEDDING) {
    if (lies(bytes, network)) return bytes.slice(at, at + 4).map((byte) => byte ^ flip)
  }
  return undefined
}

/** Someone's: neither multicast nor broadcast (224/3, which holds all that is reserved) nor unspecified. */
function isUnicast(bytes: Uint8Array): boolean {
  const four = bytes.length === 4 ? bytes : embedded4(bytes)
  if (four !== undefined) return four[0] !== 0 && (four[0] as number) < 224
  return bytes[0] !== 255 && bytes.some((byte) => byte !== 0)
}

function lies(bytes: Uint8Array, { bytes: network, length }: Range): boolean {
  const whole = length >> 3
  for (let at = 0; at < whole; at++) if (bytes[at] !== network[at]) return false
  const rest = length & 7
  if (rest === 0) return true
  return (((bytes[whole] as number) ^ (network[whole] as number)) & (0xff00 >> rest)) === 0
}
