// Files of torrents below one folder: positional reads and writes, completed when the system does only a part.
//
// Descriptors are shared (open-files.ts), places are verified (root-folder.ts), errors are StorageErrors with the
// file and what to do. A failed fsync is remembered: the kernel may have dropped the pages, so a later fsync that
// succeeds proves nothing (fsyncgate, 2018), and the file stays unsynced until it is opened anew.

import { bytesEqual, invariant } from '@bt/primitives'
import type { DigestRun, DigestWants, Done, RunDigests } from '@bt/ports'
import type { Storage, StorageFile, StorageProvider } from '@bt/ports'
import { StorageError } from '@bt/ports'
import { DescriptorPressure } from './descriptor-pressure.ts'
import { type DiskCalls, SYSTEM_CALLS } from './disk-calls.ts'
import { storageError, systemCode } from './errors.ts'
import { OpenFiles } from './open-files.ts'
import { RootFolder } from './root-folder.ts'
import { digestRuns, RunError } from './run-digests.ts'
import { StoredFile } from './stored-file.ts'
import { plainDigest } from './thread-hasher.ts'
import type { FileRun, ThreadAnswer, WorkThreads } from './work-threads.ts'

export interface FileStorageOptions {
  /** Made, with the folders above it, at the first write. */
  readonly directory: string
  /** Files kept open at once, for all torrents of this provider. */
  readonly filesOpenMax?: number
  readonly pressure?: DescriptorPressure
  readonly calls?: DiskCalls
  /** Hash and write verified pieces; who made them closes them, after this. Absent: the store hashes by itself. */
  readonly threads?: WorkThreads
}

export class FileStorageProvider implements StorageProvider {
  readonly #options: FileStorageOptions
  readonly #calls: DiskCalls
  readonly #pool: OpenFiles
  readonly #open = new Set<FileStorage>()
  #isClosed = false

  constructor(options: FileStorageOptions) {
    this.#options = options
    this.#calls = options.calls ?? SYSTEM_CALLS
    const pressure = options.pressure ?? new DescriptorPressure()
    this.#pool = new OpenFiles(this.#calls, pressure, options.filesOpenMax)
  }

