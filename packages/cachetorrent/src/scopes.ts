// What may be asked of whom: of the site everything, of others what is claimed.

import type { ReadonlyBitfield } from '@bt/primitives'
import type { PieceScope } from '@bt/swarm'
import type { Mode } from './mode.ts'
import type { Neighbour } from './neighbours.ts'

/** What is new in the site is asked for at once, and then nothing is left to ask for: that is not yet the end. */
const LOCAL: PieceScope = {
  had: 'all',
  reason: 'local',
  duplicates: false,
  moves: true,
}
const LOCAL_AT_END: PieceScope = { had: 'all', reason: 'local', moves: true }
/** It has not said where it is, or is not there for us now. */
const NOTHING: PieceScope = { had: 'none', reason: 'unknown' }

export interface ScopeFacts {
  readonly mode: Mode
  /** Few pieces are missing. */
  readonly isEnding: boolean
  /** Claimed pieces. */
  readonly may: ReadonlyBitfield
}

/** Undefined: as in plain BitTorrent. */
export function scopeOf(
  neighbour: Neighbour | undefined,
  { mode, isEnding, may }: ScopeFacts,
): PieceScope | undefined {
  if (mode === 'plain') return undefined
  if (neighbour === undefined || neighbour.isSilent || neighbour.isBusy) return NOTHING
  const { where, interested } = neighbour
  if (where === 'local') return isEnding ? LOCAL_AT_END : LOCAL
  if (where !== 'outside' || mode === 'waiting') return NOTHING
  return { had: may, reason: 'claim', interested, duplicates: false }
}
