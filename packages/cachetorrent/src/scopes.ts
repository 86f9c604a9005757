// What may be asked of whom: of the site everything, of others what is claimed.

import type { ReadonlyBitfield } from '@bt/primitives'
import type { PieceScope } from '@bt/swarm'
import { END_SHARE, LATE_SHARE } from './limits.ts'
import type { Mode } from './mode.ts'
import type { Neighbour } from './neighbours.ts'

/** How much is missing: much, less than `LATE_SHARE`, or less than `END_SHARE`. */
export type Phase = 'early' | 'late' | 'ending'

/** What is new in the site is asked for at once, and then nothing is left to ask for: that is not yet the end. */
const LOCAL: Readonly<Record<Phase, PieceScope>> = {
  early: { had: 'all', reason: 'local', duplicates: false, moves: 'queued' },
  late: { had: 'all', reason: 'local', duplicates: false, moves: 'any' },
  ending: { had: 'all', reason: 'local', moves: 'any' },
}
/** It has not said where it is. */
const NOTHING: PieceScope = { had: 'none', reason: 'unknown' }

export interface ScopeFacts {
  readonly mode: Mode
  readonly phase: Phase
  /** Claimed pieces. */
  readonly may: ReadonlyBitfield
}

/** `missing` of so many pieces. */
export function phaseOf(missing: number, all: number): Phase {
  if (missing <= all * END_SHARE) return 'ending'
  return missing <= all * LATE_SHARE ? 'late' : 'early'
}

/** Undefined: as in plain BitTorrent. */
export function scopeOf(
  neighbour: Neighbour | undefined,
  { mode, phase, may }: ScopeFacts,
): PieceScope | undefined {
  if (mode === 'plain') return undefined
  if (neighbour === undefined || neighbour.isSilent) return NOTHING
  const { where, interested } = neighbour
  if (where === 'local') return LOCAL[phase]
  if (where !== 'outside' || mode === 'waiting') return NOTHING
  return { had: may, reason: 'claim', interested, duplicates: false }
}
