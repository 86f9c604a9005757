// Goal: a verified write does what hashing and writing apart do, and a digest what reading and hashing do, whatever becomes
// of the thread that was asked.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DigestRun, RunDigests, Storage } from '@bt/ports'
import { storageContract } from '@bt/ports/contract'
import { Prng } from '@bt/primitives'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { FileStorageProvider } from '../src/file-storage.ts'
import { THREAD_PROGRAM, WRITE_LENGTH } from '../src/thread-program.ts'
import { ThreadHasher } from '../src/thread-hasher.ts'
import { type Lane, WorkThreads } from '../src/work-threads.ts'
import { freshFolder } from './folder.ts'
import { realWorld } from './real-world.ts'

const cleanups: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const sha1 = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha1').update(bytes).digest())

async function open(threads: WorkThreads): Promise<{ storage: Storage; folder: string }> {
  const { path, remove } = freshFolder()
  const provider = new FileStorageProvider({ directory: path, threads })
  cleanups.push(
    remove,
    () => threads.close(),
    () => provider.close(),
  )
  const files = [{ path: ['a.bin'], length: 1_000_000 }]
  const storage = await new Promise<Storage>((resolve, reject) =>
    provider.open(files, (error, value) => (error ? reject(error) : resolve(value))),
  )
  return { storage, folder: path }
}

function writeVerified(
  storage: Storage,
  offset: number,
  bytes: Uint8Array,
  digest: Uint8Array,
): Promise<boolean> {
  return new Promise((resolve, reject) =>
    storage.writeVerified?.(0, offset, bytes, digest, (error, wrote) =>
      error ? reject(error) : resolve(wrote),
    ),
  )
}

describe('file storage with threads keeps the contract of Storage', () => {
  const setup = async () => {
    const folder = freshFolder()
    const threads = new WorkThreads({ threads: 1 })
    const made: FileStorageProvider[] = []
    const provide = (): FileStorageProvider => {
      const provider = new FileStorageProvider({ directory: folder.path, threads })
      made.push(provider)
      return provider
    }
    return {
      provider: provide(),
      reopen: async () => provide(),
      ...realWorld(async () => {
        for (const each of made) await each.close()
        await threads.close()
        folder.remove()
      }),
    }
  }
  for (const check of storageContract(setup)) test(check.name, () => check.run())
})

describe('a verified write', () => {
  const programs: readonly (readonly [string, object])[] = [
    ['in a thread', { threads: 1 }],
    ['without threads', { threads: 0 }],
    ['in a thread that dies of it', { threads: 1, source: 'process.exit(1)' }],
  ]
  for (const [how, options] of programs) {
    test(`${how}: right bytes are written, wrong ones are not`, async () => {
      const { storage, folder } = await open(new WorkThreads(options))
      const bytes = new Uint8Array(new SharedArrayBuffer(300_000)).fill(7)
      expect(await writeVerified(storage, 0, bytes, new Uint8Array(20))).toBe(false)
      expect(existsSync(join(folder, 'a.bin')) && readFileSync(join(folder, 'a.bin')).length).toBe(
        0,
      )
      expect(await writeVerified(storage, 5000, bytes, sha1(bytes))).toBe(true)
      const there = readFileSync(join(folder, 'a.bin'))
      expect(there.length).toBe(305_000)
      expect(sha1(there.subarray(5000))).toEqual(sha1(bytes))
    })
  }

  test('a long piece is written in parts, one behind the other', async () => {
    const source = THREAD_PROGRAM.replace(
      'const count = writeSync(',
      `if (length > ${WRITE_LENGTH}) throw new Error('a long write'); const count = writeSync(`,
    )
    const { storage, folder } = await open(new WorkThreads({ threads: 1, source }))
    const bytes = new Uint8Array(new SharedArrayBuffer(3 * WRITE_LENGTH + 5))
    new Prng(7).fill(bytes)
    expect(await writeVerified(storage, 3, bytes, sha1(bytes))).toBe(true)
    expect(sha1(readFileSync(join(folder, 'a.bin')).subarray(3))).toEqual(sha1(bytes))
  })

  test('a system error in a thread is the typed error of storage', async () => {
    const source = THREAD_PROGRAM.replace(
      'const count = writeSync(',
      "throw Object.assign(new Error('no room'), { code: 'ENOSPC' }); const count = writeSync(",
    )
    const { storage } = await open(new WorkThreads({ threads: 1, source }))
    const bytes = new Uint8Array(new SharedArrayBuffer(100))
    await expect(writeVerified(storage, 0, bytes, sha1(bytes))).rejects.toMatchObject({
      name: 'StorageError',
      code: 'DISK_FULL',
      file: 0,
    })
  })
})

