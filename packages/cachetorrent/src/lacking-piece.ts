// The search for any piece that we lack and somebody could give, begun by chance.

import type { ReadonlyBitfield } from '@bt/primitives'

/** A piece that we lack and one of these has, the search begun by chance; undefined: there is none. */
export function lackingPiece(
  have: ReadonlyBitfield,
  sources: readonly { readonly pieces: ReadonlyBitfield }[],
  suits: (piece: number) => boolean,
  below: (bound: number) => number,
): number | undefined {
  const { length } = have
  if (length === 0 || sources.length === 0) return undefined
  const start = below(length)
  for (let step = 0; step < length; step++) {
    const piece = (start + step) % length
    if (have.has(piece) || !suits(piece)) continue
    if (sources.some(({ pieces }) => pieces.has(piece))) return piece
  }
  return undefined
}
