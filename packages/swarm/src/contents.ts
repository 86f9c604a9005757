// The content of one torrent: storage opened, resume data found and kept, what is there checked, writing retried.
//
// Checkpoints every 30 s while something changed, so that kill −9 costs at most that and the pieces in flight.
// A full disk is asked again by itself with growing pauses; files that vanished are not recreated unasked.

import type { Metainfo } from '@bt/metainfo'
import {
  type MemoryBudget,
  type OpenStore,
  openStore as openOurs,
  type PieceStore,
  type PieceStoreError,
  partFileLength,
  type StoreCondition,
  type StoreOptions,
} from '@bt/piece-store'
import type { Alarm, Clock, Done, Hasher, Keep, Storage } from '@bt/ports'
import type { ReadonlyBitfield } from '@bt/primitives'
import { CHECKPOINT_MS, type Place } from './options.ts'
import { SecondLooks } from './second-looks.ts'

/** Milliseconds until the first retry of a write, doubling to the last. */
export const RETRY_FIRST_MS = 1_000
export const RETRY_LAST_MS = 30_000
/** How often opening is tried again, with the same pauses, where the disk may come to its senses. */
export const OPEN_RETRIES_MAX = 5

export interface ContentsParts {
  readonly clock: Clock
  readonly hasher: Hasher
  readonly openStore?: OpenStore | undefined
  readonly memory: MemoryBudget
  readonly verifyOnRead: boolean
  readonly found: 'check' | 'trust' | 'absent'
  /** Name of the resume data in the keep. */
  readonly name: string
  readonly resume?: Uint8Array | undefined
  readonly progress: (checked: number, total: number) => void
  readonly conditionChanged: (condition: StoreCondition, retryMs: number) => void
  readonly lost: (pieces: readonly number[], error: PieceStoreError) => void
  /** As `SecondLooksParts` has them. */
  readonly looking: (pieces: ReadonlyBitfield) => void
  readonly looked: (regained: readonly number[]) => void
  readonly saved: (resume: Uint8Array, durableCount: number) => void
  readonly failedToSave: (error: Error) => void
  readonly endTurn: () => void
}

export class Contents {
  readonly #parts: ContentsParts
  #store: PieceStore | undefined
  #keep: Keep | undefined
  #resume: Uint8Array | undefined
  #storages: Storage[] = []
  #changed = false
  #saving = false
  #alarm: Alarm | undefined
  #recheck: Alarm | undefined
  #retry: Alarm | undefined
  #retryMs = RETRY_FIRST_MS
  #openTries = 0
  #looks: SecondLooks | undefined
  #closed = false

  constructor(parts: ContentsParts) {
    this.#parts = parts
    this.#resume = parts.resume
  }

  get store(): PieceStore | undefined {
    return this.#store
  }

  /** Newest resume data; undefined before the first checkpoint. */
  get resume(): Uint8Array | undefined {
    return this.#resume
  }

  /** Opens and checks; `done` with the store that may be served from. Not called after `close`. */
  open(
    metainfo: Metainfo,
    place: Place,
    wanted: ReadonlyBitfield | undefined,
    done: Done<PieceStore>,
  ): void {
    this.#keep = place.keep
    this.#loadResume((resume) => {
      this.#openStorage(metainfo, place, (error, storage, partFile) => {
        if (this.#closed) return
        if (error !== undefined) {
          this.#openFailed(error, metainfo, place, wanted, done)
          return
        }
        const options: StoreOptions = {
          memory: this.#parts.memory,
          memoryMaxBytes: this.#parts.memory.maxBytes,
          verifyOnRead: this.#parts.verifyOnRead,
          trustData: this.#parts.found === 'trust',
          ...(resume.length > 0 ? { resume } : {}),
          ...(wanted === undefined ? {} : { wanted }),
          events: {
            conditionChanged: (condition) => this.#conditionChanged(condition),
            lost: (pieces, cause) => {
              this.changed()
              this.#looks?.later()
              this.#parts.lost(pieces, cause)
              this.#parts.endTurn()
            },
          },
        }
        const parts = { storage, hasher: this.#parts.hasher, ...(partFile ? { partFile } : {}) }
        const open = this.#parts.openStore ?? openOurs
        open(metainfo, parts, options, (openError, store) => {
          if (openError !== undefined) {
            if (!this.#closed) this.#openFailed(openError, metainfo, place, wanted, done)
            return
          }
          if (this.#closed) return store.close(() => {})
          this.#storages = [] // the store closes them from now on
          this.#store = store
          this.#retryMs = RETRY_FIRST_MS
          this.#looks = new SecondLooks(store, this.#parts)
          this.#check(store, done)
        })
      })
    })
  }

