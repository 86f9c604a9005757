// Any range of a file or of the whole content, across pieces: for readers and streams.
//
// From memory where a piece is cached, else straight from disk into the reader's own buffer.

import type { Metainfo } from '@bt/metainfo'
import type { Done } from '@bt/ports'
import { invariant } from '@bt/primitives'
import type { Busy } from './busy.ts'
import type { ContentDisk } from './content-disk.ts'
import { PieceStoreError } from './errors.ts'
import { inTurn } from './in-turn.ts'
import type { Later } from './later.ts'
import type { Ledger } from './ledger.ts'
import type { Loads } from './loads.ts'
import type { ReadCache } from './read-cache.ts'
import type { Losses } from './losses.ts'

export interface ReaderParts {
  readonly metainfo: Metainfo
  readonly disk: ContentDisk
  readonly ledger: Ledger
  readonly cache: ReadCache
  readonly loads: Loads
  readonly losses: Losses
  readonly busy: Busy
  readonly later: Later
  readonly verifyOnRead: boolean
}

/** A run inside one piece, and where it goes. */
interface Run {
  readonly piece: number
  readonly begin: number
  readonly into: Uint8Array
}

export class ContentReader {
  readonly #parts: ReaderParts
  /** Where each file ends in the content; made when first asked for. */
  #ends: Float64Array | undefined
  #closed = false

  constructor(parts: ReaderParts) {
    this.#parts = parts
  }

  readFile(file: number, offset: number, into: Uint8Array, done: Done): void {
    const length = this.#parts.metainfo.files[file]?.length ?? -1
    invariant(
      offset >= 0 && offset + into.length <= length,
      'a range that is read lies in its file',
    )
    this.#readRuns(this.#runs(file, offset, into), done)
  }

  read(offset: number, into: Uint8Array, done: Done): void {
    const ends = (this.#ends ??= fileEnds(this.#parts.metainfo))
    const total = ends.at(-1) ?? 0
    invariant(
      offset >= 0 && offset + into.length <= total,
      'a range that is read lies in the content',
    )
    const runs: Run[] = []
    let at = 0
    for (let file = fileAt(ends, offset); at < into.length; file++) {
      const start = file === 0 ? 0 : (ends[file - 1] as number)
      const until = Math.min(into.length, (ends[file] as number) - offset)
      if (until > at) runs.push(...this.#runs(file, offset + at - start, into.subarray(at, until)))
      at = Math.max(at, until)
    }
    this.#readRuns(runs, done)
  }

  close(): void {
    this.#closed = true
  }

  #runs(file: number, offset: number, into: Uint8Array): readonly Run[] {
    const { geometry } = this.#parts.metainfo
    const runs: Run[] = []
    if (into.length === 0) return runs
    const { first } = geometry.piecesOf(file)
    const span = geometry.fileSpans(geometry.piece(first)).find((one) => one.file === file)
    // The file's first byte in its first piece; a byte further on lies as far behind it.
    const start = (span?.begin ?? 0) + offset
    let piece = first + Math.floor(start / geometry.pieceLength)
    let begin = start % geometry.pieceLength
    for (let at = 0; at < into.length; piece++) {
      const length = Math.min(into.length - at, geometry.pieceLength - begin)
      runs.push({ piece, begin, into: into.subarray(at, at + length) })
      at += length
      begin = 0
    }
    return runs
  }

  #readRuns(runs: readonly Run[], done: Done): void {
    const { busy, later, ledger } = this.#parts
    const missing = runs.find(({ piece }) => !ledger.have.has(piece))
    if (this.#closed || missing !== undefined) {
      const error = this.#closed
        ? new PieceStoreError('CLOSED', 'the store is closed: nothing is read')
        : new PieceStoreError('NOT_HERE', `piece ${missing?.piece} is not had yet: wait for it`, {
            piece: missing?.piece ?? 0,
          })
      later(() => done(error))
      return
    }
    busy.enter()
    later(() =>
      inTurn(
        runs.length,
        1,
        (index, next) => this.#readRun(runs[index] as Run, next),
        (error) => {
          done(error)
          busy.leave()
        },
      ),
    )
  }

  #readRun(run: Run, done: Done): void {
    const { cache, disk, losses, metainfo, verifyOnRead } = this.#parts
    const { piece, begin, into } = run
    const lent = cache.lend(piece, begin, into.length)
    if (lent !== undefined) {
      into.set(lent.bytes)
      lent.release()
      done(undefined)
      return
    }
    if (verifyOnRead) {
      this.#parts.loads.load(piece, begin, (error) => {
        if (error !== undefined) done(error)
        else this.#readRun(run, done)
      })
      return
    }
    disk.read(metainfo.geometry.piece(piece), begin, into, (error) => {
      if (error === undefined) done(undefined)
      else losses.unreadable(metainfo.geometry.piece(piece), error, () => done(error))
    })
  }
}

function fileEnds(metainfo: Metainfo): Float64Array {
  const ends = new Float64Array(metainfo.files.length)
  let end = 0
  for (const [file, { length }] of metainfo.files.entries()) {
    end += length
    ends[file] = end
  }
  return ends
}

/** The file that holds the byte at `offset`. */
function fileAt(ends: Float64Array, offset: number): number {
  let low = 0
  let high = ends.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ends[middle] as number) > offset) high = middle
    else low = middle + 1
  }
  return low
}
