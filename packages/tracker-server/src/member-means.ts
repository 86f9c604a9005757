// What members have in common: counts with the other parts of their swarm, means with all swarms of a tracker.

import type { Keeping } from './member-layout.ts'
import type { PeerKey } from './peer-key.ts'
import type { Slabs } from './slabs.ts'

/** Of all parts of a swarm together. */
export interface SwarmCounts {
  size: number
  seeds: number
  /** Leeches that are partial seeds (BEP 21). */
  paused: number
  /** Members whose addresses mean something on their own network only: who asks from outside must not hear of them. */
  inside: number
  /** Members whose addresses are nobody's. */
  nowhere: number
}

/** What all swarms of a tracker share. */
export interface MemberMeans {
  readonly slabs: Slabs
  readonly hasher: PeerKey
  readonly keeping: Keeping
  /** Seconds of one step of `seen`, which counts to 65,535 and starts again. */
  readonly seenStep: number
}
