// Which files are wanted, and moving bytes out of the part file when a file becomes wanted.
//
// Bytes of an unwanted file that was never written lie in the part file. A file that has been written stays where
// it is when it is unselected. Moving runs alone in the write gate; what is in the part file stays there, so that
// resume data from before the move is still true.

import type { Metainfo } from '@bt/metainfo'
import type { Done } from '@bt/ports'
import { Bitfield, type ReadonlyBitfield, invariant } from '@bt/primitives'
import type { Busy } from './busy.ts'
import type { ContentDisk } from './content-disk.ts'
import { PieceStoreError } from './errors.ts'
import { inTurn } from './in-turn.ts'
import type { Later } from './later.ts'
import type { Ledger } from './ledger.ts'
import type { Losses } from './losses.ts'
import { hasBytes } from './placement.ts'
import type { WriteGate } from './write-gate.ts'

export interface SelectionParts {
  readonly metainfo: Metainfo
  readonly disk: ContentDisk
  readonly ledger: Ledger
  readonly losses: Losses
  readonly gate: WriteGate
  readonly busy: Busy
  readonly later: Later
  /** The selection took effect; runs `then` when what completion asks for is done. */
  readonly ended: (then: () => void) => void
}

export class Selection {
  readonly wanted: Bitfield
  readonly #parts: SelectionParts

  constructor(parts: SelectionParts, wanted: ReadonlyBitfield) {
    this.#parts = parts
    this.wanted = Bitfield.copyOf(wanted)
  }

  select(wanted: ReadonlyBitfield, done: Done): void {
    const { busy, disk, gate, later, metainfo } = this.#parts
    invariant(wanted.length === metainfo.files.length, 'a selection has a bit for each file')
    const refusal = selectionError(disk, wanted)
    if (refusal !== undefined) {
      later(() => done(refusal))
      return
    }
    const next = Bitfield.copyOf(wanted)
    busy.enter()
    gate.add({
      exclusive: true,
      attempt: (answer) => {
        for (let file = 0; file < next.length; file++) {
          if (next.has(file)) this.wanted.set(file)
          else this.wanted.clear(file)
          const stays = next.has(file) || disk.facts.isThere(file) || !hasBytes(metainfo, file)
          if (!stays) disk.placement.put(file, 'part')
        }
        later(() => this.#move(answer))
      },
      ended: () => {
        this.#parts.ended(() => {
          done(undefined)
          busy.leave()
        })
      },
      abandoned: (error) => {
        later(() => {
          done(error)
          busy.leave()
        })
      },
    })
  }

  /**
   * Removes the part file when no file's bytes are in it any more and all that is had is synced elsewhere. Resume data
   * from before the move that still names it leads to a recheck of those pieces.
   */
  dropPartFile(): void {
    const { busy, disk, gate } = this.#parts
    if (!this.#isPartFileIdle()) return
    busy.enter()
    gate.add({
      exclusive: true,
      attempt: (answer) => {
        if (this.#isPartFileIdle()) disk.removePartFile(() => answer(undefined))
        else this.#parts.later(() => answer(undefined))
      },
      ended: () => busy.leave(),
      abandoned: () => busy.leave(),
    })
  }

  #isPartFileIdle(): boolean {
    const { disk, gate, ledger } = this.#parts
    if (!disk.facts.isThere(disk.facts.partIndex) || gate.condition.state === 'stopped')
      return false
    if (ledger.durable.count < ledger.have.count) return false
    for (let file = 0; file < this.wanted.length; file++) {
      if (disk.placement.isInPart(file)) return false
    }
    return true
  }

  #move(answer: (error: PieceStoreError | undefined) => void): void {
    const { disk, metainfo } = this.#parts
    const files: number[] = []
    for (let file = 0; file < metainfo.files.length; file++) {
      if (this.wanted.has(file) && disk.placement.isInPart(file)) files.push(file)
    }
    inTurn(
      files.length,
      1,
      (index, next) => this.#moveFile(files[index] as number, next),
      answer as (error: Error | undefined) => void,
    )
  }

  #moveFile(file: number, done: Done): void {
    const { disk, ledger, metainfo } = this.#parts
    const { geometry } = metainfo
    const { first, end } = geometry.piecesOf(file)
    const pieces: number[] = []
    for (let piece = first; piece < end; piece++) {
      if (ledger.have.has(piece) || ledger.doubtful.has(piece)) pieces.push(piece)
    }
    inTurn(
      pieces.length,
      1,
      (index, next) => this.#movePiece(file, pieces[index] as number, next),
      (error) => {
        if (error === undefined) {
          disk.placement.put(file, 'file')
          for (const piece of pieces) if (ledger.have.has(piece)) ledger.unsettle(piece)
        }
        done(error)
      },
    )
  }

  #movePiece(file: number, piece: number, done: Done): void {
    const { disk, losses, metainfo } = this.#parts
    const index = metainfo.geometry.piece(piece)
    const from = disk.placement.places(index).find((place) => place.file === file)
    const span = metainfo.geometry.fileSpans(index).find((one) => one.file === file)
    invariant(from !== undefined && span !== undefined, 'a piece of a file has bytes of it')
    const bytes = new Uint8Array(from.length)
    disk.readPlace(from, bytes, (error) => {
      if (error !== undefined) {
        // Perhaps it never was there; a piece that was had is lost, the rest of the move goes on.
        losses.lose([piece], false, error as PieceStoreError)
        done(undefined)
        return
      }
      disk.writePlace({ ...from, where: 'file', offset: span.offset }, bytes, done)
    })
  }
}

/** An error when this selection needs a part file and there is none. */
export function selectionError(
  disk: ContentDisk,
  wanted: ReadonlyBitfield,
): PieceStoreError | undefined {
  if (disk.hasPartFile) return undefined
  for (let file = 0; file < wanted.length; file++) {
    if (wanted.has(file) || !hasBytes(disk.metainfo, file)) continue
    return new PieceStoreError(
      'NO_PART_FILE',
      `file ${file} is not wanted, and its bytes in pieces of wanted files have no place: open the store with a part file`,
      { file },
    )
  }
  return undefined
}
