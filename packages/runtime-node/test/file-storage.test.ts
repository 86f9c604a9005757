import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Storage, StorageErrorCode, StorageFile } from '@bt/ports'
import { storageContract, storageFaultContract } from '@bt/ports/contract'
import { afterEach, describe, expect, test } from 'vitest'
import { FileStorageProvider } from '../src/file-storage.ts'
import { FailingCalls } from './failing-calls.ts'
import { freshFolder } from './folder.ts'
import { realWorld } from './real-world.ts'

const ERRNO: Readonly<Record<string, string>> = {
  DISK_FULL: 'ENOSPC',
  NO_PERMISSION: 'EACCES',
  WRITE_FAILED: 'EIO',
  READ_FAILED: 'EIO',
}

async function contractWorld() {
  const folder = freshFolder()
  const failing = new FailingCalls()
  const options = {
    directory: join(folder.path, 'content'),
    calls: failing.calls,
    filesOpenMax: 16,
  }
  const provider = new FileStorageProvider(options)
  const others: FileStorageProvider[] = []
  return {
    provider,
    reopen: async () => {
      const other = new FileStorageProvider(options)
      others.push(other)
      return other
    },
    failNext: (operation: 'read' | 'write' | 'sync', code: StorageErrorCode) =>
      failing.fail(operation === 'sync' ? 'syncData' : operation, ERRNO[code] as string),
    ...realWorld(async () => {
      for (const each of [provider, ...others]) {
        await each.close()
        expect(each.openCount).toBe(0)
      }
      folder.remove()
    }),
  }
}

describe('file storage keeps the contract of Storage', () => {
  for (const check of storageContract(contractWorld)) test(check.name, () => check.run())
  for (const check of storageFaultContract(contractWorld)) test(check.name, () => check.run())
})

const cleanups: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function place(): { folder: string; root: string } {
  const { path, remove } = freshFolder()
  cleanups.push(remove)
  return { folder: path, root: join(path, 'root') }
}

type Options = ConstructorParameters<typeof FileStorageProvider>[0]

function provide(options: Options): FileStorageProvider {
  const provider = new FileStorageProvider(options)
  cleanups.push(() => provider.close())
  return provider
}

async function open(options: Options, ...paths: string[]): Promise<Storage> {
  const files: StorageFile[] = paths.map((path) => ({ path: path.split('/'), length: 1000 }))
  return promise((done) => provide(options).open(files, done))
}

function promise<T>(
  call: (done: (error: Error | undefined, value: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error === undefined ? resolve(value) : reject(error)))
  })
}

const write = (
  storage: Storage,
  file: number,
  bytes = new Uint8Array(100).fill(7),
): Promise<void> => promise((done) => storage.write(file, 0, bytes, done))
const read = async (storage: Storage, file: number, length = 100): Promise<Uint8Array> => {
  const into = new Uint8Array(length)
  await promise<void>((done) => storage.read(file, 0, into, done))
  return into
}
const sync = (storage: Storage, ...files: number[]): Promise<void> =>
  promise((done) => storage.sync(files, done))
const remove = (storage: Storage, file: number): Promise<void> =>
  promise((done) => storage.remove(file, done))
const stat = (storage: Storage, file: number): Promise<unknown> =>
  promise((done) => storage.stat(file, done))

