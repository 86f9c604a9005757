// StorageProvider on a SimDisk. An operation takes effect when its time is over, so a crash meets it under way.

import { StorageError } from '@bt/ports'
import type { Done, Storage, StorageFile, StorageProvider } from '@bt/ports'
import { DiskQueue } from './disk-queue.ts'
import type { DiskFacts, DiskJob } from './disk-queue.ts'

export class SimStorageProvider implements StorageProvider {
  readonly #facts: DiskFacts

  constructor(facts: DiskFacts) {
    this.#facts = facts
  }

  open(files: readonly StorageFile[], done: Done<Storage>): void {
    const { life, calls } = this.#facts
    if (!life.alive) return
    const failed = calls.next('open-storage')
    const outside = files.findIndex((file) => !isInside(file.path))
    life.after(0, 'storage', files.length, () => {
      if (failed !== undefined) {
        const code = failed.code ?? 'NO_PERMISSION'
        done(new StorageError(code, 'open was made to fail'), undefined as never)
      } else if (outside >= 0) {
        const path = JSON.stringify(files[outside]?.path)
        const why = `the path of file ${outside}, ${path}, does not stay in the folder`
        done(new StorageError('OUTSIDE_ROOT', why, { file: outside }), undefined as never)
      } else {
        life.open.storages++
        done(undefined, new SimStorage(this.#facts, files))
      }
    })
  }
}

class SimStorage implements Storage {
  readonly #facts: DiskFacts
  readonly #paths: readonly string[]
  readonly #queue: DiskQueue
  #closed = false

  constructor(facts: DiskFacts, files: readonly StorageFile[]) {
    this.#facts = facts
    this.#paths = files.map((file) => file.path.join('/'))
    this.#queue = new DiskQueue(facts)
  }

  read(file: number, offset: number, into: Uint8Array, done: Done): void {
    this.#add(file, into.length, 'read', done, (path) => {
      const there = this.#facts.disk.file(path)
      const end = offset + into.length
      if (there === undefined || there.length < end) {
        const length = there === undefined ? 'is missing' : `has ${there.length} bytes`
        throw new StorageError('NOT_HERE', `${path} ${length}, read to ${end}`, { file })
      }
      there.read(offset, into)
    })
  }

  write(file: number, offset: number, bytes: Uint8Array, done: Done): void {
    const { disk, fabric } = this.#facts
    const write = (path: string, part: Uint8Array): void =>
      disk.write(path, offset, part, this.#facts.wallMs(), file)
    this.#add(
      file,
      bytes.length,
      'write',
      done,
      (path) => write(path, bytes),
      (path) => {
        // Killed in the middle of it: some of it is there.
        const length = fabric.random.below(bytes.length + 1)
        if (disk.capacityBytes === Number.POSITIVE_INFINITY && length > 0)
          write(path, bytes.subarray(0, length))
      },
    )
  }

  stat(
    file: number,
    done: Done<{ readonly length: number; readonly modifiedMs: number } | undefined>,
  ): void {
    this.#add(file, 0, 'stat', done, (path) => {
      const there = this.#facts.disk.file(path)
      return there && { length: there.length, modifiedMs: there.modifiedMs }
    })
  }

  truncate(file: number, length: number, done: Done): void {
    this.#add(file, 0, 'truncate', done, (path) =>
      this.#facts.disk.truncate(path, length, this.#facts.wallMs()),
    )
  }

  sync(files: readonly number[], done: Done): void {
    const paths = files.map((file) => this.#paths[file] as string)
    this.#add(files[0] ?? 0, 0, 'sync', done, () => {
      for (const path of paths) this.#facts.disk.file(path)?.sync()
    })
  }

  remove(file: number, done: Done): void {
    this.#add(file, 0, 'remove', done, (path) => this.#facts.disk.delete(path))
  }

  close(done: Done): void {
    if (!this.#closed) this.#facts.life.open.storages--
    this.#closed = true
    this.#queue.whenIdle(() => done(undefined))
  }

  #add<T>(
    file: number,
    length: number,
    operation: DiskJob<T>['operation'],
    done: Done<T>,
    perform: (path: string) => T,
    halfDone?: (path: string) => void,
  ): void {
    const { life } = this.#facts
    const path = this.#paths[file]
    if (this.#closed || path === undefined) {
      const why = this.#closed ? 'the storage is closed' : `there is no file ${file}`
      const error = new StorageError('NOT_HERE', `${operation}: ${why}`, { file })
      life.after(0, 'storage', 0, () => done(error, undefined as never))
      return
    }
    this.#queue.add({
      operation,
      path,
      file,
      length,
      perform: () => perform(path),
      ...(halfDone === undefined ? {} : { halfDone: () => halfDone(path) }),
      done,
    })
  }
}

function isInside(path: readonly string[]): boolean {
  return (
    path.length > 0 &&
    path.every((name) => name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name))
  )
}
