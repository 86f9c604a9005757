// Operations on a disk, one behind the other: when each is done, and whether it fails.

import { StorageError } from '@bt/ports'
import type { Done, StorageErrorCode } from '@bt/ports'
import type { Fabric } from './fabric.ts'
import { chance } from './faults.ts'
import type { PortCalls } from './faults.ts'
import type { Life, Mortal } from './life.ts'
import type { DiskOperation, SimDisk } from './sim-disk.ts'

export interface DiskFacts {
  readonly fabric: Fabric
  readonly disk: SimDisk
  readonly life: Life
  readonly calls: PortCalls
  /** Wall clock of the host. */
  wallMs(): number
}

export interface DiskJob<T> {
  readonly operation: DiskOperation
  /** File or blob. */
  readonly path: string
  /** Number of the file, for the error. */
  readonly file?: number
  /** How many bytes move. */
  readonly length: number
  /** Takes effect when the time is over; a throw is the answer. */
  readonly perform: () => T
  /** The process died before: what it may have done. */
  readonly halfDone?: () => void
  readonly done: Done<T>
}

const READS: ReadonlySet<DiskOperation> = new Set(['read', 'stat', 'load'])

export class DiskQueue implements Mortal {
  readonly #facts: DiskFacts
  readonly #pending = new Set<Pick<DiskJob<void>, 'halfDone'>>()
  readonly #idle: (() => void)[] = []

  constructor(facts: DiskFacts) {
    this.#facts = facts
    facts.life.mortals.add(this)
  }

  /** Does it in its turn. */
  add<T>(job: DiskJob<T>): void {
    const { disk, life, calls } = this.#facts
    if (!life.alive) return
    const failed = calls.next(job.operation)
    const now = life.simulation.nowUs
    const syncs = job.operation === 'sync' || job.operation === 'save'
    const ms = disk.operationMs + (syncs ? disk.syncMs : 0)
    const us = Math.ceil(ms * 1000) + Math.ceil((job.length * 1_000_000) / disk.bytesPerSecond)
    disk.freeUs = Math.max(now, disk.freeUs) + us
    this.#pending.add(job)
    const kind = job.operation === 'load' || job.operation === 'save' ? 'keep' : 'storage'
    life.after(disk.freeUs - now, kind, job.length, () => {
      this.#pending.delete(job)
      const code = failed === undefined ? this.#failing(job) : (failed.code ?? plainCode(job))
      this.#answer(job, code)
      if (this.#pending.size === 0) for (const idle of this.#idle.splice(0)) idle()
    })
  }

  /** Runs `then` when nothing is under way, in an event of its own. */
  whenIdle(then: () => void): void {
    if (this.#pending.size > 0) this.#idle.push(then)
    else this.#facts.life.after(0, 'storage', 0, then)
  }

  crashed(): void {
    for (const job of this.#pending) job.halfDone?.()
    this.#pending.clear()
  }

  #failing(job: {
    readonly operation: DiskOperation
    readonly path: string
  }): StorageErrorCode | undefined {
    const { disk, fabric } = this.#facts
    const code = disk.failing(job.operation, job.path)
    if (code !== undefined) return code
    return chance(fabric.random, fabric.faults.diskError) ? plainCode(job) : undefined
  }

  #answer<T>(job: DiskJob<T>, code: StorageErrorCode | undefined): void {
    let value: T
    try {
      if (code !== undefined) {
        const facts = job.file === undefined ? {} : { file: job.file }
        throw new StorageError(code, `${job.operation} of ${job.path} failed: ${code}`, facts)
      }
      value = job.perform()
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      job.done(error, undefined as never)
      return
    }
    job.done(undefined, value)
  }
}

function plainCode(job: { readonly operation: DiskOperation }): StorageErrorCode {
  return READS.has(job.operation) ? 'READ_FAILED' : 'WRITE_FAILED'
}
