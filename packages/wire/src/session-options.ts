// How a session begins, and on whose word an accepted one goes on.

import type { PieceGeometry } from '@bt/metainfo'
import type { InfoHash } from '@bt/primitives'
import type { Identity } from './handshake.ts'
import type { ConnectionLimits } from './wire-limits.ts'

/** What we are in this connection. */
export interface Admission {
  /** The hash we send. */
  readonly answer: InfoHash
  /** All hashes that name the same torrent (hybrid: v1 and truncated v2). */
  readonly accept: readonly InfoHash[]
  /**
   * The truncated v2 hash, when the torrent has one. A connection under it has version '2', and a peer
   * that asks for the v1 hash with the v2 bit set is answered with it if our own bit is set too (BEP 52).
   */
  readonly answerV2?: InfoHash
  /** Absent for a magnet whose metadata is not here yet: `adopt` it later. */
  readonly geometry?: PieceGeometry
}

/** How a session begins. `now` is milliseconds on the clock that all later calls use. */
export type PeerSessionOptions =
  | {
      readonly role: 'dialed'
      readonly identity: Identity
      readonly admission: Admission
      readonly limits?: Partial<ConnectionLimits>
      readonly now: number
    }
  | {
      readonly role: 'accepted'
      readonly identity: Identity
      readonly limits?: Partial<ConnectionLimits>
      readonly now: number
    }
