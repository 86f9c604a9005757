// Which blocks to ask a further peer for when there is nothing new to ask.
//
// In the endgame every missing block is requested already, so each is asked of several peers and the rest are
// cancelled when it comes. Outside it only pieces that have stood still are helped in this way, so that one slow
// peer cannot keep memory busy. Waste is bounded twice: peers per block, and duplicates per peer. BEP 3 "end game".

import type { Asker } from './asker.ts'
import type { PartialPiece } from './partial-pieces.ts'

/** A piece that saw neither a request nor a block for so long is helped outside the endgame too. */
export const STILL_MS = 10_000

export interface Duplicate<P> {
  readonly partial: PartialPiece<P>
  readonly block: number
}

/**
 * At most `room` blocks that others were asked for and this peer was not, those with the fewest askers first.
 * `stillSince`: only pieces untouched since then; Infinity: all of them. Cost: one step per block of these pieces.
 */
export function duplicatesFor<P>(
  partials: Iterable<PartialPiece<P>>,
  asker: Asker<P>,
  options: {
    readonly room: number
    readonly askersMax: number
    readonly stillSince: number
    readonly wanted: (piece: number) => boolean
  },
): readonly Duplicate<P>[] {
  const byAskers: Duplicate<P>[][] = Array.from({ length: options.askersMax }, () => [])
  const fewest = byAskers[1]
  if (fewest === undefined || options.room <= 0) return []
  for (const partial of partials) {
    if (partial.askers === 0 || partial.touchedAt > options.stillSince) continue
    if (!options.wanted(partial.piece) || asker.may(partial.piece) !== 'firm') continue
    for (let block = 0; block < partial.blockCount; block++) {
      const askers = partial.firmAskers(block)
      if (askers === 0 || askers >= options.askersMax || partial.wasAsked(block, asker.peer))
        continue
      byAskers[askers]?.push({ partial, block })
      if (fewest.length >= options.room) return fewest
    }
  }
  return byAskers.flat().slice(0, options.room)
}
