// Ranges of pieces, read from and written to wherever their bytes live.
//
// A file that was there and clean is looked at before it is written again: a folder renamed away, or a disk
// unmounted under us, must not grow an empty tree. Spans of one piece go one after the other, several pieces at once.

import type { Metainfo, PieceIndex } from '@bt/metainfo'
import type { DigestRun, DigestWants, Done, RunDigests, Storage } from '@bt/ports'
import { invariant } from '@bt/primitives'
import { PieceStoreError } from './errors.ts'
import type { FileFacts, FileStat } from './file-facts.ts'
import { inTurn } from './in-turn.ts'
import type { Later } from './later.ts'
import type { Place, Placement } from './placement.ts'
import { fileText, storeError } from './storage-faults.ts'

/** Told when a file is not as we left it. */
export interface DiskWatch {
  /** Somebody else wrote to it: what is had of it must be proved again. */
  fileChanged(file: number): void
  /** Missing, or shorter than what we wrote: what is had of it is lost. */
  fileGone(file: number, error: PieceStoreError): void
}

type Wrote = (error: PieceStoreError | undefined, wrote: boolean) => void

export class ContentDisk {
  readonly metainfo: Metainfo
  readonly placement: Placement
  readonly facts: FileFacts
  readonly #storage: Storage
  readonly #partFile: Storage | undefined
  readonly #later: Later
  #watch: DiskWatch | undefined

  constructor(
    metainfo: Metainfo,
    parts: { readonly storage: Storage; readonly partFile?: Storage },
    placement: Placement,
    facts: FileFacts,
    later: Later,
  ) {
    this.metainfo = metainfo
    this.placement = placement
    this.facts = facts
    this.#storage = parts.storage
    this.#partFile = parts.partFile
    this.#later = later
  }

  get hasPartFile(): boolean {
    return this.#partFile !== undefined
  }

  watchedBy(watch: DiskWatch): void {
    this.#watch = watch
  }

  /** Fills `into` from `begin` of the piece on; pads are zeros. */
  read(
    piece: PieceIndex,
    begin: number,
    into: Uint8Array,
    done: (error: PieceStoreError | undefined) => void,
  ): void {
    const places = this.placement.places(piece, begin, into.length)
    if (places.every(({ where }) => where === 'pad')) {
      into.fill(0)
      this.#later(() => done(undefined))
      return
    }
    inTurn(
      places.length,
      1,
      (index, next) => {
        const place = places[index] as Place
        const from = place.begin - begin
        this.readPlace(place, into.subarray(from, from + place.length), next)
      },
      done as (error: Error | undefined) => void,
    )
  }

  /** Of a pad, which is zeros, it answers at once. */
  readPlace(place: Place, into: Uint8Array, done: Done): void {
    if (place.where === 'pad') {
      into.fill(0)
      done(undefined)
      return
    }
    const [storage, file] = this.#at(place)
    storage.read(file, place.offset, into, (error) => {
      done(error && storeError(this.metainfo, 'reading', this.#fileOf(place), error))
    })
  }

  /** True where a thread of the storage can read and hash the piece by itself: it lies in one file, but for pads behind. */
  digestsAlone(piece: PieceIndex): boolean {
    return this.#storage.digest !== undefined && this.#singleRun(piece) !== undefined
  }

  /** Digests of a piece of which `digestsAlone` is true. */
  digest(
    piece: PieceIndex,
    wants: DigestWants,
    done: (error: PieceStoreError | undefined, digests: RunDigests) => void,
  ): void {
    const run = this.#singleRun(piece) as DigestRun
    this.#storage.digest?.(run, wants, (error, digests) =>
      done(error && storeError(this.metainfo, 'reading', run.file, error), digests),
    )
  }

  /** Writes `bytes`, which begin at the piece's start; pads are left out. */
  write(
    piece: PieceIndex,
    bytes: Uint8Array,
    done: (error: PieceStoreError | undefined) => void,
  ): void {
    const places = this.placement.places(piece).filter(({ where }) => where !== 'pad')
    inTurn(
      places.length,
      1,
      (index, next) => {
        const place = places[index] as Place
        this.writePlace(place, bytes.subarray(place.begin, place.begin + place.length), next)
      },
      done as (error: Error | undefined) => void,
    )
  }

  /** True where one write is all of the piece and the storage can hash on the way to it. */
  writesVerified(piece: PieceIndex): boolean {
    if (this.#storage.writeVerified === undefined) return false
    const places = this.placement.places(piece)
    return places.length === 1 && places[0]?.where === 'file'
  }

  /** Writes a piece of which `writesVerified` is true if its SHA-1 is this one; false: it is not, nothing was written. */
  writeVerified(piece: PieceIndex, bytes: Uint8Array, sha1: Uint8Array, done: Wrote): void {
    const place = this.placement.places(piece)[0] as Place
    this.#write(place, done, (storage, file, written) =>
      storage.writeVerified?.(file, place.offset, bytes, sha1, written),
    )
  }

  writePlace(place: Place, bytes: Uint8Array, done: Done): void {
    this.#write(
      place,
      (error) => done(error),
      (storage, file, written) =>
        storage.write(file, place.offset, bytes, (error) => written(error, true)),
    )
  }

