// The life of one connection as a table: what may happen in each phase, and where it leads (BEP 3).
//
// Choking and interest are four flags of an open connection, not phases of it.

import { invariant } from '@bt/primitives'

/** Where a connection is between the first byte and the last. */
export type Phase =
  /** Nothing of the peer's handshake is known. */
  | 'awaiting-head'
  /** Accepted side: the peer named a torrent and waits for our word. */
  | 'asked'
  /** Reserved bits and infohash agree; the peer id is still on its way. */
  | 'awaiting-peer-id'
  | 'open'
  | 'closed'

/** What moves a connection on. */
export type Cause =
  | 'asked-for'
  | 'head-agreed'
  | 'admitted'
  | 'peer-id-received'
  | 'refused'
  | 'failed'
  | 'close-asked'

/** The whole table. A cause that is not listed is a bug of ours: nothing a peer sends gets that far. */
export const NEXT_PHASE = {
  'awaiting-head': {
    'asked-for': 'asked',
    'head-agreed': 'awaiting-peer-id',
    failed: 'closed',
    'close-asked': 'closed',
  },
  asked: {
    admitted: 'awaiting-peer-id',
    refused: 'closed',
    failed: 'closed',
    'close-asked': 'closed',
  },
  'awaiting-peer-id': {
    'peer-id-received': 'open',
    failed: 'closed',
    'close-asked': 'closed',
  },
  open: {
    failed: 'closed',
    'close-asked': 'closed',
  },
  closed: {},
} as const satisfies Record<Phase, Partial<Record<Cause, Phase>>>

/** Where `cause` leads from `phase`. @throws {InvariantError} when the table has no such move */
export function nextPhase(phase: Phase, cause: Cause): Phase {
  const moves: Partial<Record<Cause, Phase>> = NEXT_PHASE[phase]
  const next = moves[cause]
  invariant(next !== undefined, `a connection that is ${phase} has no move for ${cause}`)
  return next
}
