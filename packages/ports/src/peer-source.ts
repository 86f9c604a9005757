// Where peers come from: trackers, DHT, local discovery, a fixed list. Handed to a swarm, which imports none of them.

import type { Endpoint, InfoHash, PeerId } from '@bt/primitives'
import type { Done } from './done.ts'

export type PeerOrigin = 'user' | 'tracker' | 'pex' | 'dht' | 'lsd' | 'incoming' | 'policy'

export interface FoundPeer {
  readonly endpoint: Endpoint
  readonly peerId?: PeerId
  readonly seed?: boolean
  readonly utp?: boolean
  readonly encrypted?: boolean
}

export interface PeerSource {
  start(swarm: PeerSink): void
  /** The sink changed in a way peers should hear of soon: 'completed', or a paused/partial-seed change. */
  changed?(what: 'completed' | 'partial-seed'): void
  /** More peers are wanted now, if the source's own rules allow it. */
  wanted?(): void
  /** Says goodbye (at most 5 s) and ends all activity before `done`. */
  stop(done: Done): void
}

/** What a source is told and asked. Keys and values of `announce`/`announced` belong to extensions. */
export interface PeerSink {
  /** v1, and truncated v2 where there is one: announce each. */
  readonly infoHashes: readonly InfoHash[]
  readonly peerId: PeerId
  readonly isPrivate: boolean
  /** Port we accept on; 0 when we do not. */
  listenPort(): number
  /** `leftBytes` undefined: size not known yet (magnet). */
  progress(): {
    readonly uploadedBytes: number
    readonly downloadedBytes: number
    readonly leftBytes: number | undefined
    readonly partialSeed: boolean
  }
  /** How many more peers we would like. */
  peersWanted(): number
  /** Extra announce parameters, by name. */
  announce(): ReadonlyMap<string, string>
  /** Of each reply of a tracker, the top-level keys that the tracker protocol does not know, as decoded bencode; often none. */
  announced(reply: ReadonlyMap<string, unknown>, tracker: string): void
  /** `source`: address of who told us, for the rule which addresses it may name. */
  found(peers: readonly FoundPeer[], origin: PeerOrigin, source?: string): void
  /** Something a user would like to know about this source ("tracker X refused: …"). */
  noted(facts: {
    readonly source: string
    readonly level: 'info' | 'warn'
    readonly message: string
    readonly [fact: string]: unknown
  }): void
}
