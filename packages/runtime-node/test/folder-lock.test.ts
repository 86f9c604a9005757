import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { lockFolder } from '../src/folder-lock.ts'
import { startChild } from './child.ts'
import { freshFolder } from './folder.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

function place(): string {
  const { path, remove } = freshFolder()
  cleanups.push(remove)
  return join(path, '.name.bt')
}

describe('[F14] a locked folder', () => {
  test('is LOCKED for the same process until it is released', async () => {
    const path = place()
    const lock = await lockFolder(path)
    await expect(lockFolder(path)).rejects.toMatchObject({ name: 'StorageError', code: 'LOCKED' })
    await lock.release()
    await lock.release()
    const again = await lockFolder(path)
    await again.release()
    expect(existsSync(join(path, 'lock'))).toBe(false)
  })

  test('of another living process is LOCKED, with its number; after kill -9 it is free', async () => {
    const path = place()
    const other = startChild('hold-lock', [path, 'stay'])
    await other.line('held')
    const failure = await lockFolder(path).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'LOCKED' })
    expect(String(failure)).toContain(`process ${other.process.pid}`)
    other.process.kill('SIGKILL')
    await other.ended
    expect(existsSync(join(path, 'lock'))).toBe(true)
    const lock = await lockFolder(path)
    expect(JSON.parse(readFileSync(join(path, 'lock'), 'utf8'))).toMatchObject({ pid: process.pid })
    await lock.release()
  })

  test('of twenty that try at once exactly one has it', async () => {
    const path = place()
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(path)))
    const won = outcomes.filter((outcome) => outcome.status === 'fulfilled')
    expect(won.length).toBe(1)
    await won[0]?.value.release()
  })

  test('whose file is torn, empty, or of a process that is gone, is free', async () => {
    for (const content of [
      '',
      '{',
      '[]',
      'null',
      '{"pid":-1}',
      '{"pid":999999999,"started":"1","space":""}',
    ]) {
      const path = place()
      await (await lockFolder(path)).release()
      writeFileSync(join(path, 'lock'), content)
      await (await lockFolder(path)).release()
    }
  })

  test('of a process that got the number of a dead one is free', async () => {
    const path = place()
    const lock = await lockFolder(path)
    const own = JSON.parse(readFileSync(join(path, 'lock'), 'utf8')) as { space: string }
    await lock.release()
    writeFileSync(
      join(path, 'lock'),
      JSON.stringify({ pid: 1, started: 'another time', space: own.space }),
    )
    await (await lockFolder(path)).release()
  })

  test('does not keep a process alive', async () => {
    const path = place()
    expect((await startChild('hold-lock', [path]).ended).code).toBe(0)
  })
})
