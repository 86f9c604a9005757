// Who may name which endpoint: an address no narrower than its source's, so that nobody out there points us inside.
//
// A tracker or peer reached at a global address may name only global ones, one at a private address private and
// wider ones, one on loopback all. The DHT counts as global, local discovery as private; the user may name anything
// that somebody can be at.

import type { PeerOrigin } from '@bt/ports'
import { type Endpoint, type IpClass, ipClass, mayDial, parseIp } from '@bt/primitives'

/** `source`: address of who named it; undefined: it has none, and counts as global. */
export function mayName(
  { host, port }: Endpoint,
  origin: PeerOrigin,
  source: string | undefined,
  privateFromPublic: boolean,
): boolean {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return false
  const toldBy = origin === 'user' ? 'user' : classOf(origin, source)
  // A name was typed by the user: it is resolved, and the address checked, when it is dialled.
  if (parseIp(host) === undefined) return toldBy === 'user'
  return mayDial(host, toldBy, privateFromPublic)
}

function classOf(origin: PeerOrigin, source: string | undefined): IpClass {
  if (origin === 'lsd') return 'private'
  return source === undefined || origin === 'dht' ? 'global' : ipClass(source)
}
