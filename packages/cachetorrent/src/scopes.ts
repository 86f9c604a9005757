// What may be asked of whom, where that does not depend on claims.

import type { PieceScope } from '@bt/swarm'

/** What is new in the site is asked for at once, and then nothing is left to ask for: that is not yet the end. */
export const LOCAL: PieceScope = { had: 'all', reason: 'local', duplicates: false }
export const LOCAL_AT_END: PieceScope = { had: 'all', reason: 'local' }
/** It has not said where it is. */
export const NOTHING: PieceScope = { had: 'none', reason: 'unknown' }
