// An announce and its answer as values, the same whether they travel over HTTP or UDP (BEP 3, 7, 15, 21, 23, 24, 31).

import type { BencodeValue } from '@bt/bencode'
import type { Endpoint, InfoHash, PeerId } from '@bt/primitives'

/** 'paused' is a partial seed that stays one (BEP 21); UDP has no number for it, so there it is left out. */
export type AnnounceEvent = 'started' | 'completed' | 'stopped' | 'paused'

export interface AnnounceRequest {
  readonly infoHash: InfoHash
  readonly peerId: PeerId
  /** Where the peer accepts connections: 1 … 65535, or 0 in a 'stopped' of a peer that never listened. */
  readonly port: number
  readonly uploadedBytes: number
  readonly downloadedBytes: number
  /** Never exact where it is beyond 2^53: such numbers are clamped to it. */
  readonly leftBytes: number
  readonly event?: AnnounceEvent
  /** How many peers are wanted; absent: the tracker's default. */
  readonly numWant?: number
  /** Proves that a peer whose address changed is the same one: 32 bits (BEP 7, 15). */
  readonly key?: number
  /** Asks for 6-byte peers (BEP 23); absent: not said. */
  readonly compact?: boolean
  /** Leaves peer ids out of a list of dictionaries. */
  readonly withoutPeerIds?: boolean
  /** What the tracker told us to say (`tracker id`), as it came. */
  readonly trackerId?: string
  /** Parameters that the protocol does not know, by name, kept for extensions; over UDP those of the URL (BEP 41). */
  readonly extra?: ReadonlyMap<string, string>
}

/** A peer in an answer: over HTTP without compact form, `host` may be a DNS name. */
export interface AnnouncedPeer extends Endpoint {
  readonly peerId?: PeerId | undefined
  /** The 6 or 18 bytes of the endpoint, where whoever made this has them: they are written as they are. */
  readonly packed?: Uint8Array
}

export interface AnnounceResponse {
  readonly intervalSeconds: number
  /** Seeds. */
  readonly complete: number
  /** Leeches. */
  readonly incomplete: number
  readonly peers: readonly AnnouncedPeer[]
  readonly minIntervalSeconds?: number
  /** Leeches that are not partial seeds (BEP 21). */
  readonly downloaders?: number
  readonly warning?: string
  /** Nothing but this and `retryInMinutes` counts when it is there. Printable: see `printable`. */
  readonly failure?: string
  readonly trackerId?: string
  /** Our address as the tracker sees it (BEP 24). */
  readonly externalAddress?: string
  /** With a failure: when to come back (BEP 31). */
  readonly retryInMinutes?: number | 'never'
  /** Top-level keys that the protocol does not know. */
  readonly extra?: ReadonlyMap<string, BencodeValue>
}
