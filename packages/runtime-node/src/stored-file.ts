// One file of a storage, with its open descriptors.

import type { PooledFile } from './open-files.ts'
import type { RootFolder } from './root-folder.ts'
import type { Lane } from './work-threads.ts'

export class StoredFile implements PooledFile {
  readonly slots: PooledFile['slots'] = {}
  readonly index: number
  readonly path: readonly string[]
  readonly #root: RootFolder
  readonly lane: Lane = { thread: undefined, open: 0 }
  /** Written since the last sync began. */
  isDirty = false
  /** Why it will not be durable any more. */
  syncFailure: unknown

  constructor(index: number, path: readonly string[], root: RootFolder) {
    this.index = index
    this.path = path
    this.#root = root
  }

  get name(): string {
    return this.path.join('/')
  }

  open(mode: 'read' | 'write'): Promise<number> {
    return this.#root.openFile(this.path, mode)
  }

  closeFailed(error: unknown): void {
    if (this.isDirty) this.syncFailure ??= error
  }
}