  /** A disk that fails once does not fail a torrent. */
  #openFailed(
    error: Error,
    metainfo: Metainfo,
    place: Place,
    wanted: ReadonlyBitfield | undefined,
    done: Done<PieceStore>,
  ): void {
    this.#closeStorages(() => {
      if (this.#closed) return
      const code = 'code' in error ? error.code : undefined
      const passes = code === 'READ_FAILED' || code === 'WRITE_FAILED' || code === 'DISK_FULL'
      if (!passes || this.#openTries >= OPEN_RETRIES_MAX) return done(error, undefined as never)
      this.#openTries++
      const { clock } = this.#parts
      const pauseMs = this.#retryMs
      this.#retryMs = Math.min(RETRY_LAST_MS, 2 * pauseMs)
      this.#retry = clock.at(clock.now() + pauseMs, () => {
        this.open(metainfo, place, wanted, done)
        this.#parts.endTurn()
      })
    })
  }

  /** Something is had that the newest checkpoint does not know. */
  changed(): void {
    this.#changed = true
    if (this.#alarm !== undefined || this.#closed) return
    const { clock } = this.#parts
    this.#alarm = clock.at(clock.now() + CHECKPOINT_MS, () => {
      this.#alarm = undefined
      if (this.#changed) this.checkpoint(() => {})
      this.#parts.endTurn()
    })
  }

  /** Syncs and saves now. */
  checkpoint(done: Done<Uint8Array>): void {
    const store = this.#store
    if (store === undefined || this.#closed || this.#saving) {
      const { clock } = this.#parts
      clock.at(clock.now(), () => done(undefined, this.#resume ?? new Uint8Array(0)))
      return
    }
    this.#changed = false
    this.#saving = true
    store.checkpoint((error, resume) => {
      this.#saving = false
      if (error !== undefined) {
        this.#parts.failedToSave(error)
        if (!this.#closed) this.changed()
        done(error, undefined as never)
      } else this.#save(resume, store.durable.count, (saveError) => done(saveError, resume))
      this.#parts.endTurn()
    })
  }

  /** Tries to write again now. */
  retry(): void {
    const condition = this.#store?.condition
    if (condition?.state !== 'stopped') return
    this.#retry?.cancel()
    this.#retryMs = RETRY_FIRST_MS
    this.#armRetry()
    this.#store?.retry()
  }

  /** Waits for writes under way; the last resume data are kept. */
  close(done: Done): void {
    this.#closed = true
    this.#alarm?.cancel()
    this.#recheck?.cancel()
    this.#looks?.close()
    this.#retry?.cancel()
    const store = this.#store
    if (store === undefined) return this.#closeStorages(done)
    store.close((error, resume) => {
      if (error !== undefined) done(error)
      else this.#save(resume, store.durable.count, done)
      this.#parts.endTurn()
    })
  }

  #loadResume(done: (resume: readonly Uint8Array[]) => void): void {
    if (this.#resume !== undefined) return done([this.#resume])
    if (this.#keep === undefined) return done([])
    this.#keep.load(this.#parts.name, (error, generations) => {
      if (this.#closed) return
      done(error === undefined ? generations : [])
      this.#parts.endTurn()
    })
  }

  #openStorage(
    metainfo: Metainfo,
    place: Place,
    done: (error: Error | undefined, storage: Storage, partFile: Storage | undefined) => void,
  ): void {
    const folder = metainfo.layout === 'folder' ? [metainfo.name] : []
    const files = metainfo.files.map((file) => ({
      path: [...folder, ...file.path],
      length: file.length,
    }))
    place.storage.open(files, (error, storage) => {
      if (error !== undefined) return done(error, storage, undefined)
      this.#storages.push(storage)
      const parts = [
        { path: [place.partFile ?? `.${metainfo.name}.parts`], length: partFileLength(metainfo) },
      ]
      const provider = place.partStorage ?? place.storage
      provider.open(parts, (partError, partFile) => {
        if (partError === undefined) this.#storages.push(partFile)
        done(partError, storage, partFile)
        if (this.#closed) this.#closeStorages(() => {})
        this.#parts.endTurn()
      })
    })
  }

  #check(store: PieceStore, done: Done<PieceStore>): void {
    const total = store.doubtful.count
    if (total === 0 || this.#parts.found === 'absent') return done(undefined, store)
    this.#recheck = store.recheck(
      store.doubtful,
      (checked) => {
        this.#parts.progress(checked, total)
        this.#parts.endTurn()
      },
      (error) => {
        this.#recheck = undefined
        if (this.#closed) return
        this.changed()
        if (store.doubtful.count > 0) this.#looks?.later()
        done(error, store)
        this.#parts.endTurn()
      },
    )
  }

  #save(resume: Uint8Array, durableCount: number, done: (error: Error | undefined) => void): void {
    this.#resume = resume
    if (this.#keep === undefined) {
      this.#parts.saved(resume, durableCount)
      return done(undefined)
    }
    this.#keep.save(this.#parts.name, resume, (error) => {
      if (error === undefined) this.#parts.saved(resume, durableCount)
      else {
        this.#parts.failedToSave(error)
        if (!this.#closed) this.changed()
      }
      done(error)
      this.#parts.endTurn()
    })
  }

  #conditionChanged(condition: StoreCondition): void {
    this.#retry?.cancel()
    this.#retry = undefined
    if (this.#closed) return
    let retryMs = 0
    if (condition.state === 'ok') this.#retryMs = RETRY_FIRST_MS
    else retryMs = mayComeBack(condition.error) ? this.#armRetry() : Number.POSITIVE_INFINITY
    this.#parts.conditionChanged(condition, retryMs)
    this.#parts.endTurn()
  }

  /** A retry that fails again may tell nothing new: the next one is set at once. Answers milliseconds until it. */
  #armRetry(): number {
    const { clock } = this.#parts
    const retryMs = this.#retryMs
    this.#retryMs = Math.min(RETRY_LAST_MS, 2 * retryMs)
    this.#retry = clock.at(clock.now() + retryMs, () => {
      this.#armRetry()
      this.#store?.retry()
      this.#parts.endTurn()
    })
    return retryMs
  }

  #closeStorages(done: Done): void {
    const storages = this.#storages
    this.#storages = []
    let left = storages.length
    if (left === 0) {
      const { clock } = this.#parts
      clock.at(clock.now(), () => done(undefined))
      return
    }
    let failed: Error | undefined
    for (const storage of storages) {
      storage.close((error) => {
        failed ??= error
        left--
        if (left === 0) done(failed)
      })
    }
  }
}

/** Is it worth asking again by ourselves? Not where files vanished: the disk may be another one now. */
function mayComeBack(error: PieceStoreError): boolean {
  return (
    error.code !== 'NOT_HERE' && error.code !== 'CHANGED_UNDER_US' && error.code !== 'OUTSIDE_ROOT'
  )
}