  open(files: readonly StorageFile[], done: Done<Storage>): void {
    answer(this.#openStorage(files), done)
  }

  /** Files open now. */
  get openCount(): number {
    return this.#pool.openCount
  }

  /** Closes all storages it made, and every descriptor. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#open].map((storage) => storage.finish()))
    await this.#pool.close()
  }

  async #openStorage(files: readonly StorageFile[]): Promise<Storage> {
    for (const [index, { path }] of files.entries()) {
      if (path.length > 0 && path.every(isSafePart)) continue
      const message = `path ${JSON.stringify(path)} of file ${index} could leave the download folder`
      throw new StorageError('OUTSIDE_ROOT', message, { file: index })
    }
    const root = new RootFolder(this.#options.directory, this.#calls)
    try {
      await root.prepare()
    } catch (error) {
      throw storageError(error, 'READ_FAILED', `use the folder ${root.path}`)
    }
    if (this.#isClosed) throw new StorageError('READ_FAILED', 'the storage provider is closed')
    const storage: FileStorage = new FileStorage({
      files,
      root,
      pool: this.#pool,
      calls: this.#calls,
      threads: this.#options.threads,
      onClosed: () => this.#open.delete(storage),
    })
    this.#open.add(storage)
    return storage
  }
}

interface StorageParts {
  readonly files: readonly StorageFile[]
  readonly root: RootFolder
  readonly pool: OpenFiles
  readonly calls: DiskCalls
  readonly threads: WorkThreads | undefined
  readonly onClosed: () => void
}

class FileStorage implements Storage {
  readonly writeVerified?: Required<Storage>['writeVerified']
  readonly digest?: Required<Storage>['digest']
  readonly #files: readonly StoredFile[]
  readonly #root: RootFolder
  readonly #pool: OpenFiles
  readonly #calls: DiskCalls
  readonly #onClosed: () => void
  readonly #underWay = new Set<Promise<unknown>>()
  #finished: Promise<void> | undefined

  constructor(parts: StorageParts) {
    const { files, root, threads } = parts
    this.#files = files.map(({ path }, index) => new StoredFile(index, path, root))
    this.#root = root
    this.#pool = parts.pool
    this.#calls = parts.calls
    this.#onClosed = parts.onClosed
    if (threads !== undefined) {
      this.writeVerified = (...call) => this.#writeVerified(threads, ...call)
      this.digest = (...call) => this.#digest(threads, ...call)
    }
  }

  read(file: number, offset: number, into: Uint8Array, done: Done): void {
    const what = `read ${into.length} bytes at ${offset} of`
    this.#run('READ_FAILED', what, file, done, async (stored) => {
      await this.#pool.using(stored, 'read', async (descriptor) => {
        for (let at = 0; at < into.length; ) {
          const count = await this.#calls.read(descriptor, rest(into, at), offset + at)
          if (count === 0) throw tooShort(stored, offset, into.length, offset + at)
          at += count
        }
      })
    })
  }

  write(file: number, offset: number, bytes: Uint8Array, done: Done): void {
    const what = `write ${bytes.length} bytes at ${offset} of`
    this.#run('WRITE_FAILED', what, file, done, async (stored) => {
      await this.#pool.using(stored, 'write', async (descriptor) => {
        stored.isDirty = true
        await this.#writeAll(descriptor, offset, bytes)
      })
    })
  }

  #writeVerified(
    threads: WorkThreads,
    file: number,
    offset: number,
    bytes: Uint8Array,
    sha1: Uint8Array,
    done: Done<boolean>,
  ): void {
    const what = `write ${bytes.length} bytes at ${offset} of`
    this.#run('WRITE_FAILED', what, file, done, (stored) =>
      this.#pool.using(stored, 'write', async (descriptor) => {
        stored.isDirty = true
        const job = { kind: 'write', bytes, sha1, descriptor, offset } as const
        const { value, failure } = await new Promise<ThreadAnswer>((resolve) => {
          if (!threads.run(job, resolve, stored.lane)) resolve({})
        })
        if (failure !== undefined) throw Object.assign(new Error(failure.message), failure)
        if (value !== undefined) return value === true
        // No thread, or it died half-way: the same, here.
        if (!bytesEqual(plainDigest('sha1', bytes), sha1)) return false
        await this.#writeAll(descriptor, offset, bytes)
        return true
      }),
    )
  }

  #digest(threads: WorkThreads, run: DigestRun, wants: DigestWants, done: Done<RunDigests>): void {
    const { file, offset, length, zeros } = run
    const what = `read ${length} bytes at ${offset} of`
    this.#run('READ_FAILED', what, file, done, (stored) =>
      this.#pool.using(stored, 'read', async (descriptor) => {
        const runs: FileRun[] = [{ descriptor, offset, length }]
        if (zeros > 0) runs.push({ offset: 0, length: zeros })
        try {
          return await digestRuns(threads, runs, wants, this.#calls)
        } catch (error) {
          if (!(error instanceof RunError && error.isTooShort)) throw error
          throw tooShort(stored, offset, length, error.at ?? offset)
        }
      }),
    )
  }

  /** Completes what the system does only a part of. */
  async #writeAll(descriptor: number, offset: number, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const count = await this.#calls.write(descriptor, rest(bytes, at), offset + at)
      if (count === 0) throw new Error(`the system wrote nothing at ${offset + at}`)
      at += count
    }
  }

  stat(
    file: number,
    done: Done<{ readonly length: number; readonly modifiedMs: number } | undefined>,
  ): void {
    this.#run('READ_FAILED', 'look at', file, done, (stored) => this.#root.stat(stored.path))
  }

  truncate(file: number, length: number, done: Done): void {
    this.#run('WRITE_FAILED', `set the length to ${length} of`, file, done, async (stored) => {
      await this.#pool.using(stored, 'write', async (descriptor) => {
        stored.isDirty = true
        await this.#calls.truncate(descriptor, length)
      })
    })
  }

  sync(files: readonly number[], done: Done): void {
    const unique = [...new Set(files)]
    const work = this.#enter('WRITE_FAILED', async () => {
      await Promise.all(unique.map((file) => this.#syncFile(this.#files[file] as StoredFile)))
      try {
        await this.#root.syncFolders()
      } catch (error) {
        throw storageError(error, 'WRITE_FAILED', `sync the folders of ${this.#root.path}`)
      }
    })
    answer(work, done)
  }

  remove(file: number, done: Done): void {
    this.#run('WRITE_FAILED', 'remove', file, done, async (stored) => {
      await this.#pool.forget(stored)
      stored.isDirty = false
      await this.#root.removeFile(stored.path)
    })
  }

  close(done: Done): void {
    answer(this.finish(), done)
  }

  /** As `close`; a second call waits for the same end. */
  finish(): Promise<void> {
    this.#finished ??= this.#end()
    return this.#finished
  }

  async #end(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay)
    for (const stored of this.#files) await this.#pool.forget(stored)
    this.#onClosed()
  }

  async #syncFile(stored: StoredFile): Promise<void> {
    if (!stored.isDirty && stored.syncFailure === undefined) return
    // What is written from now on belongs to the next sync.
    stored.isDirty = false
    try {
      if (stored.syncFailure !== undefined) throw stored.syncFailure
      await this.#pool.using(stored, 'write', async (descriptor) => {
        const { nlink } = await this.#calls.statOpen(descriptor)
        if (nlink === 0) throw removedUnderUs(stored)
        await this.#calls.syncData(descriptor)
      })
    } catch (error) {
      stored.isDirty = true
      if (systemCode(error) === 'EIO') stored.syncFailure = error
      throw storageError(error, 'WRITE_FAILED', `sync ${stored.name}`, stored.index)
    }
  }

  #run<T>(
    kind: 'READ_FAILED' | 'WRITE_FAILED',
    what: string,
    file: number,
    done: Done<T>,
    work: (stored: StoredFile) => Promise<T>,
  ): void {
    const stored = this.#files[file]
    invariant(stored !== undefined, 'a file of this storage')
    const outcome = this.#enter(kind, () => work(stored)).catch((error: unknown) => {
      throw storageError(withFile(error, file), kind, `${what} ${stored.name}`, file)
    })
    answer(outcome, done)
  }

  /** Refuses after close; otherwise the work is under way until it settles. */
  #enter<T>(kind: 'READ_FAILED' | 'WRITE_FAILED', work: () => Promise<T>): Promise<T> {
    if (this.#finished !== undefined) {
      return Promise.reject(new StorageError(kind, 'the storage is closed'))
    }
    const running = work()
    this.#underWay.add(running)
    const over = (): void => {
      this.#underWay.delete(running)
    }
    running.then(over, over)
    return running
  }
}

