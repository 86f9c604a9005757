// Files of one torrent, by number, and small durable blobs.

import type { Done } from './done.ts'

/** A file as storage is to lay it out: `path` is made of safe names only (see metainfo's sanitiser). */
export interface StorageFile {
  readonly path: readonly string[]
  readonly length: number
}

export interface StorageProvider {
  /** Nothing is created yet: a file comes to be at its first write. */
  open(files: readonly StorageFile[], done: Done<Storage>): void
}

/**
 * Errors are `StorageError`s (below). Operations on one file may run side by side; their order is the
 * caller's business. Buffers are kept, unchanged, until `done`.
 */
export interface Storage {
  /** Fills all of `into`; a file that is missing or too short is an error 'NOT_HERE'. */
  read(file: number, offset: number, into: Uint8Array, done: Done): void
  /** Creates the file, its folders, and leaves holes where nothing was written (sparse). */
  write(file: number, offset: number, bytes: Uint8Array, done: Done): void
  /**
   * Writes if the SHA-1 of `bytes` is this one, in one trip to a thread where hashing and writing apart are two.
   * False: it is another, and nothing was written. Absent: whoever calls hashes and writes itself.
   */
  writeVerified?(
    file: number,
    offset: number,
    bytes: Uint8Array,
    sha1: Uint8Array,
    done: Done<boolean>,
  ): void
  /**
   * Reads a run of one file and hashes it on the way, with this many zero bytes (a pad) behind it, in one trip to a thread
   * and without memory of the caller's. Absent: whoever calls reads and hashes itself. Errors as those of `read`.
   */
  digest?(run: DigestRun, wants: DigestWants, done: Done<RunDigests>): void
  /** Undefined: the file is not there. */
  stat(
    file: number,
    done: Done<{ readonly length: number; readonly modifiedMs: number } | undefined>,
  ): void
  /** Makes a file of exactly this length (zero-length files; the end of a sparse file). */
  truncate(file: number, length: number, done: Done): void
  /** Returns when everything written to these files before the call would survive a power cut. */
  sync(files: readonly number[], done: Done): void
  /** Removes the file, and folders of its path that are empty then; a file that is not there is no error. */
  remove(file: number, done: Done): void
  /** Waits for what is under way; later calls answer an error. */
  close(done: Done): void
}

/** `length` bytes of a file from `offset` on, and `zeros` bytes behind them. */
export interface DigestRun {
  readonly file: number
  readonly offset: number
  readonly length: number
  readonly zeros: number
}

export interface DigestWants {
  /** Of everything, zeros included. */
  readonly sha1: boolean
  /** SHA-256 of each leaf of the file's bytes (BEP 52: 16 KiB). */
  readonly leaves: boolean
}

/** What was wanted; leaves are concatenated. */
export interface RunDigests {
  readonly sha1?: Uint8Array
  readonly leaves?: Uint8Array
}

/** Small named blobs that survive kill −9 and power cuts. A name is any text of 1 … 100 characters. Saves of one name happen in their order. */
export interface Keep {
  /** Newest generation first; empty when there is none. */
  load(name: string, done: Done<readonly Uint8Array[]>): void
  /** Temp file, fsync, rename, fsync of the folder; the generation before is kept. `bytes` is kept, unchanged, until `done`. */
  save(name: string, bytes: Uint8Array, done: Done): void
  remove(name: string, done: Done): void
}

export type StorageErrorCode =
  | 'DISK_FULL'
  | 'NO_PERMISSION'
  | 'NOT_HERE'
  | 'READ_FAILED'
  | 'WRITE_FAILED'
  | 'LOCKED'
  | 'OUTSIDE_ROOT'

/** What a storage adapter reports; `cause` is the system's own error. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly code: StorageErrorCode
  readonly file: number | undefined
  constructor(
    code: StorageErrorCode,
    message: string,
    facts: { readonly file?: number; readonly cause?: unknown } = {},
  ) {
    super(message, 'cause' in facts ? { cause: facts.cause } : undefined)
    this.code = code
    this.file = facts.file
  }
}
