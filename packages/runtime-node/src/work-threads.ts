// Threads that hash and write what lies in shared memory, so that the event loop does neither.
//
// A job goes to the thread with least to do; jobs of one lane (a file) go to one thread while any of them is open, since
// two that write one file only spin for its lock. Jobs of one turn of the loop travel as one message. Threads start when
// they are first needed (a command that hashes nothing starts none), keep no process alive, and are replaceable: whoever
// asked one that died is told so, and does it some other way.

import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { DigestWants, Log, RunDigests } from '@bt/ports'
import { THREAD_PROGRAM } from './thread-program.ts'

/** More threads hash faster than any network delivers. */
const THREADS_MAX = 4
/** Threads while what lies in files is hashed (a recheck): every core, until some are no help to any disk. */
const FILE_THREADS_MAX = 16
/** MiB. A thread's heap holds messages and digests, never content. */
const THREAD_HEAP = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 }
/** A thread beyond the first that nobody wanted for this long ends. */
const IDLE_MS = 2000
/** Jobs that a thread has before another one is started. */
const JOBS_PER_THREAD = 2
/** After this many deaths no thread is started again: something kills them, and everything can be done without. */
const DEATHS_MAX = 3

/** Bytes of a file: its descriptor, open until the answer, or its path. Neither: zeros. */
export interface FileRun {
  readonly descriptor?: number
  readonly path?: string
  readonly offset: number
  readonly length: number
}

export interface ThreadFailure {
  readonly message: string
  readonly code?: string
  /** Of reading files: which run, and where in its file. */
  readonly run?: number
  readonly at?: number
}

export type ThreadJob =
  | {
      readonly kind: 'digest'
      readonly algorithm: 'sha1' | 'sha256'
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'hash'; readonly runs: readonly FileRun[]; readonly wants: DigestWants }
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
  readonly value?: Uint8Array | boolean | RunDigests
  readonly failure?: ThreadFailure
}

/** Work that is to be done by one thread at a time. */
export interface Lane {
  thread: object | undefined
  open: number
}

export interface WorkThreadsOptions {
  /** At most this many; 0: none. Default: one per core, at most 4, and 16 while files are hashed. */
  readonly threads?: number
  /** Replaces the program of the threads: for tests of their death. */
  readonly source?: string
  /** Called when a thread runs. */
  readonly started?: () => void
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
  idle: NodeJS.Timeout | undefined
  outgoing: object[]
}

const NOBODY: ThreadAnswer = {}

export class WorkThreads {
  readonly #threadsMax: number
  readonly #fileThreadsMax: number
  readonly #source: string
  readonly #started: (() => void) | undefined
  readonly #log: Log | undefined
  readonly #threads = new Set<Thread>()
  #nextId = 0
  #deaths = 0
  #messages = 0
  #isClosed = false

  constructor(options: WorkThreadsOptions = {}) {
    const cores = availableParallelism()
    this.#threadsMax = options.threads ?? Math.min(cores, THREADS_MAX)
    this.#fileThreadsMax = options.threads ?? Math.min(cores, FILE_THREADS_MAX)
    this.#source = options.source ?? THREAD_PROGRAM
    this.#started = options.started
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
    const thread = this.#threadFor(job, lane)
    if (thread === undefined) return false
    const id = this.#nextId++
    const bytes = lengthOf(job)
    if (thread.open.size === 0) thread.worker.ref()
    clearTimeout(thread.idle)
    thread.open.set(id, { told, bytes, lane })
    thread.bytes += bytes
    if (lane !== undefined) {
      lane.thread = thread
      lane.open++
    }
    if (thread.outgoing.push({ id, length: bytes, ...travelling(job) }) === 1)
      process.nextTick(() => this.#send(thread))
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
  #threadFor(job: ThreadJob, lane: Lane | undefined): Thread | undefined {
    if (lane !== undefined && lane.open > 0) return lane.thread as Thread
    let best: Thread | undefined
    for (const thread of this.#threads) {
      if (best === undefined || thread.bytes < best.bytes) best = thread
    }
    if (best !== undefined && best.open.size < JOBS_PER_THREAD) return best
    const most = job.kind === 'hash' ? this.#fileThreadsMax : this.#threadsMax
    if (this.#isClosed || this.#threads.size >= most) return best
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
        resourceLimits: THREAD_HEAP,
        name: 'bt-work',
      })
    } catch (error) {
      // No thread to be had: the caller's job waits for one that runs, or is done some other way.
      this.#deaths = DEATHS_MAX
      this.#log?.('warn', 'threads.none', { error })
      return undefined
    }
    const thread: Thread = { worker, open: new Map(), bytes: 0, idle: undefined, outgoing: [] }
    this.#threads.add(thread)
    worker.unref()
    worker.on('online', () => this.#started?.())
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
    if (thread.open.size === 0) this.#idles(thread)
    open.told(answer)
  }

  #idles(thread: Thread): void {
    thread.worker.unref()
    if (!this.#threads.has(thread)) return
    thread.idle = setTimeout(() => this.#endIdle(thread), IDLE_MS).unref()
  }

  /** One stays: its next job comes soon in a download, and starting another takes longer than the job. */
  #endIdle(thread: Thread): void {
    if (thread.open.size > 0 || this.#threads.size === 1) return
    this.#abandon(thread)
    void thread.worker.terminate()
  }

  #died(thread: Thread, error: Error): void {
    if (!this.#threads.has(thread)) return
    this.#deaths++
    this.#log?.('warn', 'threads.died', { error, jobs: thread.open.size })
    this.#abandon(thread)
  }

  #abandon(thread: Thread): void {
    this.#threads.delete(thread)
    clearTimeout(thread.idle)
    const ids = [...thread.open.keys()]
    for (const id of ids) this.#answered(thread, id, NOBODY)
  }
}

/**
 * The job with nothing in it but its own: of a view that is copied to a thread all memory behind it travels, and the hash of
 * a piece is a view of the whole metainfo.
 */
function travelling(job: ThreadJob): ThreadJob {
  if (job.kind === 'hash') return job
  const bytes = alone(job.bytes)
  return job.kind === 'write' ? { ...job, bytes, sha1: alone(job.sha1) } : { ...job, bytes }
}

function alone(view: Uint8Array): Uint8Array {
  const { buffer, length } = view
  return buffer instanceof SharedArrayBuffer || buffer.byteLength === length ? view : view.slice()
}

function lengthOf(job: ThreadJob): number {
  if (job.kind !== 'hash') return job.bytes.length
  return job.runs.reduce((sum, { length }) => sum + length, 0)
}
