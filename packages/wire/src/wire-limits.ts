// Every limit a stranger can push against, with its unit and its reason.

/** Limits of one connection; times are milliseconds, lengths bytes. */
export interface ConnectionLimits {
  /** Longest message of a kind that has no narrower limit; checked on the four length bytes. */
  readonly messageLengthMax: number
  /** Longest block a request may ask for: 128 KiB; the length of a piece in the fast profile. */
  readonly requestLengthMax: number
  /** Requests the peer may have open with us: our `reqq`. Beyond it: rejected (fast) or dropped. */
  readonly requestsFromPeerMax: number
  /** Highest piece index believed before the metadata is here. */
  readonly piecesBeforeGeometryMax: number
  /** From the first byte to a whole handshake; absolute. */
  readonly handshakeMs: number
  /** Silence after which the peer is given up. */
  readonly idleMs: number
  /** Silence of ours after which a keep-alive is sent. */
  readonly keepAliveMs: number
}
