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
  readonly askers: ReadonlyMap<P, Asker<P>>
  /** Those of them that were asked for something. */
  readonly busy: Iterable<Asker<P>>
  readonly blockLength: number
  readonly now: number
  readonly wanted: (piece: number) => boolean
}

/** The block that gains most; undefined: none is worth it. Cost: one step per block of the pieces begun. */
export function moveFor<P>(
  partials: Iterable<PartialPiece<P>>,
  asker: Asker<P>,
  rules: MoveRules<P>,
): Move<P> | undefined {
  const { askers, blockLength, now } = rules
  const ownMs = asker.queueMs(blockLength, 1, now)
  if (asker.onParole) return undefined
  let best: Move<P> | undefined
  let bestMs = 2 * ownMs + LATE_MS
  if (!isAnyWaiting(bestMs, rules)) return undefined
  for (const partial of partials) {
    if (partial.askers === 0 || partial.sealed || !rules.wanted(partial.piece)) continue
    if (asker.may(partial.piece) !== 'firm') continue
    const begun = new Set<Asker<P>>()
    for (let block = 0; block < partial.blockCount; block++) {
      const peer = partial.onlyAsker(block)
      if (peer === undefined) continue
      const from = askers.get(peer)
      if (from?.scope?.moves !== true) continue
      // the first of its queue may be on its way already
      const isFirst = from.firstAsked === partial && !begun.has(from)
      if (isFirst) begun.add(from)
      if (partial.wasAsked(block, asker.peer)) continue
      const queueMs = from.queueMs(blockLength, 0, now)
      const waitMs = isFirst ? queueMs / 2 : queueMs
      // of equal ones the last: what was asked last comes last
      if (waitMs < bestMs) continue
      best = { partial, block, from }
      bestMs = waitMs
    }
  }
  return best
}

/** Somebody's queue is so long: most looks end here, and cost no step per block. */
function isAnyWaiting<P>(ms: number, { busy, blockLength, now }: MoveRules<P>): boolean {
  for (const from of busy) {
    if (from.scope?.moves !== true) continue
    if (from.queueMs(blockLength, 0, now) >= ms) return true
  }
  return false
}
