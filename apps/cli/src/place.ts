// Where a download's content and state live: content in DIR/NAME, state in DIR/.NAME.bt, locked while we work on it.

import { rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Metainfo } from '@bt/metainfo'
import type { Done, Keep } from '@bt/ports'
import { FileKeep, type FolderLock, lockFolder, type NodePorts } from '@bt/runtime-node'
import type { Place } from '@bt/swarm'

export class DownloadPlace {
  readonly #folder: string
  readonly #resumeFile: string | undefined
  #state: string | undefined
  #lock: FolderLock | undefined

  /** `resumeFile` only moves the resume data; lock and part file stay beside the content. */
  constructor(folder: string, resumeFile: string | undefined) {
    this.#folder = resolve(folder)
    this.#resumeFile = resumeFile === undefined ? undefined : resolve(resumeFile)
  }

  /** For the swarm, which asks when it knows the name. Errors: StorageError, LOCKED among them. */
  open(ports: NodePorts, metainfo: Metainfo, done: Done<Place>): void {
    const state = join(this.#folder, `.${metainfo.name}.bt`)
    lockFolder(state).then(
      (lock) => {
        this.#lock = lock
        this.#state = state
        const keep =
          this.#resumeFile === undefined ? new FileKeep(state) : oneFile(this.#resumeFile)
        done(undefined, {
          storage: ports.storageIn(this.#folder),
          keep,
          partStorage: ports.storageIn(state),
          partFile: 'parts',
        })
      },
      (error: Error) => done(error, undefined as never),
    )
  }

  /** Gives the lock back; `finished`: nothing is left to resume, the state goes away. */
  async close(finished: boolean): Promise<void> {
    if (finished) await this.#removeState()
    await this.#lock?.release()
  }

  /** While we still hold the lock: another bt must not find half of it. */
  async #removeState(): Promise<void> {
    const resumeFile = this.#resumeFile
    if (this.#state === undefined) return
    await rm(this.#state, { recursive: true, force: true })
    if (resumeFile !== undefined)
      await new Promise<void>((resolve) => oneFile(resumeFile).remove('', () => resolve()))
  }
}

/** A Keep whose every name is one file. */
function oneFile(path: string): Keep {
  const keep = new FileKeep(dirname(path))
  const name = basename(path)
  return {
    load: (_name, done) => keep.load(name, done),
    save: (_name, bytes, done) => keep.save(name, bytes, done),
    remove: (_name, done) => keep.remove(name, done),
  }
}
