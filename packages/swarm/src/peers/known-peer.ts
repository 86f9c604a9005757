// One endpoint that somebody named, or that came to us.

import type { FoundPeer, PeerOrigin } from '@bt/ports'
import { type Endpoint, addressKey } from '@bt/primitives'

export type KnownState = 'idle' | 'dialing' | 'connected'

/** From the most to the least worth keeping: who can make up the most is last. */
const ORIGINS: readonly PeerOrigin[] = [
  'user',
  'policy',
  'lsd',
  'tracker',
  'incoming',
  'dht',
  'pex',
]

/** Of an endpoint that never failed. */
export function disposabilityOf(origin: PeerOrigin, proven = false): number {
  return ORIGINS.indexOf(origin) + (proven ? 0 : 5)
}

export class KnownPeer {
  readonly endpoint: Endpoint
  /** What per-address caps count it under; undefined: loopback. */
  readonly address: string | undefined
  origin: PeerOrigin
  /** Who named it. */
  readonly source: string | undefined
  seed = false
  utp = false
  encrypted = false
  state: KnownState = 'idle'
  /** It was connected once: it is real. */
  proven = false
  failures = 0
  /** Times it was dialled, or came to us. */
  dials = 0
  /** Not to be dialled before, in ms. */
  notBefore: number
  /** Never to be dialled: it is ourselves. */
  isSelf = false
  /** Order among equals, higher first: BEP 40, or chance. */
  rank: number

  constructor(
    endpoint: Endpoint,
    facts: {
      readonly origin: PeerOrigin
      readonly source: string | undefined
      readonly now: number
      readonly rank: number
    },
  ) {
    this.endpoint = endpoint
    this.address = addressKey(endpoint.host)
    this.origin = facts.origin
    this.source = facts.source
    this.notBefore = facts.now
    this.rank = facts.rank
  }

  /** Somebody named it (again). */
  told(found: FoundPeer, origin: PeerOrigin): void {
    if (ORIGINS.indexOf(origin) < ORIGINS.indexOf(this.origin)) this.origin = origin
    if (found.seed !== undefined) this.seed = found.seed
    if (found.utp === true) this.utp = true
    if (found.encrypted === true) this.encrypted = true
  }

  /** The larger, the sooner it makes room for others. Connected ones never do. */
  get disposability(): number {
    if (this.state !== 'idle' || this.isSelf) return -1
    return disposabilityOf(this.origin, this.proven) + 10 * Math.min(this.failures, 9)
  }
}