describe('a digest of what lies in a file', () => {
  const programs: readonly (readonly [string, object])[] = [
    ['in a thread', { threads: 1 }],
    ['without threads', { threads: 0 }],
    ['in a thread that dies of it', { threads: 1, source: 'process.exit(1)' }],
  ]
  const digest = (storage: Storage, run: DigestRun) =>
    new Promise<RunDigests>((resolve, reject) =>
      storage.digest?.(run, { sha1: true, leaves: true }, (error, digests) =>
        error ? reject(error) : resolve(digests),
      ),
    )
  for (const [how, options] of programs) {
    test(`${how}: SHA-1 of the run and its pad, leaves of the run alone`, async () => {
      const { storage, folder } = await open(new WorkThreads(options))
      const bytes = new Uint8Array(400_000)
      new Prng('digest').fill(bytes)
      writeFileSync(join(folder, 'a.bin'), bytes)
      const found = await digest(storage, { file: 0, offset: 70_000, length: 300_001, zeros: 999 })
      const run = bytes.subarray(70_000, 370_001)
      expect(found.sha1).toEqual(sha1(Buffer.concat([run, new Uint8Array(999)])))
      const leaves = Array.from({ length: 19 }, (_, at) =>
        createHash('sha256')
          .update(run.subarray(at * 16_384, (at + 1) * 16_384))
          .digest(),
      )
      expect(found.leaves).toEqual(new Uint8Array(Buffer.concat(leaves)))
    })

    test(`${how}: a file that ends too early, or is not there, is NOT_HERE`, async () => {
      const { storage, folder } = await open(new WorkThreads(options))
      const run = { file: 0, offset: 0, length: 300_001, zeros: 0 }
      await expect(digest(storage, run)).rejects.toMatchObject({ code: 'NOT_HERE', file: 0 })
      writeFileSync(join(folder, 'a.bin'), new Uint8Array(300_000))
      await expect(digest(storage, run)).rejects.toMatchObject({
        name: 'StorageError',
        code: 'NOT_HERE',
        message: expect.stringContaining('300000') as string,
      })
    })
  }

  test('threads that nobody wants any more end, but for one', async () => {
    const { path, remove } = freshFolder()
    cleanups.push(remove)
    writeFileSync(join(path, 'a'), new Uint8Array(1_000_000))
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const threads = new WorkThreads({ threads: 3 })
    const runs = [{ path: join(path, 'a'), offset: 0, length: 1_000_000 }]
    const job = { kind: 'hash', runs, wants: { sha1: true, leaves: false } } as const
    await Promise.all(
      Array.from({ length: 12 }, () => new Promise((told) => threads.run(job, told))),
    )
    expect(threads.count).toBe(3)
    vi.advanceTimersByTime(10_000)
    vi.useRealTimers()
    expect(threads.count).toBe(1)
    await threads.close()
  })
})

describe('[speed] work threads', () => {
  const job = (hasher: ThreadHasher, length: number) => ({
    kind: 'digest' as const,
    algorithm: 'sha1' as const,
    bytes: hasher.allocate(length),
  })

  test('whoever asked to be told of it hears once of each thread that runs', async () => {
    let started = 0
    const threads = new WorkThreads({ threads: 1, started: () => started++ })
    cleanups.push(() => threads.close())
    for (let round = 0; round < 2; round++) {
      await new Promise((resolve) =>
        threads.run({ kind: 'digest', algorithm: 'sha1', bytes: new Uint8Array(1) }, resolve),
      )
      expect(started).toBe(1)
    }
  })

  test('a job takes along its own bytes, not all the memory that they are a view of', async () => {
    const source = `
      const { parentPort } = require('node:worker_threads')
      parentPort.on('message', (jobs) => parentPort.postMessage(jobs.map((job) => ({
        id: job.id, value: [job.bytes, job.sha1].map((view) => view && view.buffer.byteLength),
      }))))
    `
    const threads = new WorkThreads({ threads: 1, source })
    cleanups.push(() => threads.close())
    const hasher = new ThreadHasher({ workThreads: threads })
    const part = new Uint8Array(100_000).subarray(20, 40)
    const shared = hasher.allocate(1_000).subarray(0, 10)
    const lengths = await Promise.all(
      (
        [
          { kind: 'digest', algorithm: 'sha1', bytes: part },
          { kind: 'write', bytes: shared, sha1: part, descriptor: 0, offset: 0 },
        ] as const
      ).map((each) => new Promise((told) => threads.run(each, told))),
    )
    expect(lengths).toMatchObject([{ value: [20, undefined] }, { value: [1_000, 20] }])
  })

  test('jobs of one turn are one message', async () => {
    const threads = new WorkThreads({ threads: 1 })
    const hasher = new ThreadHasher({ workThreads: threads })
    await Promise.all(
      Array.from(
        { length: 20 },
        () => new Promise((resolve) => threads.run(job(hasher, 1000), resolve)),
      ),
    )
    expect(threads.messages).toBe(1)
    await threads.close()
  })

  test('a lane stays with one thread, other jobs go to another', async () => {
    const threads = new WorkThreads({ threads: 2 })
    const hasher = new ThreadHasher({ workThreads: threads })
    const lane: Lane = { thread: undefined, open: 0 }
    const used = new Set<unknown>()
    const all: Promise<unknown>[] = []
    for (let count = 0; count < 12; count++) {
      all.push(new Promise((resolve) => threads.run(job(hasher, 100_000), resolve, lane)))
      used.add(lane.thread)
    }
    expect(used.size).toBe(1)
    expect(threads.count).toBe(1)
    all.push(new Promise((resolve) => threads.run(job(hasher, 100_000), resolve)))
    expect(threads.count).toBe(2)
    await Promise.all(all)
    expect(lane.open).toBe(0)
    await threads.close()
  })
})
