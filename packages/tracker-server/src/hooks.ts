// What others may add to an announce: refuse it, choose who is handed out, shape the answer (CacheTorrent does all three).

import type { Endpoint, InfoHash, PeerId } from '@bt/primitives'
import type { AnnounceRequest, AnnounceResponse } from '@bt/tracker-protocol'

/** A swarm as a hook sees it; slots are valid until the hook returns. */
export interface SwarmView {
  readonly size: number
  /** Slots of all members, or of those of one group. */
  members(group?: number): Iterable<number>
  endpoint(slot: number): Endpoint
  isSeed(slot: number): boolean
}

export interface AnnounceHook {
  /** Throw a `TrackerError` to refuse; its text reaches the client. Nothing is stored then. */
  before?(request: AnnounceRequest, from: Endpoint): void
  /** Members of a swarm are kept by group (a site); below 2^32. */
  group?(from: Endpoint): number
  /** Which members to hand out, by slot; undefined: the fair random sample. */
  select?(request: AnnounceRequest, from: Endpoint, swarm: SwarmView): readonly number[] | undefined
  shape?(request: AnnounceRequest, response: AnnounceResponse, from: Endpoint): AnnounceResponse
  /**
   * A peer announced to another tracker of the same swarms (see swarm-feed.ts) and is a member here, too. Comes after
   * `before` and `group`, in the place of `select` and `shape`; the request has what the others told of it.
   */
  heard?(request: AnnounceRequest, from: Endpoint): void
  /**
   * There are other trackers of the same swarms: what `tell` is given about a swarm, in the hook's own bytes
   * (`FEED_RECORD_LENGTH_MAX` with its head), is `told` to this hook there. Called once, before anything else.
   */
  joined?(tell: (infoHash: InfoHash, word: Uint8Array) => void): void
  /** A word of this hook in another tracker, after what it had told before; lent. */
  told?(infoHash: InfoHash, word: Uint8Array): void
  /** Everything is told again: what extensions said in a member's last announce, for `heard` there. */
  recall?(infoHash: InfoHash, endpoint: Endpoint): ReadonlyMap<string, string> | undefined
  /** A swarm's members were told again: now the words. */
  retell?(infoHash: InfoHash): void
  /** `peerId` is the one that the peer announced last. */
  gone?(infoHash: InfoHash, peerId: PeerId, endpoint: Endpoint, why: 'stopped' | 'expired'): void
}

/** What the first hook says that has groups; 0: none. */
export function groupOf(hooks: readonly AnnounceHook[], from: Endpoint): number {
  for (const hook of hooks) {
    const group = hook.group?.(from)
    if (group !== undefined) return group
  }
  return 0
}
