// What callers of this package can get wrong, and what strangers can send that is not ours to understand.

export type CacheTorrentErrorCode = 'BAD_SITE_NAME' | 'BAD_SITE_MAP' | 'BAD_MESSAGE' | 'BAD_REPLY'

/** Says what, where and what to do; never thrown into a swarm: messages of strangers are dropped and noted. */
export class CacheTorrentError extends Error {
  override readonly name = 'CacheTorrentError'
  readonly code: CacheTorrentErrorCode
  /** Line of a site map, counted from 1. */
  readonly line: number | undefined

  constructor(
    code: CacheTorrentErrorCode,
    message: string,
    facts: { readonly line?: number } = {},
  ) {
    super(message)
    this.code = code
    this.line = facts.line
  }
}
