// Threads that hash and write what lies in shared memory, so that the event loop does neither.
//
// A job goes to the thread with least to do; jobs of one lane (a file) go to one thread while any of them is open, since
// two that write one file only spin for its lock. Jobs of one turn of the loop travel as one message. Threads start when
// they are first needed (a command that hashes nothing starts none), keep no process alive, and are replaceable: whoever
// asked one that died is told so, and does it some other way.

import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Log } from '@bt/ports'
import { THREAD_PROGRAM } from './thread-program.ts'

/** More threads hash faster than any disk or network delivers. */
const THREADS_MAX = 4
/** Jobs that a thread has before another one is started. */
const JOBS_PER_THREAD = 2
/** After this many deaths no thread is started again: something kills them, and everything can be done without. */
const DEATHS_MAX = 3

export type ThreadJob =
  | {
      readonly kind: 'digest'
      readonly algorithm: 'sha1' | 'sha256'
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'leaves'; readonly bytes: Uint8Array; readonly leafLength: number }
  | {
      readonly kind: 'write'
      readonly bytes: Uint8Array
      readonly sha1: Uint8Array
      readonly descriptor: number
      readonly offset: number
    }

/** `value`: what the program says (see there); `failure`: what its system call said; neither: no thread did it. */
export interface ThreadAnswer {
  readonly value?: Uint8Array | boolean
  readonly failure?: { readonly message: string; readonly code?: string }
}

/** Work that is to be done by one thread at a time. */
export interface Lane {
  thread: object | undefined
  open: number
}

export interface WorkThreadsOptions {
  /** At most this many; 0: none. Default: one per core, at most 4. */
  readonly threads?: number
  /** Replaces the program of the threads: for tests of their death. */
  readonly source?: string
  readonly log?: Log
}

type Told = (answer: ThreadAnswer) => void

interface Open {
  readonly told: Told
  readonly bytes: number
  readonly lane: Lane | undefined
}

interface Thread {
  readonly worker: Worker
  readonly open: Map<number, Open>
  /** Of all that is open. */
  bytes: number
  outgoing: object[]
}

const NOBODY: ThreadAnswer = {}

export class WorkThreads {
  readonly #threadsMax: number
  readonly #source: string
  readonly #log: Log | undefined
  readonly #threads = new Set<Thread>()
  #nextId = 0
  #deaths = 0
  #messages = 0
  #isClosed = false

  constructor(options: WorkThreadsOptions = {}) {
    this.#threadsMax = options.threads ?? Math.min(availableParallelism(), THREADS_MAX)
    this.#source = options.source ?? THREAD_PROGRAM
    this.#log = options.log
  }

  /** Threads that run now. */
  get count(): number {
    return this.#threads.size
  }

  /** Messages sent to threads so far. */
  get messages(): number {
    return this.#messages
  }

  /** Gives a job to a thread; false when there is none to be had: then `told` is not called. Otherwise it is, later. */
  run(job: ThreadJob, told: Told, lane?: Lane): boolean {
    const thread = this.#threadFor(lane)
    if (thread === undefined) return false
    const id = this.#nextId++
    const bytes = job.bytes.length
    if (thread.open.size === 0) thread.worker.ref()
    thread.open.set(id, { told, bytes, lane })
    thread.bytes += bytes
    if (lane !== undefined) {
      lane.thread = thread
      lane.open++
    }
    if (thread.outgoing.push({ id, ...job }) === 1) process.nextTick(() => this.#send(thread))
    return true
  }

  /** Ends the threads; whoever waits for one is told that nobody did it. Later jobs are refused. */
  async close(): Promise<void> {
    this.#isClosed = true
    const threads = [...this.#threads]
    for (const thread of threads) this.#abandon(thread)
    await Promise.all(threads.map(({ worker }) => worker.terminate()))
  }

  #send(thread: Thread): void {
    const jobs = thread.outgoing
    thread.outgoing = []
    if (!this.#threads.has(thread)) return
    this.#messages++
    thread.worker.postMessage(jobs, [])
  }

  /** The lane's own while it works there; else the one with least to do, or a new one while all have enough. */
  #threadFor(lane: Lane | undefined): Thread | undefined {
    if (lane !== undefined && lane.open > 0) return lane.thread as Thread
    let best: Thread | undefined
    for (const thread of this.#threads) {
      if (best === undefined || thread.bytes < best.bytes) best = thread
    }
    if (best !== undefined && best.open.size < JOBS_PER_THREAD) return best
    if (this.#isClosed || this.#threads.size >= this.#threadsMax) return best
    return this.#deaths < DEATHS_MAX ? (this.#start() ?? best) : best
  }

  #start(): Thread | undefined {
    let worker: Worker
    try {
      worker = new Worker(this.#source, {
        eval: true,
        // Loaders and flags of the main thread are nothing to it, and would slow its start.
        execArgv: [],
        env: {},
        name: 'bt-work',
      })
    } catch (error) {
      // No thread to be had: the caller's job waits for one that runs, or is done some other way.
      this.#deaths = DEATHS_MAX
      this.#log?.('warn', 'threads.none', { error })
      return undefined
    }
    const thread: Thread = { worker, open: new Map(), bytes: 0, outgoing: [] }
    this.#threads.add(thread)
    worker.unref()
    worker.on('message', (answers: readonly (ThreadAnswer & { readonly id: number })[]) => {
      for (const answer of answers) this.#answered(thread, answer.id, answer)
    })
    worker.on('error', (error) => this.#died(thread, error))
    worker.on('exit', (code) => this.#died(thread, new Error(`the thread ended with ${code}`)))
    return thread
  }

  #answered(thread: Thread, id: number, answer: ThreadAnswer): void {
    const open = thread.open.get(id)
    if (open === undefined) return
    thread.open.delete(id)
    thread.bytes -= open.bytes
    if (open.lane !== undefined) open.lane.open--
    if (thread.open.size === 0) thread.worker.unref()
    open.told(answer)
  }

  #died(thread: Thread, error: Error): void {
    if (!this.#threads.has(thread)) return
    this.#deaths++
    this.#log?.('warn', 'threads.died', { error, jobs: thread.open.size })
    this.#abandon(thread)
  }

  #abandon(thread: Thread): void {
    this.#threads.delete(thread)
    const ids = [...thread.open.keys()]
    for (const id of ids) this.#answered(thread, id, NOBODY)
  }
}
