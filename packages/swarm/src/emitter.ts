// Listeners by event name. A listener that throws is reported through the log and hurts nobody else.

import type { Log } from '@bt/ports'

export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(facts: never) => void>>()
  readonly #log: Log | undefined

  constructor(log: Log | undefined) {
    this.#log = log
  }

  /** Answers its own undo. */
  on<Name extends keyof Events>(name: Name, listener: (facts: Events[Name]) => void): () => void {
    const known = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, known)
    // a wrapper of its own, so that one function may listen twice and undo once
    const entry = (facts: never): void => listener(facts)
    known.add(entry)
    return () => {
      known.delete(entry)
    }
  }

  emit<Name extends keyof Events>(name: Name, facts: Events[Name]): void {
    const known = this.#listeners.get(name)
    if (known === undefined || known.size === 0) return
    for (const listener of Array.from(known)) {
      try {
        listener(facts as never)
      } catch (error) {
        this.#log?.('warn', 'listener.threw', { event: String(name), error })
      }
    }
  }

  /** No listener hears anything from now on. */
  clear(): void {
    this.#listeners.clear()
  }
}