describe('[B03, F13] links below the root', () => {
  test('a folder that is a link to the outside is neither written nor read through', async () => {
    const { folder, root } = place()
    mkdirSync(root)
    mkdirSync(join(folder, 'outside'))
    writeFileSync(join(folder, 'outside', 'there.bin'), 'secret')
    symlinkSync(join(folder, 'outside'), join(root, 'link'))
    const storage = await open({ directory: root }, 'link/new.bin', 'link/there.bin', 'link/deep/x')
    for (const file of [0, 1, 2]) {
      await expect(write(storage, file)).rejects.toMatchObject({ code: 'OUTSIDE_ROOT', file })
    }
    await expect(read(storage, 1, 3)).rejects.toMatchObject({ code: 'OUTSIDE_ROOT' })
    await expect(stat(storage, 1)).rejects.toMatchObject({ code: 'OUTSIDE_ROOT' })
    await expect(remove(storage, 1)).rejects.toMatchObject({ code: 'OUTSIDE_ROOT' })
    expect(readdirSync(join(folder, 'outside'))).toEqual(['there.bin'])
    expect(readFileSync(join(folder, 'outside', 'there.bin'), 'utf8')).toBe('secret')
  })

  test('a file that is a link to the outside, absolute, relative or broken, is not written', async () => {
    const { folder, root } = place()
    mkdirSync(root)
    writeFileSync(join(folder, 'victim'), 'as it was')
    symlinkSync(join(folder, 'victim'), join(root, 'absolute'))
    symlinkSync('../victim', join(root, 'relative'))
    symlinkSync('../not-there', join(root, 'broken'))
    const storage = await open({ directory: root }, 'absolute', 'relative', 'broken')
    for (const file of [0, 1, 2]) await expect(write(storage, file)).rejects.toThrow()
    await expect(write(storage, 0)).rejects.toMatchObject({ code: 'OUTSIDE_ROOT' })
    expect(readFileSync(join(folder, 'victim'), 'utf8')).toBe('as it was')
    expect(existsSync(join(folder, 'not-there'))).toBe(false)
  })

  test('a chain and a loop of links are errors', async () => {
    const { folder, root } = place()
    mkdirSync(root)
    mkdirSync(join(folder, 'outside'))
    symlinkSync('b', join(root, 'a'))
    symlinkSync('../outside', join(root, 'b'))
    symlinkSync('loop2', join(root, 'loop1'))
    symlinkSync('loop1', join(root, 'loop2'))
    const storage = await open({ directory: root }, 'a/x', 'loop1/x', 'loop1')
    await expect(write(storage, 0)).rejects.toMatchObject({ code: 'OUTSIDE_ROOT' })
    await expect(write(storage, 1)).rejects.toMatchObject({ name: 'StorageError' })
    await expect(write(storage, 2)).rejects.toMatchObject({ name: 'StorageError' })
    expect(readdirSync(join(folder, 'outside'))).toEqual([])
  })

  test('links that stay inside are followed', async () => {
    const { root } = place()
    mkdirSync(join(root, 'real'), { recursive: true })
    symlinkSync('real', join(root, 'link'))
    writeFileSync(join(root, 'real', 'target'), '')
    symlinkSync('real/target', join(root, 'file-link'))
    const storage = await open({ directory: root }, 'link/x', 'file-link', 'link/deeper/y')
    for (const file of [0, 1, 2]) await write(storage, file)
    expect(statSync(join(root, 'real', 'x')).size).toBe(100)
    expect(statSync(join(root, 'real', 'target')).size).toBe(100)
    expect(statSync(join(root, 'real', 'deeper', 'y')).size).toBe(100)
  })

  test('a root that is itself a link is the folder it leads to', async () => {
    const { folder, root } = place()
    mkdirSync(join(folder, 'elsewhere'))
    symlinkSync(join(folder, 'elsewhere'), root)
    const storage = await open({ directory: root }, 'a/x')
    await write(storage, 0)
    expect(existsSync(join(folder, 'elsewhere', 'a', 'x'))).toBe(true)
  })

  test('a folder swapped for a link between two opens is noticed', async () => {
    const { folder, root } = place()
    mkdirSync(join(folder, 'outside'))
    const storage = await open({ directory: root }, 'dir/one', 'dir/two')
    await write(storage, 0)
    renameSync(join(root, 'dir'), join(root, 'moved'))
    symlinkSync(join(folder, 'outside'), join(root, 'dir'))
    await expect(write(storage, 1)).rejects.toMatchObject({ code: 'OUTSIDE_ROOT' })
    expect(readdirSync(join(folder, 'outside'))).toEqual([])
  })

  test('a sibling whose name begins like the root is outside', async () => {
    const { folder, root } = place()
    mkdirSync(root)
    mkdirSync(`${root}-evil`)
    symlinkSync(`${root}-evil`, join(root, 'link'))
    const storage = await open({ directory: root }, 'link/x')
    await expect(write(storage, 0)).rejects.toMatchObject({ code: 'OUTSIDE_ROOT' })
    expect(readdirSync(folder).sort()).toEqual(['root', 'root-evil'])
  })
})

describe('[F19] removing', () => {
  test('takes the link in the place of a file and not what it leads to', async () => {
    const { folder, root } = place()
    mkdirSync(root)
    writeFileSync(join(folder, 'victim'), 'as it was')
    symlinkSync(join(folder, 'victim'), join(root, 'x'))
    const storage = await open({ directory: root }, 'x')
    await remove(storage, 0)
    expect(readFileSync(join(folder, 'victim'), 'utf8')).toBe('as it was')
    expect(existsSync(join(root, 'x'))).toBe(false)
  })

  test('takes folders that are empty then, never the root, never one with other files', async () => {
    const { root } = place()
    const storage = await open({ directory: root }, 'a/b/c/x', 'a/y')
    await write(storage, 0)
    writeFileSync(join(root, 'a', 'b', 'mine'), 'user')
    await remove(storage, 0)
    expect(readdirSync(join(root, 'a', 'b'))).toEqual(['mine'])
    rmSync(join(root, 'a'), { recursive: true })
    await write(storage, 1)
    await remove(storage, 1)
    expect(readdirSync(root)).toEqual([])
  })
})

