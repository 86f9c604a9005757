// What is kept of a peer that may be served: its open requests, and what its channel holds.

import type { Peer } from '../peers/peer.ts'
import type { OpenRequest } from '../policy.ts'
import type { TokenBucket } from './byte-budget.ts'
import type { SendAhead } from './send-ahead.ts'

/** A request in the queue; the policy sees it as it is. */
export interface Waiting extends OpenRequest {
  readonly peer: Peer
  held: boolean
}

export interface Desk {
  readonly peer: Peer
  readonly budget: TokenBucket
  queue: Waiting[]
  held: Waiting[]
  readonly ahead: SendAhead
  loading: boolean
  /** Pieces it may ask for while choked, with the bytes of each that were served so. */
  allowedFast: ReadonlyMap<number, number>
}

export const NONE_ALLOWED: ReadonlyMap<number, number> = new Map()

export function deskOf(peer: Peer): Desk | undefined {
  return peer.desk as Desk | undefined
}

/**
 * It is choked, and gets something nevertheless (BEP 6). One at a time does: a whole /24 has the same allowed-fast
 * pieces, and served side by side its members would take all of a slow seed's uplink for copies of ten pieces.
 */
export function isHelped({ peer, queue, ahead }: Desk): boolean {
  return !peer.isClosed && peer.session.amChoking && (queue.length > 0 || ahead.unsentBytes > 0)
}
