// Names to addresses. Errors are `NetworkError`s: NAME_UNKNOWN when there is no address of that family.

import type { Alarm, Done } from './done.ts'

export interface Resolver {
  /** Addresses as text, IPv4 dotted or IPv6, in the resolver's order. An address given as `host` resolves to itself. */
  resolve(host: string, family: 4 | 6 | 'any', done: Done<readonly string[]>): Alarm
}
