// The disk of one host: it outlives crashes, fails when told to, and forgets what was not synced.

import { StorageError } from '@bt/ports'
import type { StorageErrorCode } from '@bt/ports'
import type { Prng } from '@bt/primitives'
import { DiskFile, SECTOR_BYTES } from './disk-file.ts'
import type { CallKind } from './faults.ts'

/** Operations on files and blobs that can fail. */
export type DiskOperation = Extract<
  CallKind,
  'read' | 'write' | 'stat' | 'truncate' | 'sync' | 'remove' | 'load' | 'save' | 'forget'
>

/** Which operations fail, and how. */
export interface DiskFailure {
  readonly code: StorageErrorCode
  /** Absent: all of them. */
  readonly operations?: readonly DiskOperation[]
  /** File or blob; absent: all of them. */
  readonly path?: string
  /** How many fail before it is over; absent: until it is lifted. */
  readonly times?: number
}

interface StandingFailure {
  readonly failure: DiskFailure
  left: number
}

export class SimDisk {
  /** Room for sectors of 4 KiB; may be changed while it runs (full, then freed). */
  capacityBytes = Number.POSITIVE_INFINITY
  /** Time of every operation, and rate of what it moves. Operations queue up behind one another. */
  operationMs = 0.1
  bytesPerSecond = Number.POSITIVE_INFINITY
  /** Time of a sync on top of that. */
  syncMs = 2
  /** When it has done what it has to do, in µs. */
  freeUs = 0
  /** By path, with '/' between names. */
  readonly #files = new Map<string, DiskFile>()
  readonly #blobs = new Map<string, Uint8Array[]>()
  readonly #failures = new Set<StandingFailure>()

  /** Bytes taken, in whole sectors. */
  get usedBytes(): number {
    let sectors = 0
    for (const file of this.#files.values()) sectors += file.sectorCount
    return sectors * SECTOR_BYTES
  }

  /** From now on these operations fail; answers what lifts it again. */
  fail(failure: DiskFailure): () => void {
    const standing = { failure, left: failure.times ?? Number.POSITIVE_INFINITY }
    this.#failures.add(standing)
    return () => {
      this.#failures.delete(standing)
    }
  }

  /** Paths of all files, in the order they came to be. */
  paths(): readonly string[] {
    return [...this.#files.keys()]
  }

  /** A copy of a file; undefined: there is none. */
  contents(path: string): Uint8Array | undefined {
    const file = this.#files.get(path)
    if (file === undefined) return undefined
    const bytes = new Uint8Array(file.length)
    file.read(0, bytes)
    return bytes
  }

  /** A file changes under the program's feet, or is there from the beginning. Synced. */
  put(path: string, bytes: Uint8Array, modifiedMs = 0): void {
    const file = new DiskFile()
    file.write(0, bytes)
    file.length = bytes.length
    file.modifiedMs = modifiedMs
    file.sync()
    this.#files.set(path, file)
  }

  /** Bits rot: `flip` is exclusive-ored onto one byte. Nothing else about the file changes. */
  damage(path: string, offset: number, flip = 1): void {
    const file = this.#files.get(path)
    if (file === undefined || offset >= file.length) return
    const byte = new Uint8Array(1)
    file.read(offset, byte)
    byte[0] = (byte[0] as number) ^ flip
    file.write(offset, byte)
  }

  /** A file is deleted under the program's feet. */
  delete(path: string): void {
    this.#files.delete(path)
  }

  /** Generations of a blob, newest first: to look at, or to damage by `set`. */
  blobs(name: string): readonly Uint8Array[] {
    return (this.#blobs.get(name) ?? []).map((bytes) => bytes.slice())
  }

  setBlobs(name: string, generations: readonly Uint8Array[]): void {
    if (generations.length === 0) this.#blobs.delete(name)
    else
      this.#blobs.set(
        name,
        generations.map((bytes) => bytes.slice()),
      )
  }

  // For the adapters.

  /** How an operation fails now, or undefined. */
  failing(operation: DiskOperation, path: string): StorageErrorCode | undefined {
    for (const standing of this.#failures) {
      const { operations, path: only, code } = standing.failure
      if (operations !== undefined && !operations.includes(operation)) continue
      if (only !== undefined && only !== path) continue
      if (--standing.left <= 0) this.#failures.delete(standing)
      return code
    }
    return undefined
  }

  file(path: string): DiskFile | undefined {
    return this.#files.get(path)
  }

  /** Writes what there is room for. @throws {StorageError} DISK_FULL after that. */
  write(path: string, offset: number, bytes: Uint8Array, modifiedMs: number, number: number): void {
    const file = this.#opened(path)
    file.modifiedMs = modifiedMs
    const added = file.sectorsAdded(offset, bytes.length)
    if (added === 0 || this.capacityBytes === Number.POSITIVE_INFINITY)
      return file.write(offset, bytes)
    const free = Math.floor((this.capacityBytes - this.usedBytes) / SECTOR_BYTES)
    if (added <= free) return file.write(offset, bytes)
    const fits = Math.max(0, (free + Math.floor(offset / SECTOR_BYTES)) * SECTOR_BYTES - offset)
    if (free > 0) file.write(offset, bytes.subarray(0, Math.min(fits, bytes.length)))
    const numbers = `${added * SECTOR_BYTES} bytes wanted, ${Math.max(0, free) * SECTOR_BYTES} free`
    throw new StorageError('DISK_FULL', `disk full writing ${path}: ${numbers}`, { file: number })
  }

  truncate(path: string, length: number, modifiedMs: number): void {
    const file = this.#opened(path)
    file.truncate(length)
    file.modifiedMs = modifiedMs
  }

  /** The new generation, with the one before kept. Durable at once: see sim-keep.ts. */
  save(name: string, bytes: Uint8Array): void {
    this.#blobs.set(name, [bytes.slice(), ...(this.#blobs.get(name) ?? []).slice(0, 1)])
  }

  /** A power cut: what was not synced is gone ('dropped'), or partly there in pieces ('torn'). */
  lose(how: 'dropped' | 'torn', random: Prng): void {
    for (const [path, file] of this.#files) {
      if (!file.dirty) continue
      const there = how === 'dropped' ? file.forget() : file.tear(random)
      if (!there) this.#files.delete(path)
    }
    this.freeUs = 0
  }

  #opened(path: string): DiskFile {
    let file = this.#files.get(path)
    if (file === undefined) {
      file = new DiskFile()
      this.#files.set(path, file)
    }
    return file
  }
}
