import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Storage } from '@bt/ports'
import { afterEach, describe, expect, test } from 'vitest'
import { nodePorts } from '../src/node-ports.ts'
import { startChild } from './child.ts'
import { freshFolder } from './folder.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

function place(): string {
  const { path, remove } = freshFolder()
  cleanups.push(remove)
  return path
}

describe('nodePorts', () => {
  test('[L07] leaves no timer, socket, descriptor or thread after close, ten times over', async () => {
    const child = startChild('close-everything', [place(), '10'])
    const report = JSON.parse(await child.line('{')) as { before: unknown; after: unknown }
    expect(report.after).toEqual(report.before)
    // And nothing keeps the process alive.
    expect((await child.ended).code).toBe(0)
  })

  test.skipIf(process.platform === 'win32')(
    '[F15] out of descriptors: typed errors, fewer open files, and both disk and listener go on',
    async () => {
      const child = startChild('few-descriptors', [place()], '-n 64')
      const report = JSON.parse(await child.line('{')) as {
        most: number
        failures: string[]
        right: number
        isAccepted: boolean
      }
      expect(report.most).toBeGreaterThan(5)
      expect(report.most).toBeLessThan(64)
      expect(report.failures).toEqual(['OUT_OF_DESCRIPTORS'])
      expect(report).toMatchObject({ right: 20, isAccepted: true })
      expect((await child.ended).code).toBe(0)
    },
  )

  test('opens files below its directory, and creates nothing by itself', async () => {
    const directory = join(place(), 'new', 'downloads')
    const ports = nodePorts({ directory })
    const storage = await new Promise<Storage>((resolve) => {
      ports.storage.open([{ path: ['x'], length: 3 }], (_error, opened) => resolve(opened))
    })
    expect(existsSync(directory)).toBe(false)
    await new Promise<void>((resolve) => storage.write(0, 0, new Uint8Array(3), () => resolve()))
    expect(existsSync(join(directory, 'x'))).toBe(true)
    await ports.close()
    await ports.close()
  })

  test('keeps blobs in .bt, or where it is told', async () => {
    const directory = place()
    for (const [options, expected] of [
      [{ directory }, join(directory, '.bt')],
      [{ directory, keepDirectory: join(directory, 'state') }, join(directory, 'state')],
    ] as const) {
      const ports = nodePorts(options)
      await new Promise<void>((resolve) => ports.keep.save('a', new Uint8Array(1), () => resolve()))
      expect(existsSync(join(expected, 'a.keep'))).toBe(true)
      await ports.close()
    }
  })

  test('hands on the port to listen at and the log', async () => {
    const log = (): void => {}
    const ports = nodePorts({ directory: place(), listenPort: 6881, log })
    expect(ports.listenPort).toBe(6881)
    expect(ports.log).toBe(log)
    await ports.close()
    const plain = nodePorts({ directory: place() })
    expect('listenPort' in plain || 'log' in plain).toBe(false)
    await plain[Symbol.asyncDispose]()
  })

  test('a host that is no address is BAD_ADDRESS', () => {
    for (const host of ['localhost', '', '1.2.3']) {
      expect(() => nodePorts({ directory: 'x', host })).toThrow(
        expect.objectContaining({ name: 'NetworkError', code: 'BAD_ADDRESS' }),
      )
    }
  })
})
