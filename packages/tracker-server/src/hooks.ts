// What others may add to an announce: refuse it, choose who is handed out, shape the answer (CacheTorrent does all three).

import type { Endpoint, InfoHash, PeerId } from '@bt/primitives'
import type { AnnounceRequest, AnnounceResponse } from '@bt/tracker-protocol'

/** A swarm as a hook sees it; slots are valid until the hook returns. */
export interface SwarmView {
  readonly size: number
  /** Slots of all members, or of those of one group. */
  members(group?: number): Iterable<number>
  endpoint(slot: number): Endpoint
  isSeed(slot: number): boolean
}

export interface AnnounceHook {
  /** Throw a `TrackerError` to refuse; its text reaches the client. Nothing is stored then. */
  before?(request: AnnounceRequest, from: Endpoint): void
  /** Members of a swarm are kept by group (a site); below 2^32. */
  group?(from: Endpoint): number
  /** Which members to hand out, by slot; undefined: the fair random sample. */
  select?(request: AnnounceRequest, from: Endpoint, swarm: SwarmView): readonly number[] | undefined
  shape?(request: AnnounceRequest, response: AnnounceResponse, from: Endpoint): AnnounceResponse
  /**
   * A peer announced to another tracker of the same swarms (see swarm-feed.ts) and is a member here, too. Comes after
   * `before` and `group`, in the place of `select` and `shape`; the request has what the others told of it.
   */
  heard?(request: AnnounceRequest, from: Endpoint): void
  /** `peerId` is the one that the peer announced last. */
  gone?(infoHash: InfoHash, peerId: PeerId, endpoint: Endpoint, why: 'stopped' | 'expired'): void
}
