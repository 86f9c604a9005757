// Keep on a SimDisk: a save is the old generation until its time is over and the new one from then on, never a mix.

import { StorageError } from '@bt/ports'
import type { Done, Keep } from '@bt/ports'
import { DiskQueue } from './disk-queue.ts'
import type { DiskFacts } from './disk-queue.ts'

/** Names are any text of so many characters at most. */
const NAME_LENGTH_MAX = 100

export class SimKeep implements Keep {
  readonly #facts: DiskFacts
  readonly #queue: DiskQueue

  constructor(facts: DiskFacts) {
    this.#facts = facts
    this.#queue = new DiskQueue(facts)
  }

  load(name: string, done: Done<readonly Uint8Array[]>): void {
    if (!this.#isName(name, done)) return
    const perform = (): readonly Uint8Array[] => this.#facts.disk.blobs(name)
    this.#queue.add({ operation: 'load', path: name, length: 0, perform, done })
  }

  save(name: string, bytes: Uint8Array, done: Done): void {
    if (!this.#isName(name, done)) return
    const { disk, fabric } = this.#facts
    const perform = (): void => {
      if (disk.usedBytes + bytes.length > disk.capacityBytes)
        throw new StorageError(
          'DISK_FULL',
          `disk full saving ${name}: ${bytes.length} bytes wanted`,
        )
      disk.save(name, bytes)
    }
    // Killed in the middle of it: the rename has happened, or it has not.
    const halfDone = (): void => {
      if (fabric.random.below(2) === 0) disk.save(name, bytes)
    }
    this.#queue.add({
      operation: 'save',
      path: name,
      length: bytes.length,
      perform,
      halfDone,
      done,
    })
  }

  remove(name: string, done: Done): void {
    if (!this.#isName(name, done)) return
    const perform = (): void => this.#facts.disk.setBlobs(name, [])
    this.#queue.add({ operation: 'forget', path: name, length: 0, perform, done })
  }

  #isName(name: string, done: Done<never>): boolean {
    if (name.length > 0 && name.length <= NAME_LENGTH_MAX) return true
    const why = `a name of ${name.length} characters, 1 to ${NAME_LENGTH_MAX} are allowed`
    const error = new StorageError('OUTSIDE_ROOT', why)
    this.#facts.life.after(0, 'keep', 0, () => done(error, undefined as never))
    return false
  }
}
