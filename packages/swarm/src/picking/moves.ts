// Which block to ask a peer for that another was asked for and will be long in sending: the other is told to forget it.
//
// A peer that is asked for a little waits with the rest of its queue, however slow it is, while others that have the same
// piece stand idle. So what stands last in the longest queue is moved to a peer that would send it in half the time.
// Nothing is asked of two at once: what moves costs a cancel, not a block. Pieces that say who is guilty stay whole: a
// suspect takes nothing over, and nothing is taken from it.

import type { Asker } from './asker.ts'
import { LATE_MS } from './endgame.ts'
import type { PartialPiece } from './partial-pieces.ts'

export interface Move<P> {
  readonly partial: PartialPiece<P>
  readonly block: number
  readonly from: Asker<P>
}

export interface MoveRules<P> {
  /** Peers that were asked for something. */
  readonly busy: Iterable<Asker<P>>
  readonly blockLength: number
  readonly now: number
  readonly wanted: (piece: number) => boolean
}

/**
 * The block that gains most; undefined: none is worth it. Cost: a step for each peer that was asked for something, and one
 * for each block of its pieces where its queue is long.
 */
export function moveFor<P>(asker: Asker<P>, rules: MoveRules<P>): Move<P> | undefined {
  if (asker.onParole) return undefined
  const { busy, blockLength, now } = rules
  let best: Move<P> | undefined
  let bestMs = 2 * asker.queueMs(blockLength, 1, now) + LATE_MS
  for (const from of busy) {
    if (from === asker || from.scope?.moves !== true) continue
    const queueMs = from.queueMs(blockLength, 0, now)
    if (queueMs < bestMs) continue
    for (const partial of from.asked.keys()) {
      if (partial.sealed || !rules.wanted(partial.piece)) continue
      if (asker.may(partial.piece) !== 'firm') continue
      // the first of its queue may be on its way already
      let isFirst = partial === from.firstAsked
      for (let block = 0; block < partial.blockCount; block++) {
        if (partial.onlyAsker(block) !== from.peer) continue
        const waitMs = isFirst ? queueMs / 2 : queueMs
        isFirst = false
        if (waitMs < bestMs || partial.wasAsked(block, asker.peer)) continue
        // of equal ones the last: what was asked last comes last
        if (best !== undefined && waitMs === bestMs && isBefore(partial, block, best)) continue
        best = { partial, block, from }
        bestMs = waitMs
      }
    }
  }
  return best
}

/** Begun before the other's piece; or of the same piece, and before it there. */
function isBefore<P>(partial: PartialPiece<P>, block: number, other: Move<P>): boolean {
  if (partial === other.partial) return block < other.block
  return partial.number < other.partial.number
}
