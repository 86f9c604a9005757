// Making written pieces durable, and saying so.
//
// A piece is durable when a sync that began after its write has ended well; the resume data is made after that.
// One checkpoint at a time; those asked for meanwhile share the next one.

import type { Metainfo } from '@bt/metainfo'
import type { Done } from '@bt/ports'
import { Bitfield, type ReadonlyBitfield } from '@bt/primitives'
import type { Busy } from './busy.ts'
import type { ContentDisk } from './content-disk.ts'
import { PieceStoreError } from './errors.ts'
import { inTurn } from './in-turn.ts'
import type { Later } from './later.ts'
import type { Ledger } from './ledger.ts'
import { encodeResume } from './resume-data.ts'
import { STATS_IN_FLIGHT, STATS_PER_CHECKPOINT } from './store-limits.ts'

export interface CheckpointParts {
  readonly metainfo: Metainfo
  readonly disk: ContentDisk
  readonly ledger: Ledger
  readonly busy: Busy
  readonly later: Later
  readonly wanted: ReadonlyBitfield
}

export class Checkpoints {
  readonly #parts: CheckpointParts
  #running = false
  #waiting: Done<Uint8Array>[] = []
  /** Where the next look at clean files begins. */
  #lookAt = 0
  #closed = false

  constructor(parts: CheckpointParts) {
    this.#parts = parts
  }

  start(done: Done<Uint8Array>): void {
    const { busy, later } = this.#parts
    if (this.#closed) {
      const error = new PieceStoreError('CLOSED', 'the store is closed: nothing is synced')
      later(() => done(error, undefined as never))
      return
    }
    this.#waiting.push(done)
    busy.enter()
    if (!this.#running) later(() => this.#advance())
    this.#running = true
  }

  close(): void {
    this.#closed = true
  }

  /** The resume data as things stand; looks first at the files that were written since the last look. */
  unsynced(done: (resume: Uint8Array) => void): void {
    this.#look(this.#parts.disk.facts.unseen(), () => done(this.#encode()))
  }

  #advance(): void {
    const dones = this.#waiting
    this.#waiting = []
    if (dones.length === 0) {
      this.#running = false
      return
    }
    this.#sync((error) => {
      const bytes = error === undefined ? this.#encode() : (undefined as never)
      for (const done of dones) {
        done(error, bytes)
        this.#parts.busy.leave()
      }
      this.#advance()
    })
  }

  #sync(done: (error: PieceStoreError | undefined) => void): void {
    const { disk, ledger } = this.#parts
    const files = disk.facts.takeDirty()
    ledger.syncBegins()
    const synced = (error: PieceStoreError | undefined): void => {
      ledger.syncEnded(error === undefined)
      if (error === undefined) {
        this.#look([...disk.facts.unseen(), ...this.#seenFiles()], () => done(undefined))
        return
      }
      // What is gone is not waited for; what is still there is synced next time.
      this.#look(files, () => {
        for (const file of files) if (disk.facts.isThere(file)) disk.facts.touched(file)
        done(error)
      })
    }
    if (files.length === 0) this.#parts.later(() => synced(undefined))
    else disk.sync(files, synced)
  }

  /** A failed look leaves what we know. Answers inside the call where there is no file to look at. */
  #look(files: readonly number[], done: () => void): void {
    const { disk } = this.#parts
    inTurn(
      files.length,
      STATS_IN_FLIGHT,
      (index, next) => disk.look(files[index] as number, () => next(undefined)),
      done,
    )
  }

  /** A few files that we did not write, in turn: has anybody else? */
  #seenFiles(): readonly number[] {
    const { facts } = this.#parts.disk
    const files: number[] = []
    const count = facts.partIndex + 1
    for (let tried = 0; tried < count && files.length < STATS_PER_CHECKPOINT; tried++) {
      const file = this.#lookAt % count
      this.#lookAt = file + 1
      if (facts.isThere(file) && !facts.isUnseen(file)) files.push(file)
    }
    return files
  }

  #encode(): Uint8Array {
    const { metainfo, disk, ledger, wanted } = this.#parts
    const { facts, placement } = disk
    const written = Bitfield.copyOf(ledger.doubtful)
    for (let piece = 0; piece < written.length; piece++) {
      if (ledger.have.has(piece) && !ledger.durable.has(piece)) written.set(piece)
    }
    const inPart = new Bitfield(metainfo.files.length)
    for (let file = 0; file < inPart.length; file++) {
      if (placement.isInPart(file)) inPart.set(file)
    }
    const stats = Array.from({ length: facts.partIndex + 1 }, (_, file) => facts.stat(file))
    return encodeResume(metainfo, { durable: ledger.durable, written, inPart, wanted, stats })
  }
}
