// A PeerSession with framing: bytes in, bytes out.

import type { PeerEvent } from './peer-event.ts'
import type { PeerSession } from './peer-session.ts'

/** Everything to write now, in order, as one gathered write. Chunks stay unchanged until `sent`. */
export interface ByteOutput {
  readonly chunks: readonly Uint8Array[]
  readonly length: number
  sent(): void
}

export class PeerConnection {
  readonly session: PeerSession

  constructor(session: PeerSession) {
    this.session = session
  }
  receive(_chunk: Uint8Array, _now: number): void {}
  next(): PeerEvent | undefined {
    return undefined
  }
  takeOutput(): ByteOutput | undefined {
    return undefined
  }
}
