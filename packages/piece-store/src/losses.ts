// What happens when content is not as we left it: unreadable, changed by another program, cut or gone.
//
// Gone or cut: its pieces are lost and writing stops, so that nothing grows anew over a missing mount unless asked
// (`retry`). Changed: its pieces are hashed again, and only those that are wrong are lost.

import type { Metainfo, PieceIndex } from '@bt/metainfo'
import { Bitfield } from '@bt/primitives'
import type { ContentDisk, DiskWatch } from './content-disk.ts'
import type { PieceStoreError } from './errors.ts'
import { inTurn } from './in-turn.ts'
import type { Ledger } from './ledger.ts'
import type { ReadCache } from './read-cache.ts'
import { STATS_IN_FLIGHT } from './store-limits.ts'
import type { WriteGate } from './write-gate.ts'

export interface LossParts {
  readonly metainfo: Metainfo
  readonly disk: ContentDisk
  readonly ledger: Ledger
  readonly cache: ReadCache
  readonly gate: WriteGate
  readonly lost: (pieces: readonly number[], error: PieceStoreError) => void
  /** Hashes these again in the background. */
  readonly prove: (pieces: Bitfield) => void
}

export class Losses implements DiskWatch {
  readonly #parts: LossParts

  constructor(parts: LossParts) {
    this.#parts = parts
  }

  /** A read of a piece that was had failed. Looks at its files, in case more is gone than this piece. */
  unreadable(piece: PieceIndex, error: PieceStoreError, then: () => void): void {
    this.lose([piece], true, error)
    const { disk } = this.#parts
    const { partIndex } = disk.facts
    const places = disk.placement.places(piece).filter(({ where }) => where !== 'pad')
    const files = [
      ...new Set(places.map(({ where, file }) => (where === 'part' ? partIndex : file))),
    ]
    inTurn(
      files.length,
      STATS_IN_FLIGHT,
      (index, next) => disk.look(files[index] as number, () => next(undefined)),
      then,
    )
  }

  lose(pieces: readonly number[], doubtful: boolean, error: PieceStoreError): void {
    const { ledger, cache, lost } = this.#parts
    const had = pieces.filter((piece) => ledger.lose(piece, doubtful))
    for (const piece of had) cache.forget(piece)
    if (had.length > 0) lost(had, error)
  }

  fileChanged(file: number): void {
    const had = new Bitfield(this.#parts.metainfo.geometry.pieceCount)
    for (const piece of this.#had(file)) had.set(piece)
    if (had.count > 0) this.#parts.prove(had)
  }

  fileGone(file: number, error: PieceStoreError): void {
    this.lose(this.#had(file), error.code !== 'NOT_HERE', error)
    this.#parts.gate.stop(error)
  }

  #had(file: number): readonly number[] {
    const { metainfo, disk, ledger } = this.#parts
    const isPart = file === disk.facts.partIndex
    const { geometry } = metainfo
    const { first, end } = isPart ? { first: 0, end: geometry.pieceCount } : geometry.piecesOf(file)
    const pieces: number[] = []
    for (let piece = first; piece < end; piece++) {
      if (!ledger.have.has(piece)) continue
      const places = isPart ? disk.placement.places(geometry.piece(piece)) : []
      if (!isPart || places.some(({ where }) => where === 'part')) pieces.push(piece)
    }
    return pieces
  }
}
