// The one error of this package. Blame says whether to fail loudly or to drop the peer.

/** What went wrong between two peers, as a word to branch on. */
export type WireErrorCode =
  | 'NOT_BITTORRENT'
  | 'INFO_HASH_WRONG'
  | 'MESSAGE_TOO_LONG'
  | 'MESSAGE_LENGTH_WRONG'
  | 'MESSAGE_MALFORMED'
  | 'MESSAGE_OUT_OF_TURN'
  | 'OUT_OF_RANGE'
  | 'REQUEST_FLOOD'
  | 'MESSAGE_FLOOD'
  | 'TIMED_OUT'

/** 'local': our bug, fail loudly. 'remote': their fault, drop the peer. */
export type Blame = 'local' | 'remote'

/**
 * A rule of the peer protocol was broken.
 *
 * With blame 'remote' the session that threw it is closed: drop the peer, keep the rest.
 */
export class WireError extends Error {
  override readonly name = 'WireError'
  readonly code: WireErrorCode
  readonly blame: Blame

  constructor(code: WireErrorCode, blame: Blame, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.blame = blame
  }
}
