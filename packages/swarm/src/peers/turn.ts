// One call from outside (a chunk, an alarm, an answer of the disk) with everything it causes.
//
// While it runs, peers whose output grew and tasks that must come last are only noted; `end` runs the tasks and
// then sends each peer's output as one gathered write. Without this every have would be a system call of its own.

import type { Alarm, Clock } from '@bt/ports'

/** Something with output to send. */
export interface Flushable {
  flush(): void
}

/** Rounds of tasks that cause tasks: far above what a turn needs, so reaching it is a loop of ours. */
const ROUNDS_MAX = 100

export class Turn {
  readonly #clock: Clock
  /** Time of the turn under way, on the clock of the ports: kept here once, not by each of many peers. */
  now: number
  #dirty: Flushable[] = []
  #dirtyNext: Flushable[] = []
  /** A handful at most, so that looking through them is cheaper than a set. */
  #tasks: (() => void)[] = []
  #tasksNext: (() => void)[] = []
  #ending = false
  /** Somebody is to be flushed, or something to be done: most of what is heard causes nothing. */
  #isBusy = false
  #soon: Alarm | undefined
  /** `end` as a value: whoever waited for output to go has been told; what they say next goes out as one write. */
  readonly ended = (): void => this.end()

  constructor(clock: Clock) {
    this.#clock = clock
    this.now = clock.now()
  }

  /** Something from outside begins. */
  begin(): number {
    this.now = this.#clock.now()
    return this.now
  }

  /** Its `flush` will be called, once for each call of this; the caller keeps track of being noted already. */
  touch(item: Flushable): void {
    this.#isBusy = true
    this.#dirty.push(item)
  }

  /** `task` runs before the sends of this turn, once however often it is asked for; keep it to one function object. */
  later(task: () => void): void {
    this.#isBusy = true
    if (!this.#tasks.includes(task)) this.#tasks.push(task)
  }

  /** For calls that may come from anywhere: a turn of its own follows if none is under way. */
  soon(): void {
    this.#soon ??= this.#clock.at(this.#clock.now(), () => {
      this.#soon = undefined
      this.end()
    })
  }

  /** No turn of its own follows any more. */
  close(): void {
    this.#soon?.cancel()
    this.#soon = undefined
  }

  /** Call this last in whatever the outside world calls. */
  end(): void {
    if (!this.#isBusy || this.#ending) return
    this.#ending = true
    try {
      for (let round = 0; this.#tasks.length > 0 && round < ROUNDS_MAX; round++) {
        const tasks = this.#tasks
        this.#tasks = this.#tasksNext
        for (const task of tasks) task()
        tasks.length = 0
        this.#tasksNext = tasks
      }
      while (this.#dirty.length > 0) {
        const items = this.#dirty
        this.#dirty = this.#dirtyNext
        for (const item of items) item.flush()
        items.length = 0
        this.#dirtyNext = items
      }
    } finally {
      this.#ending = false
      this.#isBusy = this.#tasks.length > 0 || this.#dirty.length > 0
    }
  }
}