/** Runs `done` outside of the promise, so that what it throws is an uncaught exception and no second answer. */
function answer<T>(work: Promise<T>, done: Done<T>): void {
  work.then(
    (value) => process.nextTick(() => done(undefined, value)),
    (error: Error) => process.nextTick(() => done(error, undefined as never)),
  )
}

function isSafePart(part: string): boolean {
  if (part === '' || part === '.' || part === '..' || /[/\0]/.test(part)) return false
  return process.platform !== 'win32' || !/[\\:]/.test(part)
}

function rest(bytes: Uint8Array, at: number): Uint8Array {
  return at === 0 ? bytes : bytes.subarray(at)
}

function withFile(error: unknown, file: number): unknown {
  if (!(error instanceof StorageError) || error.file !== undefined) return error
  return new StorageError(error.code, error.message, { file, cause: error.cause })
}

function tooShort(stored: StoredFile, offset: number, length: number, end: number): StorageError {
  const message = `${stored.name} ends at or before ${end}, ${length} bytes at ${offset} were wanted`
  return new StorageError('NOT_HERE', message, { file: stored.index })
}

function removedUnderUs(stored: StoredFile): StorageError {
  const message = `${stored.name} was removed while it was written: check what removes files there`
  return new StorageError('NOT_HERE', message, { file: stored.index })
}
