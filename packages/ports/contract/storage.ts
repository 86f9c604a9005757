// What every StorageProvider does: bytes stay where they were written, holes read as zeros, errors are typed.

import { Prng } from '@bt/primitives'
import type { Storage, StorageFile, StorageProvider } from '../src/index.ts'
import { StorageError } from '../src/index.ts'
import {
  type Check,
  checkIn,
  equal,
  sameBytes,
  type Setup,
  that,
  type Witness,
  type World,
} from './check.ts'
import { content } from './content.ts'

export interface StorageParts {
  readonly provider: StorageProvider
  /** Another provider of the same place, as after a restart in good order. */
  reopen(): Promise<StorageProvider>
}

const GIB = 2 ** 30
const FILES: readonly StorageFile[] = [
  { path: ['one.bin'], length: 100_000 },
  { path: ['folder', 'two.bin'], length: 50_000 },
  { path: ['folder', 'deeper', 'three.bin'], length: 5 * GIB },
  { path: ['empty.bin'], length: 0 },
]

/** The suite for `StorageProvider` and `Storage`. */
export function storageContract(setup: Setup<StorageParts>): Check[] {
  const storageCheck = (
    name: string,
    body: (storage: Storage, witness: Witness, world: World & StorageParts) => Promise<void>,
  ): Check =>
    checkIn(name, setup, async (world, witness) => {
      const storage = await openAt(witness, world.provider)
      await body(storage, witness, world)
      await witness.ask('close', (done) => storage.close(done))
    })
  return [
    storageCheck('opening creates nothing', async (storage, witness) => {
      for (let file = 0; file < FILES.length; file++) {
        equal(await statOf(witness, storage, file), undefined, `stat of file ${file}`)
      }
    }),
    storageCheck('what was written is read, by range', async (storage, witness) => {
      const bytes = content(1, 0, 100_000)
      await write(witness, storage, 0, 0, bytes)
      for (const [offset, length] of [
        [0, 100_000],
        [1, 1],
        [99_999, 1],
        [12_345, 16_384],
        [500, 0],
      ] as const) {
        const into = new Uint8Array(length + 2).fill(0xaa)
        await read(witness, storage, 0, offset, into.subarray(1, 1 + length))
        sameBytes(
          into.slice(1, 1 + length),
          bytes.slice(offset, offset + length),
          `${length} at ${offset}`,
        )
        that(into[0] === 0xaa && into[length + 1] === 0xaa, 'the memory beside is as it was')
      }
    }),
    storageCheck('files do not mix', async (storage, witness) => {
      await write(witness, storage, 0, 0, content(1, 0, 1000))
      await write(witness, storage, 1, 0, content(2, 0, 1000))
      sameBytes(await readBack(witness, storage, 0, 0, 1000), content(1, 0, 1000), 'file 0')
      sameBytes(await readBack(witness, storage, 1, 0, 1000), content(2, 0, 1000), 'file 1')
    }),
    storageCheck(
      'a later write replaces an earlier one, and only its range',
      async (storage, witness) => {
        await write(witness, storage, 0, 0, content(1, 0, 3000))
        await write(witness, storage, 0, 1000, content(2, 0, 1000))
        const expected = content(1, 0, 3000)
        expected.set(content(2, 0, 1000), 1000)
        sameBytes(await readBack(witness, storage, 0, 0, 3000), expected, 'the file')
      },
    ),
    storageCheck(
      'a missing file and one that is too short are NOT_HERE',
      async (storage, witness) => {
        const into = new Uint8Array(100)
        const missing = await witness.fails(
          'missing',
          (done) => storage.read(1, 0, into, done),
          'NOT_HERE',
        )
        that(missing instanceof StorageError, 'the error is a StorageError')
        equal((missing as StorageError).file, 1, 'file of the error')
        await write(witness, storage, 1, 0, content(1, 0, 50))
        await witness.fails('short', (done) => storage.read(1, 0, into, done), 'NOT_HERE')
        await witness.fails('beyond', (done) => storage.read(1, 5000, into, done), 'NOT_HERE')
      },
    ),
    storageCheck('holes are zeros', async (storage, witness) => {
      await write(witness, storage, 0, 70_000, content(1, 0, 10))
      const bytes = await readBack(witness, storage, 0, 0, 70_010)
      that(
        bytes.subarray(0, 70_000).every((byte) => byte === 0),
        '70,000 zeros',
      )
      sameBytes(bytes.slice(70_000), content(1, 0, 10), 'what was written')
      equal((await statOf(witness, storage, 0))?.length, 70_010, 'length')
    }),
    storageCheck('offsets beyond 4 GiB are exact', async (storage, witness) => {
      const far = [2 ** 31 - 3, 2 ** 32 - 3, 4 * GIB + 7, 5 * GIB - 16]
      for (const [index, offset] of far.entries()) {
        await write(witness, storage, 2, offset, content(index, 0, 8))
      }
      for (const [index, offset] of far.entries()) {
        sameBytes(
          await readBack(witness, storage, 2, offset, 8),
          content(index, 0, 8),
          `at ${offset}`,
        )
      }
      that(
        (await readBack(witness, storage, 2, 0, 64)).every((byte) => byte === 0),
        'the start is empty',
      )
      equal((await statOf(witness, storage, 2))?.length, 5 * GIB - 8, 'length')
    }),
    storageCheck('stat tells length and time', async (storage, witness) => {
      await write(witness, storage, 0, 0, content(1, 0, 777))
      const stat = await statOf(witness, storage, 0)
      equal(stat?.length, 777, 'length')
      that(Number.isFinite(stat?.modifiedMs) && (stat?.modifiedMs as number) >= 0, 'a time')
      equal(
        (await statOf(witness, storage, 0))?.modifiedMs,
        stat?.modifiedMs,
        'time of a file at rest',
      )
    }),
    storageCheck('truncate makes a file of exactly that length', async (storage, witness) => {
      await witness.ask('truncate', (done) => storage.truncate(3, 0, done))
      equal((await statOf(witness, storage, 3))?.length, 0, 'an empty file')
      await write(witness, storage, 0, 0, content(1, 0, 1000))
      await witness.ask('shorter', (done) => storage.truncate(0, 400, done))
      equal((await statOf(witness, storage, 0))?.length, 400, 'shorter')
      await witness.ask('longer', (done) => storage.truncate(0, 900, done))
      const expected = new Uint8Array(900)
      expected.set(content(1, 0, 400))
      sameBytes(
        await readBack(witness, storage, 0, 0, 900),
        expected,
        'cut, then made longer with zeros',
      )
      await witness.ask('huge', (done) => storage.truncate(2, 5 * GIB, done))
      equal((await statOf(witness, storage, 2))?.length, 5 * GIB, '5 GiB')
    }),
    storageCheck(
      'many operations at once do not disturb each other',
      async (storage, witness, world) => {
        const random = new Prng('storage contract')
        let open = 0
        let failure: Error | undefined
        const order = random.shuffle(Array.from({ length: 64 }, (_, index) => index))
        const finish = witness.complain.bind(witness)
        const each = (
          what: string,
          call: (done: (error: Error | undefined) => void) => void,
        ): void => {
          open++
          let answered = false
          call((error) => {
            if (answered) finish(`${what}: done came twice`)
            answered = true
            failure ??= error
            open--
          })
        }
        for (const index of order) {
          const bytes = content(index, 0, 1500)
          each('write', (done) => storage.write(index % 2, (index >> 1) * 1500, bytes, done))
        }
        await world.until(() => open === 0, '64 writes')
        const back = order.map((index) => ({ index, into: new Uint8Array(1500) }))
        for (const { index, into } of back) {
          each('read', (done) => storage.read(index % 2, (index >> 1) * 1500, into, done))
        }
        await world.until(() => open === 0, '64 reads')
        equal(failure, undefined, 'error')
        for (const { index, into } of back)
          sameBytes(into, content(index, 0, 1500), `block ${index}`)
      },
    ),
    storageCheck(
      'sync answers for written, unwritten and repeated files',
      async (storage, witness) => {
        await witness.ask('nothing', (done) => storage.sync([], done))
        await witness.ask('unwritten', (done) => storage.sync([0, 1], done))
        await write(witness, storage, 1, 0, content(1, 0, 10))
        await witness.ask('written', (done) => storage.sync([0, 1, 1], done))
      },
    ),
    storageCheck(
      'remove takes the file away; a missing one is no error',
      async (storage, witness) => {
        await write(witness, storage, 1, 0, content(1, 0, 10))
        await witness.ask('remove', (done) => storage.remove(1, done))
        equal(await statOf(witness, storage, 1), undefined, 'stat')
        await witness.fails(
          'read',
          (done) => storage.read(1, 0, new Uint8Array(1), done),
          'NOT_HERE',
        )
        await witness.ask('again', (done) => storage.remove(1, done))
        await write(witness, storage, 1, 2, content(3, 0, 10))
        const expected = new Uint8Array(12)
        expected.set(content(3, 0, 10), 2)
        sameBytes(
          await readBack(witness, storage, 1, 0, 12),
          expected,
          'a new file, nothing of the old one',
        )
      },
    ),
    checkIn('after close and reopen everything is there', setup, async (world, witness) => {
      const before = await openAt(witness, world.provider)
      await write(witness, before, 2, 4 * GIB, content(5, 0, 20_000))
      await write(witness, before, 0, 10, content(6, 0, 20_000))
      await witness.ask('close', (done) => before.close(done))
      const after = await openAt(witness, await world.reopen())
      sameBytes(await readBack(witness, after, 2, 4 * GIB, 20_000), content(5, 0, 20_000), 'file 2')
      sameBytes(await readBack(witness, after, 0, 10, 20_000), content(6, 0, 20_000), 'file 0')
      equal(await statOf(witness, after, 1), undefined, 'file 1')
      await witness.ask('close', (done) => after.close(done))
    }),
    checkIn(
      'close waits for what is under way; later calls are errors',
      setup,
      async (world, witness) => {
        const storage = await openAt(witness, world.provider)
        let written = 0
        for (let block = 0; block < 20; block++) {
          storage.write(0, block * 5000, content(1, block * 5000, 5000), (error) => {
            if (error !== undefined) witness.complain(`write: ${error.message}`)
            written++
          })
        }
        await witness.ask('close', (done) => storage.close(done))
        equal(written, 20, 'writes done before close')
        await witness.fails('read', (done) => storage.read(0, 0, new Uint8Array(1), done))
        await witness.fails('write', (done) => storage.write(0, 0, new Uint8Array(1), done))
        await witness.fails('sync', (done) => storage.sync([0], done))
        const after = await openAt(witness, await world.reopen())
        sameBytes(await readBack(witness, after, 0, 0, 100_000), content(1, 0, 100_000), 'the file')
        await witness.ask('close', (done) => after.close(done))
      },
    ),
    checkIn('hundreds of files are written and read', setup, async (world, witness) => {
      const files = Array.from({ length: 400 }, (_, index) => ({
        path: [`folder ${index % 7}`, `file ${index}`],
        length: 100,
      }))
      const storage = await openAt(witness, world.provider, files)
      let open = files.length
      for (const index of files.keys()) {
        storage.write(index, 0, content(index, 0, 100), (error) => {
          if (error !== undefined) witness.complain(`write ${index}: ${error.message}`)
          open--
        })
      }
      await world.until(() => open === 0, '400 writes')
      for (const index of files.keys()) {
        sameBytes(
          await readBack(witness, storage, index, 0, 100),
          content(index, 0, 100),
          `file ${index}`,
        )
      }
      await witness.ask('close', (done) => storage.close(done))
    }),
    checkIn('a path that leaves the root is OUTSIDE_ROOT', setup, async ({ provider }, witness) => {
      for (const path of [
        ['..', 'x'],
        ['a', '..', '..', 'x'],
        ['.'],
        [''],
        [],
        ['a/b'],
        ['a\0b'],
      ]) {
        await witness.fails(
          JSON.stringify(path),
          (done) => provider.open([{ path, length: 1 }], done),
          'OUTSIDE_ROOT',
        )
      }
    }),
  ]
}

export function openAt(
  witness: Witness,
  provider: StorageProvider,
  files: readonly StorageFile[] = FILES,
): Promise<Storage> {
  return witness.ask('open', (done) => provider.open(files, done))
}

export function write(
  witness: Witness,
  storage: Storage,
  file: number,
  offset: number,
  bytes: Uint8Array,
): Promise<void> {
  return witness.ask(`write at ${offset}`, (done) => storage.write(file, offset, bytes, done))
}

function read(
  witness: Witness,
  storage: Storage,
  file: number,
  offset: number,
  into: Uint8Array,
): Promise<void> {
  return witness.ask(`read at ${offset}`, (done) => storage.read(file, offset, into, done))
}

export async function readBack(
  witness: Witness,
  storage: Storage,
  file: number,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const into = new Uint8Array(length).fill(0xee)
  await read(witness, storage, file, offset, into)
  return into
}

function statOf(
  witness: Witness,
  storage: Storage,
  file: number,
): Promise<{ readonly length: number; readonly modifiedMs: number } | undefined> {
  return witness.ask('stat', (done) => storage.stat(file, done))
}
