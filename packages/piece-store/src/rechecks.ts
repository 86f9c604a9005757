// Reading and hashing what is on disk: a few pieces at once, until done or called off.
//
// Where the storage hashes by itself, its threads read the piece and nothing of it is in our memory; else (pieces of several
// files, a part file, the simulator) each piece is read into a buffer and given to the hasher.

import type { Metainfo, PieceIndex } from '@bt/metainfo'
import type { Alarm, Done } from '@bt/ports'
import type { ReadonlyBitfield } from '@bt/primitives'
import type { Busy } from './busy.ts'
import type { ContentDisk } from './content-disk.ts'
import { PieceStoreError } from './errors.ts'
import type { Later } from './later.ts'
import type { Ledger } from './ledger.ts'
import type { Losses } from './losses.ts'
import type { PieceMemory } from './piece-memory.ts'
import { RECHECK_DIGESTS_IN_FLIGHT, RECHECK_IN_FLIGHT } from './store-limits.ts'
import { Survey } from './survey.ts'
import type { Verifier } from './verifier.ts'

export interface RecheckParts {
  readonly metainfo: Metainfo
  readonly memory: PieceMemory
  readonly verifier: Verifier
  readonly disk: ContentDisk
  readonly ledger: Ledger
  readonly losses: Losses
  readonly busy: Busy
  readonly later: Later
  readonly isOpen: (piece: number) => boolean
  /** Runs `then` when what completion asks for is done. */
  readonly ended: (then: () => void) => void
}

interface Run {
  readonly pieces: readonly PieceIndex[]
  readonly survey: Survey
  readonly progress: (checked: number) => void
  readonly done: Done
  next: number
  checked: number
  inFlight: number
  /** Of these, with a buffer. */
  buffers: number
  filling: boolean
}

export class Rechecks {
  readonly #parts: RecheckParts
  readonly #cancels = new Set<() => void>()
  #closed = false

  constructor(parts: RecheckParts) {
    this.#parts = parts
  }

  start(pieces: ReadonlyBitfield, progress: (checked: number) => void, done: Done): Alarm {
    const { busy, disk, later, metainfo } = this.#parts
    const { geometry } = metainfo
    let cancelled = false
    const cancel = (): void => {
      cancelled = true
      this.#cancels.delete(cancel)
    }
    if (this.#closed) {
      later(() => done(new PieceStoreError('CLOSED', 'the store is closed: nothing is checked')))
      return { cancel }
    }
    this.#cancels.add(cancel)
    busy.enter()
    const end = (error: PieceStoreError | undefined): void => {
      if (!cancelled) done(error)
      this.#cancels.delete(cancel)
      busy.leave()
    }
    // Later, because a survey of no files answers at once.
    later(() => {
      Survey.take(disk, (error, survey) => {
        if (error !== undefined) {
          end(error)
          return
        }
        const list: PieceIndex[] = []
        for (let at = 0; at < geometry.pieceCount; at++) {
          if (pieces.has(at)) list.push(geometry.piece(at))
        }
        const run: Run = {
          pieces: list,
          survey,
          progress: (checked) => {
            if (!cancelled) progress(checked)
          },
          done: () => this.#parts.ended(() => end(undefined)),
          next: 0,
          checked: 0,
          inFlight: 0,
          buffers: 0,
          filling: false,
        }
        this.#fill(run, () => cancelled)
      })
    })
    return { cancel }
  }

