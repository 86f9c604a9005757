// Everything that writes passes here: it is held while the store is stopped, and while one job needs quiet.
//
// A job that fails stops the store and stays first in line; `retry` begins it again from its start, alone: only when
// it went well is the store no longer stopped. An exclusive job (moving bytes between files) runs alone too: nobody
// writes to a place that is about to change.

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
  /** A retry: asked for, and under way. */
  #probe: 'none' | 'wanted' | 'running' = 'none'
  readonly #conditionChanged: (condition: StoreCondition) => void

  constructor(conditionChanged: (condition: StoreCondition) => void) {
    this.#conditionChanged = conditionChanged
  }

  get condition(): StoreCondition {
    return this.#condition
  }

  add(job: WriteJob): void {
    if (this.#closed !== undefined && this.#isGivenUp) {
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

  /** Tries the first job again. True: there was none, and the condition is 'ok' now (tell so later). */
  retry(): boolean {
    if (this.#condition.state === 'ok' || this.#closed !== undefined) return false
    if (this.#probe !== 'none') return false
    if (this.#queue.length === 0 && this.#running === 0) {
      this.#condition = OK
      return true
    }
    this.#probe = 'wanted'
    this.#advance()
    return false
  }

  /** What is under way or waiting is still written, unless the store is stopped or stops: then it is given up. */
  close(error: PieceStoreError): void {
    this.#closed = error
    if (this.#isGivenUp) this.#abandon(error)
  }

  get #isGivenUp(): boolean {
    return this.#condition.state === 'stopped' && this.#probe === 'none'
  }

  #abandon(error: PieceStoreError): void {
    const jobs = this.#queue
    this.#queue = []
    for (const job of jobs) job.abandoned(error)
  }

  #advance(): void {
    if (this.#probe === 'wanted' && this.#running === 0) {
      const job = this.#queue.shift()
      this.#probe = job === undefined ? 'none' : 'running'
      if (job === undefined) this.#recover()
      else this.#start(job)
      return
    }
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
    const isProbe = this.#probe === 'running'
    job.attempt((error) => {
      this.#running--
      if (job.exclusive) this.#exclusive = false
      if (isProbe) this.#probe = 'none'
      if (error === undefined) {
        if (isProbe) this.#recover()
        job.ended()
      } else {
        this.#queue.unshift(job)
        this.#fail(error)
      }
      this.#advance()
    })
  }

  #recover(): void {
    this.#condition = OK
    this.#conditionChanged(OK)
  }

  #fail(error: PieceStoreError): void {
    const { state } = this.#condition
    if (state === 'ok') this.stop(error)
    else if (this.#condition.error.code !== error.code && this.#probe === 'none') {
      this.#condition = { state: 'stopped', error }
      this.#conditionChanged(this.#condition)
    }
    if (this.#closed !== undefined && this.#isGivenUp) this.#abandon(this.#closed)
  }
}
