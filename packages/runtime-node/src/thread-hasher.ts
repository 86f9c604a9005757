// Digests: small ones at once, large ones in threads that read the same memory.
//
// 64 KiB of SHA-1 cost some 35 µs, about what handing a job to a thread and back costs. Threads start when they are
// first needed (a command that hashes nothing starts none), keep no process alive, and are replaceable: the jobs of
// one that dies are done here. An answer that was computed at once still comes later, from a queue that is emptied
// before the next I/O.

import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { invariant } from '@bt/primitives'
import type { Done, Hasher, Log } from '@bt/ports'
import { HASH_WORKER_SOURCE } from './hash-worker.ts'

/** Up to this length a digest is computed at once. */
export const INLINE_LENGTH_MAX = 64 * 1024
/** More threads hash faster than any disk or network delivers. */
const THREADS_MAX = 4
/** Jobs a thread has at hand, so that it need not wait for us between two. */
const JOBS_PER_THREAD = 2
/** After this many deaths no thread is started again: something kills them, and hashing here always works. */
const DEATHS_MAX = 3

interface Job {
  readonly algorithm: 'sha1' | 'sha256'
  readonly bytes: Uint8Array
  /** 0: one digest of all. */
  readonly leafLength: number
  readonly done: Done<Uint8Array>
}

interface Thread {
  readonly worker: Worker
  readonly jobs: Map<number, Job>
}

interface Answer {
  readonly id: number
  readonly digest?: Uint8Array
  readonly failure?: string
}

export interface ThreadHasherOptions {
  /** At most this many threads; 0: everything is hashed at once. Default: one per core, at most 4. */
  readonly threads?: number
  /** Replaces the program of the threads: for tests of their death. */
  readonly source?: string
  readonly log?: Log
}

export class ThreadHasher implements Hasher {
  readonly #threadsMax: number
  readonly #source: string
  readonly #log: Log | undefined
  readonly #threads = new Set<Thread>()
  readonly #waiting: Job[] = []
  readonly #answered: (() => void)[] = []
  #nextId = 0
  #deaths = 0
  #isClosed = false

  constructor(options: ThreadHasherOptions = {}) {
    this.#threadsMax = options.threads ?? Math.min(availableParallelism(), THREADS_MAX)
    this.#source = options.source ?? HASH_WORKER_SOURCE
    this.#log = options.log
  }

  /** Threads that run now. */
  get threadCount(): number {
    return this.#threads.size
  }

  allocate(length: number): Uint8Array {
    return new Uint8Array(new SharedArrayBuffer(length))
  }

  digest(algorithm: 'sha1' | 'sha256', bytes: Uint8Array, done: Done<Uint8Array>): void {
    this.#take({ algorithm, bytes, leafLength: 0, done })
  }

  leaves(bytes: Uint8Array, leafLength: number, done: Done<Uint8Array>): void {
    invariant(Number.isInteger(leafLength) && leafLength > 0, 'a leaf has a length')
    this.#take({ algorithm: 'sha256', bytes, leafLength, done })
  }

  /** Ends the threads; what they had not done is done here. Later calls are answered inline. */
  async close(): Promise<void> {
    this.#isClosed = true
    const threads = [...this.#threads]
    for (const thread of threads) this.#abandon(thread)
    for (const job of this.#waiting.splice(0)) this.#doHere(job)
    await Promise.all(threads.map(({ worker }) => worker.terminate()))
  }

  #take(job: Job): void {
    const isSmall = job.bytes.length <= INLINE_LENGTH_MAX
    if (isSmall || this.#threadsMax === 0 || this.#isClosed || this.#deaths >= DEATHS_MAX) {
      this.#doHere(job)
      return
    }
    this.#waiting.push(job)
    this.#handOut()
  }

  #handOut(): void {
    while (this.#waiting.length > 0) {
      const thread = this.#freeThread()
      if (thread === undefined) {
        if (this.#threads.size === 0) for (const job of this.#waiting.splice(0)) this.#doHere(job)
        return
      }
      const job = this.#waiting.shift() as Job
      const id = this.#nextId++
      if (thread.jobs.size === 0) thread.worker.ref()
      thread.jobs.set(id, job)
      const { algorithm, bytes, leafLength } = job
      thread.worker.postMessage({ id, algorithm, bytes, leafLength }, [])
    }
  }

  /** The one with least to do; a new one while all are busy and there may be more. */
  #freeThread(): Thread | undefined {
    let best: Thread | undefined
    for (const thread of this.#threads) {
      if (best === undefined || thread.jobs.size < best.jobs.size) best = thread
    }
    if (best !== undefined && best.jobs.size === 0) return best
    if (this.#threads.size < this.#threadsMax) return this.#startThread()
    return best !== undefined && best.jobs.size < JOBS_PER_THREAD ? best : undefined
  }

  #startThread(): Thread | undefined {
    let worker: Worker
    try {
      worker = new Worker(this.#source, {
        eval: true,
        // Loaders and flags of the main thread are nothing to it, and would slow its start.
        execArgv: [],
        env: {},
        name: 'bt-hasher',
      })
    } catch (error) {
      // No thread to be had: the caller's job waits for one that runs, or is done here.
      this.#deaths = DEATHS_MAX
      this.#log?.('warn', 'hasher.no-threads', { error })
      return undefined
    }
    const thread: Thread = { worker, jobs: new Map() }
    this.#threads.add(thread)
    worker.unref()
    worker.on('message', (answer: Answer) => this.#answer(thread, answer))
    worker.on('error', (error) => this.#died(thread, error))
    worker.on('exit', (code) => this.#died(thread, new Error(`the thread ended with ${code}`)))
    return thread
  }

  #answer(thread: Thread, answer: Answer): void {
    const job = thread.jobs.get(answer.id)
    if (job === undefined) return
    thread.jobs.delete(answer.id)
    if (thread.jobs.size === 0) thread.worker.unref()
    this.#handOut()
    if (answer.digest !== undefined) job.done(undefined, answer.digest)
    else this.#doHere(job)
  }

  #died(thread: Thread, error: Error): void {
    if (!this.#threads.has(thread)) return
    this.#deaths++
    this.#log?.('warn', 'hasher.thread-died', { error, jobs: thread.jobs.size })
    this.#abandon(thread)
    if (this.#deaths >= DEATHS_MAX) for (const job of this.#waiting.splice(0)) this.#doHere(job)
    else this.#handOut()
  }

  #abandon(thread: Thread): void {
    this.#threads.delete(thread)
    for (const job of thread.jobs.values()) this.#doHere(job)
    thread.jobs.clear()
  }

  #doHere({ algorithm, bytes, leafLength, done }: Job): void {
    const digest = leafLength === 0 ? plainDigest(algorithm, bytes) : leafDigests(bytes, leafLength)
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

function plainDigest(algorithm: string, bytes: Uint8Array): Uint8Array {
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