  /** Makes an empty file where none is. */
  makeEmpty(file: number, done: (error: PieceStoreError | undefined) => void): void {
    this.facts.writeBegins(file)
    this.#storage.truncate(file, 0, (error) => {
      this.facts.writeEnds(file, error === undefined ? 0 : undefined)
      done(error && storeError(this.metainfo, 'writing', file, error))
    })
  }

  /**
   * Looks at a file (or the facts' `partIndex`), remembers what it saw and tells the watch when somebody else was
   * there. `gone`: it was there, or longer.
   */
  look(
    file: number,
    done: (
      error: PieceStoreError | undefined,
      now: FileStat | undefined,
      gone: PieceStoreError | undefined,
    ) => void,
  ): void {
    const isPart = file === this.facts.partIndex
    const storage = isPart ? this.#partFile : this.#storage
    invariant(storage !== undefined, 'a part file that is looked at exists')
    const before = this.facts.stat(file)
    const { moment } = this.facts
    const unseenBefore = this.facts.isUnseen(file)
    storage.stat(isPart ? 0 : file, (error, now) => {
      if (error !== undefined) {
        const own = isPart ? undefined : file
        done(storeError(this.metainfo, 'looking at', own, error), undefined, undefined)
        return
      }
      const unseen = unseenBefore || this.facts.isUnseen(file)
      this.facts.seen(file, now, moment)
      const gone = before && this.#gone(file, before, now)
      if (gone !== undefined) this.#watch?.fileGone(file, gone)
      else if (before !== undefined && !unseen && !isSame(before, now)) {
        this.#watch?.fileChanged(file)
      }
      done(undefined, now, gone)
    })
  }

  /** The files of this piece go into the next sync although we did not write them. */
  touched(piece: PieceIndex): void {
    for (const place of this.placement.places(piece)) {
      if (place.where !== 'pad') this.facts.touched(this.#fact(place))
    }
  }

  /** `files` may hold the facts' `partIndex`; must hold something. */
  sync(files: readonly number[], done: (error: PieceStoreError | undefined) => void): void {
    const own = files.filter((file) => file !== this.facts.partIndex)
    const calls: ((next: Done) => void)[] = []
    if (own.length > 0) calls.push((next) => this.#storage.sync(own, next))
    if (own.length < files.length) calls.push((next) => this.#partFile?.sync([0], next))
    inTurn(
      calls.length,
      2,
      (index, next) => calls[index]?.(next),
      (error) => done(error && storeError(this.metainfo, 'syncing', own[0], error)),
    )
  }

  /** The part file is gone afterwards, or it stays: nothing depends on it. */
  removePartFile(done: () => void): void {
    const { partIndex } = this.facts
    invariant(this.#partFile !== undefined, 'a part file that is removed exists')
    this.#partFile.remove(0, (error) => {
      if (error === undefined) this.facts.seen(partIndex, undefined, this.facts.moment)
      done()
    })
  }

  close(done: Done): void {
    this.#storage.close((error) => {
      if (this.#partFile === undefined) done(error)
      else this.#partFile.close((second) => done(error ?? second))
    })
  }

  /** Looks first; `write` says whether it wrote. */
  #write(
    place: Place,
    done: Wrote,
    write: (storage: Storage, file: number, written: Done<boolean>) => void,
  ): void {
    this.#looked(place, (gone) => {
      if (gone !== undefined) {
        done(gone, false)
        return
      }
      const [storage, file] = this.#at(place)
      const fact = this.#fact(place)
      this.facts.writeBegins(fact)
      write(storage, file, (error, wrote) => {
        const isThere = error === undefined && wrote
        this.facts.writeEnds(fact, isThere ? place.offset + place.length : undefined)
        done(error && storeError(this.metainfo, 'writing', this.#fileOf(place), error), wrote)
      })
    })
  }

  /** Before the first write since the last look: is the file still there? */
  #looked(place: Place, then: (gone: PieceStoreError | undefined) => void): void {
    const fact = this.#fact(place)
    if (!this.facts.isThere(fact) || this.facts.isUnseen(fact)) then(undefined)
    else this.look(fact, (error, _now, gone) => then(error ?? gone))
  }

  #gone(file: number, before: FileStat, now: FileStat | undefined): PieceStoreError | undefined {
    if (now !== undefined && now.length >= before.length) return undefined
    const text = fileText(this.metainfo, file)
    return new PieceStoreError(
      now === undefined ? 'NOT_HERE' : 'CHANGED_UNDER_US',
      now === undefined
        ? `${text} was there and is not: was it moved, or its disk unmounted? retry to make it anew`
        : `${text} had ${before.length} bytes and has ${now.length}: another program cut it; retry to fetch the rest again`,
      { file },
    )
  }

  #singleRun(piece: PieceIndex): DigestRun | undefined {
    const [place, ...behind] = this.placement.places(piece)
    if (place?.where !== 'file' || behind.some(({ where }) => where !== 'pad')) return undefined
    const zeros = behind.reduce((sum, { length }) => sum + length, 0)
    return { file: place.file, offset: place.offset, length: place.length, zeros }
  }

  #at(place: Place): readonly [Storage, number] {
    if (place.where === 'file') return [this.#storage, place.file]
    invariant(this.#partFile !== undefined, 'bytes lie in a part file only where there is one')
    return [this.#partFile, 0]
  }

  #fact(place: Place): number {
    return place.where === 'part' ? this.facts.partIndex : place.file
  }

  #fileOf(place: Place): number | undefined {
    return place.where === 'part' ? undefined : place.file
  }
}

function isSame(before: FileStat, now: FileStat | undefined): boolean {
  return now?.length === before.length && now.modifiedMs === before.modifiedMs
}
