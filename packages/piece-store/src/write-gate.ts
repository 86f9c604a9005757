// Everything that writes passes here: it is held while the store is stopped, and while one job needs quiet.
//
// A job that fails stops the store and stays first in line; `retry` begins it again from its start. An
// exclusive job (moving bytes between files) runs alone: nobody writes to a place that is about to change.

import type { PieceStoreError } from './errors.ts'
import type { StoreCondition } from './piece-store.ts'

export interface WriteJob {
  readonly exclusive: boolean
  /** May run several times; each answers once. */
  attempt(done: (error: PieceStoreError | undefined) => void): void
  /** It is written. */
  ended(): void
  /** It will not be attempted again: the store closes. */
  abandoned(error: PieceStoreError): void
}

const OK: StoreCondition = { state: 'ok' }

export class WriteGate {
  #condition: StoreCondition = OK
  #closed: PieceStoreError | undefined
  #queue: WriteJob[] = []
  #running = 0
  #exclusive = false
  readonly #conditionChanged: (condition: StoreCondition) => void

  constructor(conditionChanged: (condition: StoreCondition) => void) {
    this.#conditionChanged = conditionChanged
  }

  get condition(): StoreCondition {
    return this.#condition
  }

  add(job: WriteJob): void {
    if (this.#closed !== undefined && this.#condition.state === 'stopped') {
      job.abandoned(this.#closed)
      return
    }
    this.#queue.push(job)
    this.#advance()
  }

  /** Takes a job out that is not running; false when it is not waiting here. */
  withdraw(job: WriteJob): boolean {
    const at = this.#queue.indexOf(job)
    if (at < 0) return false
    this.#queue.splice(at, 1)
    this.#advance()
    return true
  }

  /** Nothing is written from now on. The first error stays the reason. */
  stop(error: PieceStoreError): void {
    if (this.#condition.state === 'stopped') return
    this.#condition = { state: 'stopped', error }
    this.#conditionChanged(this.#condition)
    if (this.#closed !== undefined) this.#abandon(this.#closed)
  }

  /** True when it was stopped. */
  retry(): boolean {
    if (this.#condition.state === 'ok' || this.#closed !== undefined) return false
    this.#condition = OK
    this.#advance()
    return true
  }

  /** What is under way or waiting is still written, unless the store is stopped or stops: then it is given up. */
  close(error: PieceStoreError): void {
    this.#closed = error
    if (this.#condition.state === 'stopped') this.#abandon(error)
  }

  #abandon(error: PieceStoreError): void {
    const jobs = this.#queue
    this.#queue = []
    for (const job of jobs) job.abandoned(error)
  }

  #advance(): void {
    while (this.#condition.state === 'ok' && !this.#exclusive) {
      const job = this.#queue[0]
      if (job === undefined || (job.exclusive && this.#running > 0)) return
      this.#queue.shift()
      this.#start(job)
    }
  }

  #start(job: WriteJob): void {
    this.#running++
    if (job.exclusive) this.#exclusive = true
    job.attempt((error) => {
      this.#running--
      if (job.exclusive) this.#exclusive = false
      if (error === undefined) job.ended()
      else {
        this.#queue.unshift(job)
        this.stop(error)
        // A store that was stopped already and closes has abandoned its queue before this job came back.
        if (this.#closed !== undefined) this.#abandon(this.#closed)
      }
      this.#advance()
    })
  }
}
