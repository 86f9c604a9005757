// The smallest adapters that keep the contracts, in memory and in virtual time: what the suites are tested with.
import { parseIp, Prng, sha1, sha256 } from '@bt/primitives'
import type { World } from '../contract/check.ts'
import {
  type Clock,
  type Done,
  type Hasher,
  type Keep,
  NetworkError,
  type Random,
  type Resolver,
  type Storage,
  StorageError,
  type StorageFile,
  type StorageProvider,
} from '../src/index.ts'

interface Entry {
  readonly timeMs: number
  readonly order: number
  run: (() => void) | undefined
}

/** Virtual time: a list of alarms, run one by one while somebody waits. */
export class MemoryTime implements Clock {
  nowMs = 1000
  #order = 0
  readonly entries: Entry[] = []

  now(): number {
    return this.nowMs
  }

  wallSeconds(): number {
    return 1_600_000_000
  }

  at(timeMs: number, run: () => void): { cancel(): void } {
    const entry: Entry = { timeMs, order: this.#order++, run }
    this.entries.push(entry)
    return {
      cancel: () => {
        entry.run = undefined
      },
    }
  }

  later(run: () => void): void {
    this.at(this.nowMs, run)
  }

  /** Runs the next alarm; false when there is none up to `limitMs`. */
  step(limitMs: number): boolean {
    this.entries.sort((a, b) => a.timeMs - b.timeMs || a.order - b.order)
    const [next] = this.entries
    if (next === undefined || next.timeMs > limitMs) return false
    this.entries.shift()
    this.nowMs = Math.max(this.nowMs, next.timeMs)
    next.run?.()
    return true
  }

  world(): World {
    return {
      until: async (holds, what) => {
        const limit = this.nowMs + 60_000
        while (!holds()) if (!this.step(limit)) throw new Error(`did not happen: ${what}`)
      },
      pass: async (milliseconds) => {
        const end = this.nowMs + milliseconds
        while (this.step(end));
        this.nowMs = end
      },
      close: async () => {},
    }
  }
}

export class MemoryRandom implements Random {
  readonly #prng = new Prng('contract of Random')

  below(bound: number): number {
    return this.#prng.below(bound)
  }

  fill(bytes: Uint8Array): void {
    this.#prng.fill(bytes)
  }
}

export class MemoryResolver implements Resolver {
  readonly time: MemoryTime

  constructor(time: MemoryTime) {
    this.time = time
  }

  resolve(host: string, family: 4 | 6 | 'any', done: Done<readonly string[]>): { cancel(): void } {
    const address = host === 'known.example' ? '10.0.0.9' : host
    const length = parseIp(address)?.length
    const fits = family === 'any' || length === (family === 4 ? 4 : 16)
    return this.time.at(this.time.nowMs, () => {
      if (length !== undefined && fits) done(undefined, [address])
      else done(new NetworkError('NAME_UNKNOWN', `${host} is unknown`), [])
    })
  }
}

export class MemoryHasher implements Hasher {
  readonly time: MemoryTime

  constructor(time: MemoryTime) {
    this.time = time
  }

  allocate(length: number): Uint8Array {
    return new Uint8Array(length)
  }

  digest(algorithm: 'sha1' | 'sha256', bytes: Uint8Array, done: Done<Uint8Array>): void {
    this.time.later(() => done(undefined, algorithm === 'sha1' ? sha1(bytes) : sha256(bytes)))
  }

  leaves(bytes: Uint8Array, leafLength: number, done: Done<Uint8Array>): void {
    const leaves = new Uint8Array(Math.ceil(bytes.length / leafLength) * 32)
    for (let leaf = 0; leaf * 32 < leaves.length; leaf++) {
      leaves.set(sha256(bytes.subarray(leaf * leafLength, (leaf + 1) * leafLength)), leaf * 32)
    }
    this.time.later(() => done(undefined, leaves))
  }
}

export class MemoryKeep implements Keep {
  readonly time: MemoryTime
  readonly blobs = new Map<string, Uint8Array[]>()

  constructor(time: MemoryTime) {
    this.time = time
  }

  load(name: string, done: Done<readonly Uint8Array[]>): void {
    this.time.later(() =>
      done(
        undefined,
        (this.blobs.get(name) ?? []).map((blob) => blob.slice()),
      ),
    )
  }

