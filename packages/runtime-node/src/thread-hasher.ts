// Digests: small ones at once, large ones in threads that read the same memory.
//
// 64 KiB of SHA-1 cost some 35 µs, about what handing a job to a thread and back costs. What no thread did is done here.
// An answer that was computed at once still comes later, from a queue that is emptied before the next I/O.

import { createHash } from 'node:crypto'
import { invariant } from '@bt/primitives'
import type { Done, Hasher } from '@bt/ports'
import { type ThreadJob, WorkThreads, type WorkThreadsOptions } from './work-threads.ts'

/** Up to this length a digest is computed at once. */
export const INLINE_LENGTH_MAX = 64 * 1024

const { fill } = Buffer.prototype

type HashJob = Exclude<ThreadJob, { readonly kind: 'write' | 'hash' }>

export interface ThreadHasherOptions extends WorkThreadsOptions {
  /** Threads that others use too; who made them closes them. Default: its own. */
  readonly workThreads?: WorkThreads
}

export class ThreadHasher implements Hasher {
  readonly #threads: WorkThreads
  readonly #ownsThreads: boolean
  readonly #answered: (() => void)[] = []

  constructor(options: ThreadHasherOptions = {}) {
    this.#ownsThreads = options.workThreads === undefined
    this.#threads = options.workThreads ?? new WorkThreads(options)
  }

  /** Threads that run now. */
  get threadCount(): number {
    return this.#threads.count
  }

  allocate(length: number): Uint8Array {
    return new Uint8Array(new SharedArrayBuffer(length))
  }

  /** `fill` of a Buffer is a memcpy for shared memory too, where `set` takes three times as long (npm run bench -- copy). */
  copy(bytes: Uint8Array, into: Uint8Array, at: number): void {
    if (bytes.length > 0) fill.call(into as Buffer, bytes, at, at + bytes.length)
  }

  digest(algorithm: 'sha1' | 'sha256', bytes: Uint8Array, done: Done<Uint8Array>): void {
    this.#take({ kind: 'digest', algorithm, bytes }, done)
  }

  leaves(bytes: Uint8Array, leafLength: number, done: Done<Uint8Array>): void {
    invariant(Number.isInteger(leafLength) && leafLength > 0, 'a leaf has a length')
    this.#take({ kind: 'leaves', bytes, leafLength }, done)
  }

  /** Ends its own threads; what they had not done is done here. Later calls are answered inline. */
  async close(): Promise<void> {
    if (this.#ownsThreads) await this.#threads.close()
  }

  #take(job: HashJob, done: Done<Uint8Array>): void {
    const isGiven =
      job.bytes.length > INLINE_LENGTH_MAX &&
      this.#threads.run(job, ({ value }) => {
        if (value instanceof Uint8Array) done(undefined, value)
        else this.#doHere(job, done)
      })
    if (!isGiven) this.#doHere(job, done)
  }

  #doHere(job: HashJob, done: Done<Uint8Array>): void {
    const digest =
      job.kind === 'digest'
        ? plainDigest(job.algorithm, job.bytes)
        : leafDigests(job.bytes, job.leafLength)
    if (this.#answered.push(() => done(undefined, digest)) > 1) return
    process.nextTick(() => this.#emptyQueue())
  }

  #emptyQueue(): void {
    const batch = this.#answered.splice(0)
    for (let index = 0; index < batch.length; index++) {
      try {
        batch[index]?.()
      } catch (error) {
        // The others are answered all the same, before this one's error is seen as uncaught.
        if (this.#answered.length === 0) process.nextTick(() => this.#emptyQueue())
        this.#answered.unshift(...batch.slice(index + 1))
        throw error
      }
    }
  }
}

export function plainDigest(algorithm: string, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(algorithm).update(bytes).digest())
}

function leafDigests(bytes: Uint8Array, leafLength: number): Uint8Array {
  const leaves = new Uint8Array(Math.ceil(bytes.length / leafLength) * 32)
  for (let at = 0, leaf = 0; at < bytes.length; at += leafLength, leaf += 32) {
    const part = bytes.subarray(at, at + leafLength)
    leaves.set(createHash('sha256').update(part).digest(), leaf)
  }
  return leaves
}
