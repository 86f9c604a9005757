// One process at a time on a folder of state; a lock of a process that was killed is no lock.
//
// Node has no flock. What the kernel gives back by itself at a process's end is a bound name: on Linux an abstract
// UNIX socket, on Windows a named pipe, both named after the folder's identity, so there is nothing stale to clean
// up and no race in taking over. A file beside it names the holder for the error message; where kernels have no such
// names, and across network namespaces, that file (process id and start time) is what decides.

import { readFileSync, readlinkSync } from 'node:fs'
import { mkdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { join, resolve } from 'node:path'
import { StorageError } from '@bt/ports'
import { storageError, systemCode } from './errors.ts'

const LOCK_FILE = 'lock'

export interface FolderLock {
  readonly path: string
  /** Gives the folder back; twice does nothing. */
  release(): Promise<void>
}

interface Holder {
  readonly pid: number
  /** When the process started, in the kernel's ticks; '' where that cannot be known. */
  readonly started: string
  /** Process ids of another namespace, or of an earlier boot, say nothing. */
  readonly space: string
}

/** Folders this process holds. */
const held = new Set<string>()

/**
 * Takes the folder, which is made when it is not there.
 * @throws {StorageError} LOCKED when a living process holds it; NO_PERMISSION and others as files have them.
 */
export async function lockFolder(path: string): Promise<FolderLock> {
  const folder = resolve(path)
  try {
    await mkdir(folder, { recursive: true })
    const { dev, ino } = await stat(folder, { bigint: true })
    return await take(folder, `${dev}-${ino}`)
  } catch (error) {
    throw storageError(error, 'WRITE_FAILED', `lock ${folder}`)
  }
}

async function take(folder: string, identity: string): Promise<FolderLock> {
  const file = join(folder, LOCK_FILE)
  if (held.has(identity)) throw locked(folder, 'this process')
  held.add(identity)
  let claim: net.Server | 'taken' | undefined
  try {
    claim = await claimName(identity)
    const holder = await readHolder(file)
    if (claim === 'taken') throw locked(folder, describe(holder))
    if (holder !== undefined && isAlive(holder)) throw locked(folder, describe(holder))
    await writeHolder(file)
  } catch (error) {
    held.delete(identity)
    if (claim instanceof net.Server) claim.close()
    throw error
  }
  const server = claim
  let release: Promise<void> | undefined
  return {
    path: folder,
    release: () => {
      release ??= giveBack(file, identity, server)
      return release
    },
  }
}

async function giveBack(
  file: string,
  identity: string,
  claim: net.Server | undefined,
): Promise<void> {
  // The file first: the next holder's must not be the one removed.
  await unlink(file).catch(() => {})
  if (claim !== undefined) await new Promise((resolve) => claim.close(resolve))
  held.delete(identity)
}

/** The kernel's name for the folder; undefined where kernels have none. */
function claimName(identity: string): Promise<net.Server | 'taken' | undefined> {
  const name = `bt-lock-${process.getuid?.() ?? 0}-${identity}`
  if (process.platform === 'linux') return listenAt(`\0${name}`)
  if (process.platform === 'win32') return listenAt(`\\\\.\\pipe\\${name}`)
  return Promise.resolve(undefined)
}

function listenAt(path: string): Promise<net.Server | 'taken' | undefined> {
  return new Promise((resolve) => {
    const server = net.createServer((socket) => socket.destroy())
    server.once('error', (error) => {
      // Any other failure (a sandbox without sockets) leaves the decision to the file.
      resolve(systemCode(error) === 'EADDRINUSE' ? 'taken' : undefined)
    })
    server.listen(path, () => {
      // Holding a lock is no reason to stay alive.
      server.unref()
      resolve(server)
    })
  })
}

async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    const parsed: unknown = JSON.parse(await readFile(file, 'utf8'))
    const { pid, started, space } = parsed as Partial<Holder>
    if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 1) return undefined
    return { pid, started: String(started), space: String(space) }
  } catch (error) {
    if (error instanceof SyntaxError || systemCode(error) === 'ENOENT') return undefined
    if (error instanceof TypeError) return undefined
    throw error
  }
}

async function writeHolder(file: string): Promise<void> {
  const { pid } = process
  const holder: Holder = { pid, started: startOf(pid), space: spaceOfIds() }
  const fresh = `${file}.${pid}`
  await writeFile(fresh, JSON.stringify(holder))
  await rename(fresh, file)
}

function isAlive(holder: Holder): boolean {
  if (holder.pid === process.pid || holder.space !== spaceOfIds()) return false
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return false
  }
  return holder.started === startOf(holder.pid)
}

/** Start time of a process, so that another one that got its number later is not taken for it. */
function startOf(pid: number): string {
  try {
    const stats = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in brackets, may hold anything; the start time is the 20th word after it.
    return stats.slice(stats.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function spaceOfIds(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return ''
  }
}

function describe(holder: Holder | undefined): string {
  return holder === undefined ? 'another process' : `process ${holder.pid}`
}

function locked(folder: string, holder: string): StorageError {
  return new StorageError(
    'LOCKED',
    `${folder} is in use by ${holder}: end it, or name another folder`,
  )
}