  save(name: string, bytes: Uint8Array, done: Done): void {
    this.time.later(() => {
      this.blobs.set(name, [bytes.slice(), ...(this.blobs.get(name) ?? [])].slice(0, 2))
      done(undefined)
    })
  }

  remove(name: string, done: Done): void {
    this.time.later(() => {
      this.blobs.delete(name)
      done(undefined)
    })
  }
}

/** Sparse: pages of 4 KiB that were written, by file and number. */
interface MemoryFile {
  length: number
  readonly pages: Map<number, Uint8Array>
}

const PAGE = 4096

export class MemoryDisk implements StorageProvider {
  readonly time: MemoryTime
  readonly files = new Map<string, MemoryFile>()
  failure: { readonly operation: string; readonly code: StorageError['code'] } | undefined

  constructor(time: MemoryTime) {
    this.time = time
  }

  open(files: readonly StorageFile[], done: Done<Storage>): void {
    const isBad = (part: string): boolean => ['', '.', '..'].includes(part) || /[/\0]/.test(part)
    const bad = files.findIndex(({ path }) => path.length === 0 || path.some(isBad))
    const names = files.map(({ path }) => path.join('/'))
    this.time.later(() => {
      if (bad < 0) done(undefined, new MemoryStorage(this, names))
      else
        done(new StorageError('OUTSIDE_ROOT', 'a path leaves', { file: bad }), undefined as never)
    })
  }
}

export class MemoryStorage implements Storage {
  readonly disk: MemoryDisk
  readonly #names: readonly string[]
  #isClosed = false

  constructor(disk: MemoryDisk, names: readonly string[]) {
    this.disk = disk
    this.#names = names
  }

  read(file: number, offset: number, into: Uint8Array, done: Done): void {
    this.#run('read', file, done, () => {
      const found = this.disk.files.get(this.#names[file] as string)
      if (found === undefined || offset + into.length > found.length) {
        throw new StorageError('NOT_HERE', 'too short', { file })
      }
      for (let at = 0; at < into.length; at++) {
        const page = found.pages.get(Math.floor((offset + at) / PAGE))
        into[at] = page?.[(offset + at) % PAGE] ?? 0
      }
    })
  }

  write(file: number, offset: number, bytes: Uint8Array, done: Done): void {
    this.#run('write', file, done, () => {
      const found = this.#made(file)
      for (let at = 0; at < bytes.length; at++) {
        const number = Math.floor((offset + at) / PAGE)
        let page = found.pages.get(number)
        if (page === undefined) found.pages.set(number, (page = new Uint8Array(PAGE)))
        page[(offset + at) % PAGE] = bytes[at] as number
      }
      found.length = Math.max(found.length, offset + bytes.length)
    })
  }

  stat(file: number, done: Done<{ length: number; modifiedMs: number } | undefined>): void {
    this.#run('stat', file, done, () => {
      const found = this.disk.files.get(this.#names[file] as string)
      return found && { length: found.length, modifiedMs: 0 }
    })
  }

  truncate(file: number, length: number, done: Done): void {
    this.#run('write', file, done, () => {
      const found = this.#made(file)
      for (const [number, page] of found.pages) {
        const start = number * PAGE
        if (start >= length) found.pages.delete(number)
        else if (start + PAGE > length) page.fill(0, length - start)
      }
      found.length = length
    })
  }

  sync(files: readonly number[], done: Done): void {
    this.#run('sync', files[0] ?? 0, done, () => {})
  }

  remove(file: number, done: Done): void {
    this.#run('write', file, done, () => {
      this.disk.files.delete(this.#names[file] as string)
    })
  }

  close(done: Done): void {
    this.#isClosed = true
    this.disk.time.later(() => done(undefined))
  }

  #made(file: number): MemoryFile {
    const name = this.#names[file] as string
    let found = this.disk.files.get(name)
    if (found === undefined) this.disk.files.set(name, (found = { length: 0, pages: new Map() }))
    return found
  }

  #run<T>(operation: string, file: number, done: Done<T>, work: () => T): void {
    const wasClosed = this.#isClosed
    this.disk.time.later(() => {
      try {
        if (wasClosed) throw new StorageError('WRITE_FAILED', 'closed', { file })
        const { failure } = this.disk
        if (failure?.operation === operation) {
          this.disk.failure = undefined
          throw new StorageError(failure.code, 'made to fail', { file })
        }
        done(undefined, work())
      } catch (error) {
        done(error as Error, undefined as never)
      }
    })
  }
}
