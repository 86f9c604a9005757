// Which hash requests make sense, whatever the torrent (BEP 52).

import type { HashRange } from './message.ts'
import { HASHES_MAX, HASH_LAYERS_MAX } from './wire-limits.ts'

/** A power of two of hashes, aligned to itself, from layers that a tree can have. */
export function isHashRange(range: HashRange): boolean {
  const { length, index, baseLayer, proofLayers } = range
  return (
    length >= 1 &&
    length <= HASHES_MAX &&
    (length & (length - 1)) === 0 &&
    index % length === 0 &&
    baseLayer + proofLayers <= HASH_LAYERS_MAX
  )
}

/** How many hashes answer a valid range: its own, and the uncles that the span does not imply. */
export function hashCountOf(range: HashRange): number {
  const implied = Math.max(0, 31 - Math.clz32(range.length) - 1)
  return range.length + Math.max(0, range.proofLayers - implied)
}
