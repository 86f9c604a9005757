// What a picker is made of, and whom it asks for memory.

import type { PieceGeometry } from '@bt/metainfo'
import type { Random } from '@bt/ports'
import type { ReadonlyBitfield } from '@bt/primitives'
import type { PickerLimits } from './picker-limits.ts'

export interface PickerOptions {
  readonly geometry: PieceGeometry
  readonly random: Random
  /** Read once, here. */
  readonly have: ReadonlyBitfield
  /** Memory for a new piece, asked for before its first block is picked. False: no new piece for now. */
  readonly begin: (piece: number) => boolean
  /** Gives up a piece that has stood still, to make room for one that can move; its blocks are lost. */
  readonly discard?: (piece: number) => void
  readonly limits?: Partial<PickerLimits>
}
