// Small blobs in one folder: written beside, synced, then renamed over, with the generation before kept as `.old`.
//
// A crash between the two renames leaves the old generation alone, which `load` then answers. Saves of one name are
// queued, so that the last one asked for is the one that stays.

import { constants } from 'node:fs'
import { join } from 'node:path'
import { sha256, toHex } from '@bt/primitives'
import { type Done, type Keep, StorageError } from '@bt/ports'
import { closeQuietly, type DiskCalls, SYSTEM_CALLS } from './disk-calls.ts'
import { storageError } from './errors.ts'
import { isMissing, syncFolder } from './root-folder.ts'

/** A blob larger than this is not one of ours: resume data of 10^6 pieces is under 1 MiB. */
export const BLOB_LENGTH_MAX = 256 * 1024 * 1024
/** Longest file name made from a name as it is; longer ones are named by their digest. */
const PLAIN_NAME_MAX = 120

export class FileKeep implements Keep {
  readonly #directory: string
  readonly #calls: DiskCalls
  readonly #queues = new Map<string, Promise<unknown>>()

  /** `directory` is made, with the folders above it, at the first save. */
  constructor(directory: string, calls: DiskCalls = SYSTEM_CALLS) {
    this.#directory = directory
    this.#calls = calls
  }

  load(name: string, done: Done<readonly Uint8Array[]>): void {
    const path = this.#pathOf(name)
    this.#queue(name, 'READ_FAILED', `load ${path}`, done, async () => {
      const found = [await this.#read(path), await this.#read(`${path}.old`)]
      return found.filter((bytes) => bytes !== undefined)
    })
  }

  save(name: string, bytes: Uint8Array, done: Done): void {
    const path = this.#pathOf(name)
    this.#queue(name, 'WRITE_FAILED', `save ${path}`, done, () => this.#write(path, bytes))
  }

  remove(name: string, done: Done): void {
    const path = this.#pathOf(name)
    this.#queue(name, 'WRITE_FAILED', `remove ${path}`, done, async () => {
      let removed = 0
      // The older one first: a crash in between must not bring it back as the newest.
      for (const victim of [`${path}.old`, `${path}.new`, path]) {
        try {
          await this.#calls.unlink(victim)
          removed++
        } catch (error) {
          if (!isMissing(error)) throw error
        }
      }
      if (removed > 0) await syncFolder(this.#calls, this.#directory)
    })
  }

  /** Resolves when nothing is under way. */
  async close(): Promise<void> {
    await Promise.all(this.#queues.values())
  }

  async #read(path: string): Promise<Uint8Array | undefined> {
    let descriptor: number
    try {
      descriptor = await this.#calls.open(path, constants.O_RDONLY)
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
    try {
      const { size } = await this.#calls.statOpen(descriptor)
      if (size > BLOB_LENGTH_MAX) {
        const message = `${path} has ${size} bytes, limit ${BLOB_LENGTH_MAX}: it is not one of ours`
        throw new StorageError('READ_FAILED', message)
      }
      const bytes = new Uint8Array(size)
      let at = 0
      while (at < size) {
        const count = await this.#calls.read(descriptor, bytes.subarray(at), at)
        if (count === 0) break
        at += count
      }
      return bytes.subarray(0, at)
    } finally {
      await closeQuietly(this.#calls, descriptor)
    }
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    await this.#calls.makeFolders(this.#directory)
    const fresh = `${path}.new`
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC
    const descriptor = await this.#calls.open(fresh, flags, 0o666)
    try {
      for (let at = 0; at < bytes.length; ) {
        const count = await this.#calls.write(descriptor, bytes.subarray(at), at)
        if (count === 0) throw new Error(`the system wrote nothing at ${at}`)
        at += count
      }
      await this.#calls.sync(descriptor)
    } finally {
      await closeQuietly(this.#calls, descriptor)
    }
    try {
      await this.#calls.rename(path, `${path}.old`)
    } catch (error) {
      if (!isMissing(error)) throw error
    }
    await this.#calls.rename(fresh, path)
    await syncFolder(this.#calls, this.#directory)
  }

  #queue<T>(
    name: string,
    kind: 'READ_FAILED' | 'WRITE_FAILED',
    what: string,
    done: Done<T>,
    work: () => Promise<T>,
  ): void {
    const before = this.#queues.get(name) ?? Promise.resolve()
    const outcome = before.then(work).then(
      (value) => {
        process.nextTick(() => done(undefined, value))
      },
      (error: unknown) => {
        process.nextTick(() => done(storageError(error, kind, what), undefined as never))
      },
    )
    this.#queues.set(name, outcome)
    void outcome.then(() => {
      if (this.#queues.get(name) === outcome) this.#queues.delete(name)
    })
  }

  /** One file name per name, on file systems that fold case or normalise too. */
  #pathOf(name: string): string {
    let plain = ''
    for (const byte of new TextEncoder().encode(name)) {
      const character = String.fromCharCode(byte)
      plain += /[a-z0-9_-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`
    }
    if (plain.length > PLAIN_NAME_MAX)
      plain = `sha256-${toHex(sha256(new TextEncoder().encode(name)))}`
    return join(this.#directory, `${plain}.keep`)
  }
}