describe('[F12] what is there goes away', () => {
  test('a root that vanished, or was replaced, is not made anew', async () => {
    const { root } = place()
    mkdirSync(root)
    const storage = await open({ directory: root }, 'a/x', 'a/y')
    await write(storage, 0)
    renameSync(root, `${root}-away`)
    await expect(write(storage, 1)).rejects.toMatchObject({ code: 'NOT_HERE', file: 1 })
    expect(existsSync(root)).toBe(false)
    mkdirSync(root)
    await expect(write(storage, 1)).rejects.toMatchObject({ code: 'NOT_HERE' })
    expect(readdirSync(root)).toEqual([])
    rmSync(root, { recursive: true })
    renameSync(`${root}-away`, root)
    await write(storage, 1)
    expect(statSync(join(root, 'a', 'y')).size).toBe(100)
  })

  test('a file removed while it is written is not called durable', async () => {
    const { root } = place()
    const storage = await open({ directory: root }, 'x')
    await write(storage, 0)
    rmSync(join(root, 'x'))
    await expect(sync(storage, 0)).rejects.toMatchObject({ code: 'NOT_HERE', file: 0 })
  })

  test.skipIf(process.platform === 'win32')(
    'a FIFO in the place of a file is an error',
    async () => {
      const { root } = place()
      mkdirSync(root)
      execFileSync('mkfifo', [join(root, 'x')])
      const storage = await open({ directory: root }, 'x')
      await expect(write(storage, 0)).rejects.toMatchObject({ name: 'StorageError', file: 0 })
      await expect(read(storage, 0)).rejects.toMatchObject({ name: 'StorageError', file: 0 })
    },
  )

  test('a folder in the place of a file, and a file in that of a folder, are errors', async () => {
    const { root } = place()
    mkdirSync(join(root, 'x'), { recursive: true })
    writeFileSync(join(root, 'file'), '')
    const storage = await open({ directory: root }, 'x', 'file/below')
    await expect(write(storage, 0)).rejects.toMatchObject({ code: 'WRITE_FAILED' })
    await expect(read(storage, 0)).rejects.toMatchObject({ name: 'StorageError' })
    await expect(write(storage, 1)).rejects.toMatchObject({ code: 'NO_PERMISSION' })
  })
})

describe('[F23] a root that cannot be one', () => {
  test('is refused when it is opened', async () => {
    const { folder } = place()
    writeFileSync(join(folder, 'file'), '')
    for (const directory of [join(folder, 'file'), join(folder, 'file', 'below')]) {
      await expect(open({ directory }, 'x')).rejects.toMatchObject({ code: 'NO_PERMISSION' })
    }
  })
})

