// What a tracker is told, and what it counts.

import type { AnnounceHook } from './hooks.ts'
import type { SwarmFeed } from './swarm-feed.ts'

export interface TrackerOptions {
  /** Seconds between announces of one peer; a tenth more at most by chance, so that peers do not come as one. */
  readonly intervalSeconds?: number
  /** Peers in one answer at most. */
  readonly peersMax?: number
  readonly swarmsMax?: number
  readonly peersPerSwarmMax?: number
  /** Peer ids cost 20 bytes a peer, and only answers in dictionaries name them. Default true; hooks keep them anyway. */
  readonly keepPeerIds?: boolean
  readonly hooks?: readonly AnnounceHook[]
  /** Tells other trackers of the same swarms what is new here; what they tell goes to `heard`. */
  readonly feed?: SwarmFeed
}

/** What happened since the start; for metrics. */
export interface TrackerCounts {
  readonly announces: number
  readonly scrapes: number
  readonly refusals: number
  readonly swarms: number
  readonly peers: number
  /** Bytes of flat memory that hold members, used and free. */
  readonly memberBytes: number
}
