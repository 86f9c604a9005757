// Opens, makes and removes files below one folder, and never anything outside it, whatever links lie there.
//
// Existing files are opened without following a link at their end, and then asked where they really are: opening has
// no effect, so looking afterwards leaves no gap. What makes or removes something goes folder by folder, from handle
// to handle (/proc/self/fd on Linux), so that nobody can swap a link in between. Elsewhere the path is checked
// before and after; a local attacker who wins that race could make an empty file. O_NOFOLLOW, openat(2).

import { constants } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import { StorageError } from '@bt/ports'
import { closeQuietly, type DiskCalls } from './disk-calls.ts'
import { systemCode } from './errors.ts'

const HAS_HANDLE_PATHS = process.platform === 'linux'
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0
/** A FIFO in the place of a file must not hold us until somebody writes to it. */
const NON_BLOCK = constants.O_NONBLOCK ?? 0
const FOLDER = constants.O_DIRECTORY ?? 0

/** A folder below the root, verified; names are looked up at `base`. */
interface Folder {
  readonly path: string
  readonly base: string
  readonly descriptor: number | undefined
}

export class RootFolder {
  /** As the user named it, made absolute. */
  readonly path: string
  readonly #calls: DiskCalls
  /** Without links; known once the folder is there. */
  #realPath: string | undefined
  #identity: string | undefined
  /** Folders with entries that a power cut could lose. */
  readonly #unsynced = new Set<string>()

  constructor(path: string, calls: DiskCalls) {
    this.path = resolve(path)
    this.#calls = calls
  }