describe('system errors', () => {
  const cases = [
    ['[F01]', 'write', 'ENOSPC', 'DISK_FULL'],
    ['[F01]', 'write', 'EDQUOT', 'DISK_FULL'],
    ['[F01]', 'makeFolder', 'ENOSPC', 'DISK_FULL'],
    ['[F02]', 'open', 'EACCES', 'NO_PERMISSION'],
    ['[F02]', 'write', 'EROFS', 'NO_PERMISSION'],
    ['[F02]', 'makeFolder', 'EPERM', 'NO_PERMISSION'],
    ['[F16]', 'write', 'EFBIG', 'WRITE_FAILED'],
    ['[F05]', 'write', 'EIO', 'WRITE_FAILED'],
  ] as const
  for (const [id, call, errno, code] of cases) {
    test(`${id} ${errno} of ${call} is ${code}, and the next write works`, async () => {
      const failing = new FailingCalls()
      const storage = await open({ directory: place().root, calls: failing.calls }, 'a/x')
      failing.fail(call, errno)
      const failure = write(storage, 0)
      await expect(failure).rejects.toMatchObject({ name: 'StorageError', code, file: 0 })
      await expect(failure).rejects.toThrow(/a\/x/)
      await write(storage, 0)
      expect(await read(storage, 0)).toEqual(new Uint8Array(100).fill(7))
    })
  }

  test('[F03] EIO of a read is READ_FAILED and fills nothing', async () => {
    const failing = new FailingCalls()
    const storage = await open({ directory: place().root, calls: failing.calls }, 'x')
    await write(storage, 0)
    failing.fail('read', 'EIO')
    await expect(read(storage, 0)).rejects.toMatchObject({ code: 'READ_FAILED', file: 0 })
    expect(await read(storage, 0)).toEqual(new Uint8Array(100).fill(7))
  })

  test('[F04] after a failed fsync the file is never called durable again', async () => {
    const failing = new FailingCalls()
    const { root } = place()
    const storage = await open({ directory: root, calls: failing.calls }, 'x', 'y')
    await write(storage, 0)
    await write(storage, 1)
    failing.fail('syncData', 'EIO')
    await expect(sync(storage, 0)).rejects.toMatchObject({ code: 'WRITE_FAILED', file: 0 })
    await expect(sync(storage, 0)).rejects.toMatchObject({ code: 'WRITE_FAILED' })
    await sync(storage, 1)
    await promise<void>((done) => storage.close(done))
    const again = await open({ directory: root }, 'x')
    await write(again, 0)
    await sync(again, 0)
  })

  test('[F04] a disk that was full at the fsync is tried again', async () => {
    const failing = new FailingCalls()
    const storage = await open({ directory: place().root, calls: failing.calls }, 'x')
    await write(storage, 0)
    failing.fail('syncData', 'ENOSPC')
    await expect(sync(storage, 0)).rejects.toMatchObject({ code: 'DISK_FULL' })
    await sync(storage, 0)
    expect(failing.counts.get('syncData')).toBe(2)
  })

  test('[F05] partial reads and writes are completed', async () => {
    const failing = new FailingCalls()
    failing.partLength = 7
    const storage = await open({ directory: place().root, calls: failing.calls }, 'x')
    const bytes = Uint8Array.from({ length: 100 }, (_, index) => index)
    await write(storage, 0, bytes)
    expect(await read(storage, 0)).toEqual(bytes)
    expect(failing.counts.get('write')).toBe(15)
    failing.partLength = 0
    await expect(write(storage, 0, bytes)).rejects.toMatchObject({ code: 'WRITE_FAILED' })
  })

  test('new folders are synced once, files only when they were written', async () => {
    const failing = new FailingCalls()
    const storage = await open({ directory: place().root, calls: failing.calls }, 'a/b/x', 'a/b/y')
    await write(storage, 0)
    await sync(storage, 0, 1, 0)
    const folders = failing.counts.get('sync')
    // The folder above the root, the root, a, b.
    expect(folders).toBe(4)
    expect(failing.counts.get('syncData')).toBe(1)
    await sync(storage, 0, 1)
    expect(failing.counts.get('sync')).toBe(folders)
    expect(failing.counts.get('syncData')).toBe(1)
    failing.fail('sync', 'EIO')
    await write(storage, 1)
    await expect(sync(storage, 1)).rejects.toMatchObject({ code: 'WRITE_FAILED' })
    await sync(storage, 1)
  })

  test.skipIf(process.getuid?.() === 0)(
    '[F02] a folder without rights is NO_PERMISSION',
    async () => {
      const { root } = place()
      mkdirSync(root)
      chmodSync(root, 0o500)
      const storage = await open({ directory: root }, 'x')
      await expect(write(storage, 0)).rejects.toMatchObject({ code: 'NO_PERMISSION' })
      chmodSync(root, 0o700)
      await write(storage, 0)
    },
  )
})

describe('[F15] open files', () => {
  test('no more are open than the limit, whatever is asked at once', async () => {
    const failing = new FailingCalls()
    let open_ = 0
    let most = 0
    const { open: realOpen, close: realClose } = failing.calls
    const calls = {
      ...failing.calls,
      open: async (...values: Parameters<typeof realOpen>) => {
        const descriptor = await realOpen(...values)
        most = Math.max(most, ++open_)
        return descriptor
      },
      close: async (descriptor: number) => {
        open_--
        await realClose(descriptor)
      },
    }
    const names = Array.from({ length: 200 }, (_, index) => `d/file${index}`)
    const storage = await open({ directory: place().root, filesOpenMax: 10, calls }, ...names)
    await Promise.all(names.map((_, file) => write(storage, file)))
    // Each opening holds folders too while it walks: the file and at most two of them.
    expect(most).toBeLessThanOrEqual(30)
    expect(open_).toBeLessThanOrEqual(10)
    const back = await Promise.all(names.map((_, file) => read(storage, file)))
    for (const bytes of back) expect(bytes).toEqual(new Uint8Array(100).fill(7))
  })

  test('running out of descriptors closes idle files, waits and goes on', async () => {
    const failing = new FailingCalls()
    const names = Array.from({ length: 30 }, (_, index) => `file${index}`)
    const directory = place().root
    const provider = provide({ directory, calls: failing.calls })
    const files = names.map((name) => ({ path: [name], length: 100 }))
    const storage = await promise<Storage>((done) => provider.open(files, done))
    for (const file of names.keys()) if (file < 29) await write(storage, file)
    expect(provider.openCount).toBe(29)
    failing.fail('open', 'EMFILE', 3)
    await write(storage, 29)
    expect(provider.openCount).toBeLessThanOrEqual(4)
    for (const file of names.keys()) expect((await read(storage, file)).length).toBe(100)
  })

  test('a shortage that lasts is a typed error, and nothing stays counted as open', async () => {
    const failing = new FailingCalls()
    const provider = provide({ directory: place().root, calls: failing.calls })
    const storage = await promise<Storage>((done) =>
      provider.open([{ path: ['x'], length: 1 }], done),
    )
    await write(storage, 0)
    await remove(storage, 0)
    failing.fail('open', 'EMFILE', 1000)
    await expect(write(storage, 0)).rejects.toMatchObject({ code: 'WRITE_FAILED' })
    expect(provider.openCount).toBe(0)
    failing.fail('open', 'EMFILE', 0)
    await write(storage, 0)
  })
})

