// Which state a torrent is in, from what is true of it now: the first that fits.

import type { SwarmState } from './events.ts'

export interface TorrentFacts {
  readonly isClosed: boolean
  readonly hasFailed: boolean
  /** Metadata, or hashes of v2 files, are not here yet. */
  readonly lacksMetadata: boolean
  /** Its store is open, and what was there is checked. */
  readonly isOpen: boolean
  readonly isPaused: boolean
  /** Its disk takes nothing now. */
  readonly isStopped: boolean
  readonly isComplete: boolean
}

export function stateOf(facts: TorrentFacts): SwarmState {
  if (facts.isClosed) return 'closed'
  if (facts.hasFailed) return 'failed'
  if (!facts.lacksMetadata && !facts.isOpen) return 'checking'
  if (facts.isPaused) return 'paused'
  if (facts.lacksMetadata) return 'metadata'
  if (facts.isStopped) return 'stopped'
  return facts.isComplete ? 'seeding' : 'downloading'
}
