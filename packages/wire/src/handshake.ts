// The 68 bytes that open a connection, and the reserved bits in them (BEP 3, 4, 5, 6, 10, 52).

import type { InfoHash, PeerId } from '@bt/primitives'

/** Who we say we are: the same in every connection of a session. */
export interface Identity {
  readonly peerId: PeerId
  /** 8 bytes; see `reservedBytes`. */
  readonly reserved: Uint8Array
}

/** A whole handshake. */
export interface Handshake extends Identity {
  readonly infoHash: InfoHash
}

/** The first 48 bytes of one: enough to answer it. */
export interface HandshakeHead {
  readonly infoHash: InfoHash
  readonly reserved: Uint8Array
}
