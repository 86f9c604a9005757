// A member as an answer names it: its packed bytes at once, its text only for who asks.
//
// Fifty peers an answer, and most answers are compact: writing addresses as text to parse them again would cost more
// than all the rest of an announce.

import { type PeerId, parsePeerId, unpackEndpoint } from '@bt/primitives'
import type { AnnouncedPeer } from '@bt/tracker-protocol'

export class MemberPeer implements AnnouncedPeer {
  /** 6 or 18 bytes. */
  readonly packed: Uint8Array
  readonly #id: Uint8Array | undefined

  /** Both are kept: copies. Without an id where the form of the answer has no room for one. */
  constructor(packed: Uint8Array, id: Uint8Array | undefined) {
    this.packed = packed
    this.#id = id
  }

  get host(): string {
    return unpackEndpoint(this.packed, 0, this.packed.length as 6 | 18).host
  }

  get port(): number {
    return unpackEndpoint(this.packed, 0, this.packed.length as 6 | 18).port
  }

  get peerId(): PeerId | undefined {
    return this.#id === undefined ? undefined : parsePeerId(this.#id)
  }
}
