// What there is to do when everything wanted is had: files of zero bytes come to be.

import type { Metainfo } from '@bt/metainfo'
import { Bitfield, type ReadonlyBitfield } from '@bt/primitives'
import type { ContentDisk } from './content-disk.ts'
import { inTurn } from './in-turn.ts'
import type { Later } from './later.ts'
import type { Ledger } from './ledger.ts'
import { hasBytes, isEmptyFile } from './placement.ts'
import { STATS_IN_FLIGHT } from './store-limits.ts'
import type { WriteGate } from './write-gate.ts'

export interface CompletionParts {
  readonly metainfo: Metainfo
  readonly disk: ContentDisk
  readonly ledger: Ledger
  readonly gate: WriteGate
  readonly later: Later
}

export class Completion {
  readonly #parts: CompletionParts
  #emptyFiles: readonly number[] = []

  constructor(parts: CompletionParts) {
    this.#parts = parts
  }

  selected(wanted: ReadonlyBitfield): void {
    const { metainfo, ledger } = this.#parts
    const pieces = new Bitfield(metainfo.geometry.pieceCount)
    const emptyFiles: number[] = []
    for (let file = 0; file < wanted.length; file++) {
      if (!wanted.has(file)) continue
      if (isEmptyFile(metainfo, file)) emptyFiles.push(file)
      if (!hasBytes(metainfo, file)) continue
      const { first, end } = metainfo.geometry.piecesOf(file)
      for (let piece = first; piece < end; piece++) pieces.set(piece)
    }
    ledger.want(pieces)
    this.#emptyFiles = emptyFiles
  }

  /** Makes the empty files if everything wanted is had, then runs `then`: inside the call where there is nothing to make. */
  check(then: () => void): void {
    const { disk, gate, later, ledger } = this.#parts
    if (ledger.missingCount > 0) {
      then()
      return
    }
    const files = this.#emptyFiles.filter((file) => !disk.facts.isThere(file))
    if (files.length === 0) {
      then()
      return
    }
    gate.add({
      exclusive: false,
      attempt: (answer) => {
        inTurn(
          files.length,
          STATS_IN_FLIGHT,
          (index, next) => disk.makeEmpty(files[index] as number, next),
          answer as (error: Error | undefined) => void,
        )
      },
      ended: then,
      abandoned: () => later(then),
    })
  }
}
