import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keepContract } from '@bt/ports/contract'
import { afterEach, describe, expect, test } from 'vitest'
import type { DiskCalls } from '../src/disk-calls.ts'
import { FileKeep } from '../src/file-keep.ts'
import { FailingCalls } from './failing-calls.ts'
import { freshFolder } from './folder.ts'
import { realWorld } from './real-world.ts'

describe('file keep keeps the contract of Keep', () => {
  const setup = async () => {
    const folder = freshFolder()
    const directory = join(folder.path, 'a', 'state')
    return {
      keep: new FileKeep(directory),
      reopen: async () => new FileKeep(directory),
      ...realWorld(() => folder.remove()),
    }
  }
  for (const check of keepContract(setup)) test(check.name, () => check.run())
})

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

function place(): string {
  const { path, remove } = freshFolder()
  cleanups.push(remove)
  return join(path, 'state')
}

const save = (keep: FileKeep, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    keep.save('resume', bytes, (error) => (error ? reject(error) : resolve()))
  })
const load = (keep: FileKeep): Promise<readonly Uint8Array[]> =>
  new Promise((resolve, reject) => {
    keep.load('resume', (error, found) => (error ? reject(error) : resolve(found)))
  })

describe('file keep', () => {
  test('[F08] a save that dies at any call leaves a whole generation, the last one or the one before', async () => {
    const steps = ['makeFolders', 'open', 'write', 'sync', 'rename'] as const
    for (const step of steps) {
      for (const code of ['ENOSPC', 'EIO', 'EACCES']) {
        const directory = place()
        const failing = new FailingCalls()
        const keep = new FileKeep(directory, failing.calls)
        await save(keep, Uint8Array.of(1))
        await save(keep, Uint8Array.of(2))
        failing.fail(step, code)
        await expect(save(keep, Uint8Array.of(3))).rejects.toMatchObject({ name: 'StorageError' })
        const found = await load(new FileKeep(directory))
        expect([...(found[0] as Uint8Array)]).toEqual([2])
        await save(keep, Uint8Array.of(4))
        expect([...((await load(keep))[0] as Uint8Array)]).toEqual([4])
      }
    }
  })

  test('[F08] killed between the two renames, the old generation is loaded', async () => {
    const directory = place()
    const failing = new FailingCalls()
    const { rename } = failing.calls
    let renames = 0
    const calls = {
      ...failing.calls,
      rename: async (from: string, to: string) => {
        if (++renames === 3) throw Object.assign(new Error('killed'), { code: 'EIO' })
        await rename(from, to)
      },
    }
    const keep = new FileKeep(directory, calls)
    await save(keep, Uint8Array.of(1))
    await save(keep, Uint8Array.of(2)).catch(() => {})
    expect(renames).toBe(3)
    const found = await load(new FileKeep(directory))
    expect(found.map((bytes) => [...bytes])).toEqual([[1]])
  })

  test('[F08] a half-written new file is not loaded', async () => {
    const directory = place()
    const keep = new FileKeep(directory)
    await save(keep, Uint8Array.of(1))
    writeFileSync(join(directory, 'resume.keep.new'), 'half')
    expect((await load(keep)).map((bytes) => [...bytes])).toEqual([[1]])
    await save(keep, Uint8Array.of(2))
    expect(readdirSync(directory).sort()).toEqual(['resume.keep', 'resume.keep.old'])
  })

  test('the content is synced before the rename, the folder after it', async () => {
    const order: string[] = []
    const failing = new FailingCalls()
    const calls: { -readonly [Name in keyof DiskCalls]: DiskCalls[Name] } = { ...failing.calls }
    for (const name of ['write', 'sync', 'rename'] as const) {
      const call = calls[name] as (...values: unknown[]) => Promise<never>
      calls[name] = (...values: unknown[]) => {
        order.push(name)
        return call(...values)
      }
    }
    await save(new FileKeep(place(), calls), Uint8Array.of(1))
    expect(order).toEqual(['write', 'sync', 'rename', 'rename', 'sync'])
  })

  test('[F05] partial writes are completed', async () => {
    const failing = new FailingCalls()
    failing.partLength = 3
    const keep = new FileKeep(place(), failing.calls)
    const bytes = Uint8Array.from({ length: 50 }, (_, index) => index)
    await save(keep, bytes)
    expect((await load(keep))[0]).toEqual(bytes)
  })

  test('a folder in the place of a blob is a typed error', async () => {
    const directory = place()
    mkdirSync(join(directory, 'resume.keep'), { recursive: true })
    await expect(load(new FileKeep(directory))).rejects.toMatchObject({ code: 'READ_FAILED' })
  })

  test('loading makes no folder', async () => {
    const directory = place()
    await load(new FileKeep(directory))
    expect(existsSync(directory)).toBe(false)
  })
})
