// What every StorageProvider does when its medium fails: a typed error that names the file, and life goes on.

import type { StorageErrorCode } from '../src/index.ts'
import { StorageError } from '../src/index.ts'
import { type Check, checkIn, equal, sameBytes, type Setup, that } from './check.ts'
import { content } from './content.ts'
import { openAt, readBack, type StorageParts, write } from './storage.ts'

export interface StorageFaultParts extends StorageParts {
  /** The next such operation on the medium fails, as `code`. */
  failNext(operation: 'read' | 'write' | 'sync', code: StorageErrorCode): void
}

/** The suite for a `StorageProvider` that can be made to fail. */
export function storageFaultContract(setup: Setup<StorageFaultParts>): Check[] {
  const cases = [
    ['write', 'DISK_FULL'],
    ['write', 'NO_PERMISSION'],
    ['write', 'WRITE_FAILED'],
    ['read', 'READ_FAILED'],
    ['sync', 'DISK_FULL'],
  ] as const
  return cases.map(([operation, code]) =>
    checkIn(
      `a failed ${operation} is ${code}, names the file, and the next one works`,
      setup,
      async (world, witness) => {
        const storage = await openAt(witness, world.provider)
        await write(witness, storage, 0, 0, content(1, 0, 1000))
        world.failNext(operation, code)
        const error = await witness.fails<unknown>(
          operation,
          (done) => {
            const answered = (failure: Error | undefined): void => done(failure, undefined)
            if (operation === 'write') storage.write(0, 0, content(1, 0, 1000), answered)
            else if (operation === 'read') storage.read(0, 0, new Uint8Array(1000), answered)
            else storage.sync([0], answered)
          },
          code,
        )
        that(error instanceof StorageError, 'the error is a StorageError')
        equal((error as StorageError).file, 0, 'file of the error')
        await write(witness, storage, 0, 0, content(1, 0, 1000))
        const bytes = await readBack(witness, storage, 0, 0, 1000)
        sameBytes(bytes, content(1, 0, 1000), 'afterwards')
        await witness.ask('close', (done) => storage.close(done))
      },
    ),
  )
}