/** A file system of 256 KiB, where we may mount one. */
function smallDisk(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined
  const { path, remove: removeFolder } = freshFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', path], { stdio: 'ignore' })
  } catch {
    removeFolder()
    return undefined
  }
  cleanups.push(() => {
    execFileSync('umount', [path])
    removeFolder()
  })
  return path
}

describe('[L01] a Done that throws', () => {
  test('is one uncaught exception, not a second answer, and other operations go on', async () => {
    const storage = await open({ directory: place().root }, 'x')
    const thrown: string[] = []
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => thrown.push(error.message))
    let answers = 0
    storage.write(0, 0, new Uint8Array(1), () => {
      answers++
      throw new Error('thrown by a Done')
    })
    await write(storage, 0)
    await new Promise((resolve) => setTimeout(resolve, 5))
    process.removeAllListeners('uncaughtException')
    for (const listener of listeners) process.on('uncaughtException', listener)
    expect([answers, thrown]).toEqual([1, ['thrown by a Done']])
  })

  test('a file that is none is our own bug', async () => {
    const storage = await open({ directory: place().root }, 'x')
    expect(() => storage.read(1, 0, new Uint8Array(1), () => {})).toThrow(
      expect.objectContaining({ code: 'INVARIANT' }),
    )
  })

  test('a provider that was closed opens nothing', async () => {
    const provider = new FileStorageProvider({ directory: place().root })
    await provider.close()
    const opened = promise<Storage>((done) => provider.open([{ path: ['x'], length: 1 }], done))
    await expect(opened).rejects.toMatchObject({ code: 'READ_FAILED' })
  })
})

describe('a disk that is really full', () => {
  test('[F01] is DISK_FULL, keeps what it has, and goes on when there is room', async (context) => {
    const directory = smallDisk()
    if (directory === undefined) {
      context.skip('mounting needs root on Linux')
      return
    }
    const storage = await open({ directory }, 'x', 'y')
    await write(storage, 0, new Uint8Array(150_000).fill(1))
    await expect(write(storage, 1, new Uint8Array(150_000).fill(2))).rejects.toMatchObject({
      code: 'DISK_FULL',
      file: 1,
    })
    expect(await read(storage, 0, 150_000)).toEqual(new Uint8Array(150_000).fill(1))
    await remove(storage, 0)
    await write(storage, 1, new Uint8Array(150_000).fill(2))
    await sync(storage, 1)
    expect(await read(storage, 1, 150_000)).toEqual(new Uint8Array(150_000).fill(2))
  })

  test('[F12] that is unmounted is not written over', async (context) => {
    const directory = smallDisk()
    if (directory === undefined) {
      context.skip('mounting needs root on Linux')
      return
    }
    const storage = await open({ directory }, 'x')
    // Closed in between, as an unmount demands.
    execFileSync('umount', [directory])
    await expect(write(storage, 0)).rejects.toMatchObject({ code: 'NOT_HERE' })
    expect(readdirSync(directory)).toEqual([])
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', directory])
  })
})

describe('[F14] two storages on one folder', () => {
  test('see the same bytes: the lock is the business of whoever owns the state', async () => {
    const { root } = place()
    const one = await open({ directory: root }, 'x')
    const other = await open({ directory: root }, 'x')
    await write(one, 0)
    expect(await read(other, 0)).toEqual(new Uint8Array(100).fill(7))
  })
})
