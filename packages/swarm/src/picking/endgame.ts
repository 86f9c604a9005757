// Which blocks to ask a further peer for when there is nothing new to ask.
//
// In the endgame every missing block is requested already, so each is asked of a second peer and cancelled at the
// other when it comes. Only blocks that are late, though: a fast swarm is done before a duplicate would help, and each
// costs its bytes twice. Outside the endgame only pieces that have stood still are helped, so that one slow peer
// cannot keep memory busy. Bounded twice more: peers per block, and duplicates per peer. BEP 3 "end game".

import type { Asker } from './asker.ts'
import type { PartialPiece } from './partial-pieces.ts'

/** A piece that saw neither a request nor a block for so long is helped outside the endgame too. */
export const STILL_MS = 10_000

/** In the endgame a piece that nothing came for in so long is helped, whatever its peers promise. */
export const ENDGAME_STILL_MS = 1_000
/** And never sooner than a peer of this rate needs for a block: longer blocks are not late because they are long. */
export const ENDGAME_SLOW_BYTES_PER_SECOND = 16_384
/** A block is late when its peer needs twice as long as the other would, and so much more. */
export const LATE_MS = 500

export interface Duplicate<P> {
  readonly partial: PartialPiece<P>
  readonly block: number
  /** Asked because its peer is slow, not because it stands still. */
  readonly isLate: boolean
}

export interface DuplicateRules<P> {
  readonly room: number
  /** Bytes of a whole block. */
  readonly blockLength: number
  /** Blocks that may be asked for only because they are late. */
  readonly lateRoom: number
  /** Peers asked for one block at a time; a third and further one only where the piece stands still. */
  readonly askersMax: number
  readonly now: number
  readonly endgame: boolean
  readonly wanted: (piece: number) => boolean
  /** Milliseconds until what a peer was asked for is here; Infinity: it has sent nothing yet. */
  readonly waitMs: (peer: P) => number
}

const NONE: readonly never[] = []

/**
 * At most `room` blocks that others were asked for and this peer was not, those with the fewest askers first.
 * Cost: one step per block of the pieces begun.
 */
export function duplicatesFor<P>(
  partials: Iterable<PartialPiece<P>>,
  asker: Asker<P>,
  rules: DuplicateRules<P>,
): readonly Duplicate<P>[] {
  const { room, askersMax, now, endgame } = rules
  const endgameStillMs = Math.max(
    ENDGAME_STILL_MS,
    (1000 * rules.blockLength) / ENDGAME_SLOW_BYTES_PER_SECOND,
  )
  if (askersMax < 2 || room <= 0) return NONE
  let byAskers: Duplicate<P>[][] | undefined
  const ownWaitMs = rules.waitMs(asker.peer)
  const isLate = (peer: P): boolean => {
    const waitMs = rules.waitMs(peer)
    return Number.isFinite(waitMs) && waitMs > 2 * ownWaitMs + LATE_MS
  }
  let late = 0
  for (const partial of partials) {
    if (partial.askers === 0) continue
    const stillMs = now - partial.touchedAt
    if (!endgame && stillMs < STILL_MS) continue
    if (!rules.wanted(partial.piece) || asker.may(partial.piece) !== 'firm') continue
    const most = stillMs >= STILL_MS ? askersMax : Math.min(2, askersMax)
    // From the end: what was asked last comes last, and a cancel is still in time.
    for (let block = partial.blockCount - 1; block >= 0; block--) {
      const askers = partial.firmAskers(block)
      if (askers === 0 || askers >= most || partial.wasAsked(block, asker.peer)) continue
      const moves = stillMs < endgameStillMs
      if (moves && (late >= rules.lateRoom || !partial.askersOf(block).every(isLate))) continue
      if (moves) late++
      byAskers ??= Array.from({ length: askersMax }, () => [])
      byAskers[askers]?.push({ partial, block, isLate: moves })
      const fewest = byAskers[1] as Duplicate<P>[]
      if (fewest.length >= room) return fewest
    }
  }
  return byAskers?.flat().slice(0, room) ?? NONE
}