  /** Remembers which folder it is, when it is there. @throws {StorageError} NO_PERMISSION when it is no folder. */
  async prepare(): Promise<void> {
    if (this.#identity !== undefined) return
    let stats: Awaited<ReturnType<DiskCalls['stat']>>
    try {
      stats = await this.#calls.stat(this.path)
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return
      if (systemCode(error) === 'ENOTDIR') throw notAFolder(this.path)
      throw error
    }
    if (!stats.isDirectory()) throw notAFolder(this.path)
    this.#realPath = await this.#calls.realPath(this.path)
    this.#identity = identityOf(stats)
  }

  /** A descriptor of an existing file; 'write' makes it, and its folders, when it is not there. */
  async openFile(parts: readonly string[], mode: 'read' | 'write'): Promise<number> {
    const flags = mode === 'read' ? constants.O_RDONLY : constants.O_RDWR
    await this.prepare()
    if (this.#realPath !== undefined) {
      try {
        return await this.#openExisting(join(this.#realPath, ...parts), flags)
      } catch (error) {
        if (mode === 'read' || !isMissing(error)) throw error
      }
    } else if (mode === 'read') {
      throw new StorageError('NOT_HERE', `the folder ${this.path} is not there`)
    }
    const folder = await this.#enter(parts.slice(0, -1), true)
    try {
      const name = parts.at(-1) as string
      const create = flags | constants.O_CREAT | NO_FOLLOW | NON_BLOCK
      const descriptor = await this.#calls.open(join(folder.base, name), create, 0o666)
      this.#unsynced.add(folder.path)
      return await this.#verified(descriptor, join(folder.path, name))
    } finally {
      await this.#leave(folder)
    }
  }

  /** Length and time of a file; undefined when it is not there. */
  async stat(
    parts: readonly string[],
  ): Promise<{ readonly length: number; readonly modifiedMs: number } | undefined> {
    await this.prepare()
    if (this.#realPath === undefined) return undefined
    try {
      const path = join(this.#realPath, ...parts)
      const real = await this.#calls.realPath(path)
      this.#demandInside(real, path)
      const stats = await this.#calls.stat(real)
      if (!stats.isFile()) throw notAFile(path)
      return { length: stats.size, modifiedMs: Math.floor(stats.mtimeMs) }
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  /** Removes a file (or the link in its place) and the folders of its path that are empty then. */
  async removeFile(parts: readonly string[]): Promise<void> {
    await this.prepare()
    if (this.#realPath === undefined) return
    let folder: Folder
    try {
      folder = await this.#enter(parts.slice(0, -1), false)
    } catch (error) {
      if (isMissing(error)) return
      throw error
    }
    try {
      await this.#calls.unlink(join(folder.base, parts.at(-1) as string))
      this.#unsynced.add(folder.path)
    } catch (error) {
      if (!isMissing(error)) throw error
    } finally {
      await this.#leave(folder)
    }
    for (let depth = parts.length - 1; depth > 0; depth--) {
      try {
        const path = join(this.#realPath, ...parts.slice(0, depth))
        await this.#calls.removeFolder(path)
        this.#unsynced.delete(path)
        this.#unsynced.add(join(this.#realPath, ...parts.slice(0, depth - 1)))
      } catch {
        // Not empty, or a link: it stays.
        return
      }
    }
  }

  /** Makes the entries that were made or removed survive a power cut. */
  async syncFolders(): Promise<void> {
    for (const path of this.#unsynced) {
      this.#unsynced.delete(path)
      try {
        await syncFolder(this.#calls, path)
      } catch (error) {
        if (isMissing(error)) continue
        this.#unsynced.add(path)
        throw error
      }
    }
  }

  async #openExisting(path: string, flags: number): Promise<number> {
    const safely = flags | NO_FOLLOW | NON_BLOCK
    try {
      return await this.#verified(await this.#calls.open(path, safely), path)
    } catch (error) {
      // The file itself is a link: fine when it leads to a place inside.
      if (systemCode(error) !== 'ELOOP') throw error
      const real = await this.#calls.realPath(path)
      this.#demandInside(real, path)
      return await this.#verified(await this.#calls.open(real, safely), path)
    }
  }

  /** Closes and throws unless the descriptor is of a file inside the root. */
  async #verified(descriptor: number, path: string): Promise<number> {
    try {
      const stats = await this.#calls.statOpen(descriptor)
      if (!stats.isFile()) throw notAFile(path)
      if (HAS_HANDLE_PATHS) {
        this.#demandInside(await this.#calls.readLink(`/proc/self/fd/${descriptor}`), path)
      } else {
        const real = await this.#calls.realPath(path)
        this.#demandInside(real, path)
        const named = await this.#calls.stat(real)
        if (identityOf(named) !== identityOf(stats)) throw outside(path)
      }
      return descriptor
    } catch (error) {
      await closeQuietly(this.#calls, descriptor)
      throw error
    }
  }

  /** The folder of these parts, entered one by one; made on the way when `make`. */
  async #enter(parts: readonly string[], make: boolean): Promise<Folder> {
    if (this.#realPath === undefined) {
      await this.#calls.makeFolders(this.path)
      await this.prepare()
      this.#unsynced.add(resolve(this.#realPath ?? this.path, '..'))
    }
    let folder = await this.#hold(this.#realPath as string)
    try {
      await this.#demandSameRoot(folder)
      for (const part of parts) {
        const inner = await this.#enterOne(folder, part, make)
        await this.#leave(folder)
        folder = inner
      }
      return folder
    } catch (error) {
      await this.#leave(folder)
      throw error
    }
  }

  async #enterOne(folder: Folder, part: string, make: boolean): Promise<Folder> {
    const at = join(folder.base, part)
    const path = join(folder.path, part)
    for (let attempt = 0; ; attempt++) {
      try {
        const stats = await this.#calls.linkStat(at)
        if (stats.isSymbolicLink()) {
          const real = await this.#calls.realPath(at)
          this.#demandInside(real, path)
          return await this.#hold(real)
        }
        if (!stats.isDirectory()) throw notAFolder(path)
        return await this.#hold(path, at)
      } catch (error) {
        if (!make || attempt > 0 || systemCode(error) !== 'ENOENT') throw error
      }
      try {
        await this.#calls.makeFolder(at)
        this.#unsynced.add(folder.path)
      } catch (error) {
        if (systemCode(error) !== 'EEXIST') throw error
      }
    }
  }

  async #hold(path: string, at: string = path): Promise<Folder> {
    if (!HAS_HANDLE_PATHS) return { path, base: path, descriptor: undefined }
    const descriptor = await this.#calls.open(at, constants.O_RDONLY | FOLDER | NO_FOLLOW)
    try {
      const real = await this.#calls.readLink(`/proc/self/fd/${descriptor}`)
      if (real !== this.#realPath) this.#demandInside(real, path)
      return { path: real, base: `/proc/self/fd/${descriptor}`, descriptor }
    } catch (error) {
      await closeQuietly(this.#calls, descriptor)
      throw error
    }
  }

  async #leave(folder: Folder): Promise<void> {
    if (folder.descriptor !== undefined) await closeQuietly(this.#calls, folder.descriptor)
  }

  /** A missing mount leaves an empty folder of the same name: nothing is made there. */
  async #demandSameRoot(folder: Folder): Promise<void> {
    const stats =
      folder.descriptor === undefined
        ? await this.#calls.stat(folder.path)
        : await this.#calls.statOpen(folder.descriptor)
    if (identityOf(stats) !== this.#identity) throw missing(this.path)
  }

  #demandInside(real: string, path: string): void {
    const root = this.#realPath as string
    if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) throw outside(path)
  }
}

/** Makes the entries of a folder durable, where the system has such a thing. */
export async function syncFolder(calls: DiskCalls, path: string): Promise<void> {
  if (process.platform === 'win32') return
  const descriptor = await calls.open(path, constants.O_RDONLY | FOLDER)
  try {
    await calls.sync(descriptor)
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes(systemCode(error))) throw error
  } finally {
    await closeQuietly(calls, descriptor)
  }
}

export function isMissing(error: unknown): boolean {
  return systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR'
}

function identityOf(stats: { readonly dev: number; readonly ino: number }): string {
  return `${stats.dev}/${stats.ino}`
}

function outside(path: string): StorageError {
  return new StorageError(
    'OUTSIDE_ROOT',
    `${path} leads outside the download folder: remove the link`,
  )
}

function notAFile(path: string): StorageError {
  return new StorageError('WRITE_FAILED', `${path} is there, and is not a file: move it away`)
}

function notAFolder(path: string): StorageError {
  return new StorageError(
    'NO_PERMISSION',
    `${path} is there, and is not a folder: name another one`,
  )
}

function missing(path: string): StorageError {
  return new StorageError('NOT_HERE', `${path} is not the folder it was: is its disk mounted?`)
}
