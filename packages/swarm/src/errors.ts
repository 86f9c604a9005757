// What the swarm reports as an error: to the embedder, never to a peer.

export type SwarmErrorCode =
  /** The session or swarm was closed before the promise could be kept. */
  | 'CLOSED'
  /** The listening port could not be had. */
  | 'CANNOT_LISTEN'
  /** A torrent with one of these infohashes is in the session already. */
  | 'ALREADY_ADDED'
  /** Asked of a magnet whose metadata is not here yet. */
  | 'NO_METADATA'
  /** Metadata with the right hash that is no usable torrent, or storage that could not be opened. */
  | 'CANNOT_START'
  /** An option that makes no sense, said with its value. */
  | 'BAD_OPTION'
  /** A peer was dropped; `detail` says why. */
  | 'PEER_DROPPED'
  /** A peer was banned; `detail` says why. */
  | 'PEER_BANNED'

export class SwarmError extends Error {
  override readonly name = 'SwarmError'
  readonly code: SwarmErrorCode
  /** A word that says which case of the code it was, for logs and tests. */
  readonly detail: string | undefined
  constructor(
    code: SwarmErrorCode,
    message: string,
    facts: { readonly detail?: string; readonly cause?: unknown } = {},
  ) {
    super(message, 'cause' in facts ? { cause: facts.cause } : undefined)
    this.code = code
    this.detail = facts.detail
  }
}
