// The system calls that storage makes, one promise each: in one object, so that tests can make any of them fail,
// be slow or do only a part, which no real disk does on request.

import fs from 'node:fs'

export interface DiskCalls {
  readonly open: (path: string, flags: number, mode?: number) => Promise<number>
  readonly close: (descriptor: number) => Promise<void>
  /** May read fewer bytes than `into` holds; 0 at the end of the file. */
  readonly read: (descriptor: number, into: Uint8Array, position: number) => Promise<number>
  /** May write fewer bytes than there are. */
  readonly write: (descriptor: number, bytes: Uint8Array, position: number) => Promise<number>
  readonly truncate: (descriptor: number, length: number) => Promise<void>
  /** Content, and what is needed to find it again. */
  readonly syncData: (descriptor: number) => Promise<void>
  /** Everything; for folders. */
  readonly sync: (descriptor: number) => Promise<void>
  readonly statOpen: (descriptor: number) => Promise<fs.Stats>
  readonly stat: (path: string) => Promise<fs.Stats>
  /** Of a link itself. */
  readonly linkStat: (path: string) => Promise<fs.Stats>
  readonly realPath: (path: string) => Promise<string>
  readonly readLink: (path: string) => Promise<string>
  readonly makeFolder: (path: string) => Promise<void>
  /** With all folders above it. */
  readonly makeFolders: (path: string) => Promise<void>
  readonly removeFolder: (path: string) => Promise<void>
  readonly unlink: (path: string) => Promise<void>
  readonly rename: (from: string, to: string) => Promise<void>
}

type Answer<T> = (error: NodeJS.ErrnoException | null, value: T) => void

export const SYSTEM_CALLS: DiskCalls = {
  open: (path, flags, mode) => promised((answer) => fs.open(path, flags, mode, answer)),
  close: (descriptor) => promised<void>((answer) => fs.close(descriptor, plain(answer))),
  read: (descriptor, into, position) =>
    promised((answer) => fs.read(descriptor, into, 0, into.length, position, answer)),
  write: (descriptor, bytes, position) =>
    promised((answer) => fs.write(descriptor, bytes, 0, bytes.length, position, answer)),
  truncate: (descriptor, length) =>
    promised<void>((answer) => fs.ftruncate(descriptor, length, plain(answer))),
  syncData: (descriptor) => promised<void>((answer) => fs.fdatasync(descriptor, plain(answer))),
  sync: (descriptor) => promised<void>((answer) => fs.fsync(descriptor, plain(answer))),
  statOpen: (descriptor) => promised((answer) => fs.fstat(descriptor, answer)),
  stat: (path) => promised((answer) => fs.stat(path, answer)),
  linkStat: (path) => promised((answer) => fs.lstat(path, answer)),
  realPath: (path) => promised((answer) => fs.realpath.native(path, answer)),
  readLink: (path) => promised((answer) => fs.readlink(path, answer)),
  makeFolder: (path) => promised<void>((answer) => fs.mkdir(path, plain(answer))),
  makeFolders: (path) =>
    promised<void>((answer) =>
      fs.mkdir(path, { recursive: true }, (error) => plain(answer)(error)),
    ),
  removeFolder: (path) => promised<void>((answer) => fs.rmdir(path, plain(answer))),
  unlink: (path) => promised<void>((answer) => fs.unlink(path, plain(answer))),
  rename: (from, to) => promised<void>((answer) => fs.rename(from, to, plain(answer))),
}

/** Calls that throw at once (an argument Node refuses) reject like those that fail later. */
function promised<T>(call: (answer: Answer<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error) reject(error)
      else resolve(value)
    })
  })
}

function plain(answer: Answer<void>): (error: NodeJS.ErrnoException | null) => void {
  return (error) => answer(error, undefined)
}

/** Closes, whatever happens: for the end of something that has its own error already. */
export async function closeQuietly(calls: DiskCalls, descriptor: number): Promise<void> {
  try {
    await calls.close(descriptor)
  } catch {
    // Nothing depends on it.
  }
}