  close(): void {
    this.#closed = true
    for (const cancel of this.#cancels) cancel()
  }

  #fill(run: Run, cancelled: () => boolean): void {
    if (run.filling) return
    run.filling = true
    const { memory, disk } = this.#parts
    const hasRoom = (): boolean =>
      run.inFlight < RECHECK_DIGESTS_IN_FLIGHT && run.buffers < RECHECK_IN_FLIGHT
    while (!cancelled() && run.next < run.pieces.length && hasRoom()) {
      const piece = run.pieces[run.next] as PieceIndex
      if (this.#parts.isOpen(piece)) {
        run.next++
        run.progress(++run.checked)
        continue
      }
      if (!run.survey.mayHold(piece)) {
        run.next++
        this.#wrong(piece, this.#parts.ledger.have.has(piece))
        run.progress(++run.checked)
        continue
      }
      const checked = (): void => {
        run.inFlight--
        run.progress(++run.checked)
        this.#fill(run, cancelled)
      }
      if (disk.digestsAlone(piece)) {
        this.#checkByDigest(piece, checked)
      } else {
        const buffer = memory.take(memory.pieces, run.inFlight === 0)
        if (buffer === undefined) break
        run.buffers++
        this.#check(piece, buffer, () => {
          memory.pieces.give(buffer)
          run.buffers--
          checked()
        })
      }
      run.next++
      run.inFlight++
    }
    run.filling = false
    if (run.inFlight > 0 || (run.next < run.pieces.length && !cancelled())) return
    memory.budget.freed()
    run.done(undefined)
  }

  #checkByDigest(piece: PieceIndex, done: () => void): void {
    const { disk, verifier, ledger } = this.#parts
    const had = ledger.have.has(piece)
    disk.digest(piece, verifier.wants(piece), (error, digests) => {
      if (error !== undefined || !verifier.isVerifiable(piece)) this.#unread(piece, had, error)
      else if (verifier.isRightBy(piece, digests)) this.#right(piece)
      else this.#wrong(piece, had)
      done()
    })
  }

  #check(piece: PieceIndex, buffer: Uint8Array, done: () => void): void {
    const { disk, verifier, ledger, metainfo } = this.#parts
    const bytes = buffer.subarray(0, metainfo.geometry.lengthOf(piece))
    const had = ledger.have.has(piece)
    disk.read(piece, 0, bytes, (error) => {
      if (error !== undefined || !verifier.isVerifiable(piece)) {
        this.#unread(piece, had, error)
        done()
        return
      }
      verifier.isRight(piece, bytes, (failure, right) => {
        if (failure !== undefined) this.#unknown(piece, had, failure)
        else if (right) this.#right(piece)
        else this.#wrong(piece, had)
        done()
      })
    })
  }

  /** A disk that could not read it has said nothing about what is there. */
  #unread(piece: PieceIndex, had: boolean, error: PieceStoreError | undefined): void {
    if (error !== undefined && error.code !== 'NOT_HERE') this.#unknown(piece, had, error)
    else this.#wrong(piece, had)
  }

  #right(piece: PieceIndex): void {
    const { disk, ledger, isOpen } = this.#parts
    if (ledger.have.has(piece) || isOpen(piece)) return
    ledger.gained(piece)
    // Read from memory of the system, perhaps: safe from a power cut only after a sync.
    disk.touched(piece)
  }

  /** Perhaps right: it stays doubtful, to be checked another time. */
  #unknown(piece: PieceIndex, had: boolean, cause: Error): void {
    if (this.#isNewer(piece, had)) return
    const text = `piece ${piece} could not be checked (${cause.message}): check it again`
    const error =
      cause instanceof PieceStoreError
        ? cause
        : new PieceStoreError('READ_FAILED', text, { piece, cause })
    this.#parts.losses.lose([piece], true, error)
  }

  #wrong(piece: PieceIndex, had: boolean): void {
    if (this.#isNewer(piece, had)) return
    const text = `piece ${piece} on disk is not what the torrent says: it has to be fetched again`
    const error = new PieceStoreError('CHANGED_UNDER_US', text, { piece })
    this.#parts.losses.lose([piece], false, error)
  }

  /** `had`: when its reading began; a piece that was settled meanwhile is not judged by what was read before. */
  #isNewer(piece: PieceIndex, had: boolean): boolean {
    return this.#parts.isOpen(piece) || (!had && this.#parts.ledger.have.has(piece))
  }
}
