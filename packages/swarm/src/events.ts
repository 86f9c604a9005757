// What a swarm reports: event names and their facts. Events say what happened; they never ask.

import type { Metainfo, PieceIndex } from '@bt/metainfo'
import type { PeerOrigin } from '@bt/ports'
import type { Endpoint } from '@bt/primitives'
import type { SwarmError } from './errors.ts'

/**
 * What a swarm is doing. 'metadata': a magnet that waits for its metadata; 'checking': storage is opened and what
 * is there is hashed; 'stopped': nothing can be written now (see the event `condition`), uploading goes on;
 * 'seeding': everything wanted is here.
 */
export type SwarmState =
  | 'metadata'
  | 'checking'
  | 'downloading'
  | 'seeding'
  | 'stopped'
  | 'paused'
  | 'failed'
  | 'closed'

export interface SwarmEvents {
  state: { readonly state: SwarmState }
  /** The metadata of a magnet came, or was given: once for each swarm. */
  metadata: { readonly metainfo: Metainfo }
  /** While what is on disk is hashed. */
  checking: { readonly checkedCount: number; readonly pieceCount: number }
  /** A piece was verified and written. */
  piece: {
    readonly piece: PieceIndex
    readonly haveCount: number
    readonly pieceCount: number
  }
  /** A piece was whole and wrong; its blocks are asked for again. */
  corrupt: { readonly piece: PieceIndex; readonly suspects: readonly Endpoint[] }
  /** A piece that we had is gone: its file changed under us. It is downloaded again. */
  lost: { readonly piece: PieceIndex; readonly reason: Error }
  peer: {
    readonly endpoint: Endpoint
    readonly change: 'connected' | 'closed' | 'banned'
    readonly origin: PeerOrigin
    /** Name and version by its own account, where it gave one. */
    readonly client?: string
    readonly reason?: Error
  }
  /** Everything wanted is here and verified. Again after more files became wanted. */
  complete: {
    readonly downloadedBytes: number
    readonly uploadedBytes: number
    readonly wastedBytes: number
  }
  /** Writing stopped or goes on again. Retried by itself after `retryMs`. */
  condition:
    | { readonly state: 'ok' }
    | { readonly state: 'stopped'; readonly error: Error; readonly retryMs: number }
  /** Resume data were saved (every 30 s while something changed, and at close). */
  checkpoint: { readonly resume: Uint8Array; readonly durableCount: number }
  /** A source of peers has something to say: a tracker refused, an announce failed. */
  source: {
    readonly source: string
    readonly level: 'info' | 'warn'
    readonly message: string
    readonly [fact: string]: unknown
  }
  /** This torrent cannot go on. */
  failed: { readonly error: SwarmError }
}
