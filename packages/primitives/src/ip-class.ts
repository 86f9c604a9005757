// Which kind of network an address belongs to, and who may name which (sharp edges of peer and tracker addresses).
//
// Ranges are the IANA special-purpose registries; embedded IPv4 (mapped, 6to4, NAT64, Teredo) is classed as
// what it embeds, so that nobody smuggles a loopback address in IPv6 clothes.

import { parseIp } from './endpoint.ts'

/** From wide to narrow; 'never' is nobody's address: multicast, unspecified, broadcast, reserved, documentation. */
export type IpClass = 'global' | 'private' | 'link-local' | 'loopback' | 'never'
