// Alarms in the order they are due: a binary heap whose ties keep the order of setting. Cancelling is O(1):
// the entry stays and is skipped; when most entries are dead the heap is rebuilt, so cancelled ones cannot pile up.

/** One alarm; `run` is undefined once it ran or was cancelled. */
export interface AlarmEntry {
  readonly timeMs: number
  readonly order: number
  run: (() => void) | undefined
}

/** Below this many entries a rebuild is not worth it. */
const REBUILD_MIN = 64

export class AlarmHeap {
  #entries: AlarmEntry[] = []
  #order = 0
  #dead = 0

  /** Alarms that wait. */
  get size(): number {
    return this.#entries.length - this.#dead
  }

  add(timeMs: number, run: () => void): AlarmEntry {
    const entry: AlarmEntry = { timeMs, order: this.#order++, run }
    this.#entries.push(entry)
    this.#rise(this.#entries.length - 1)
    return entry
  }

  cancel(entry: AlarmEntry): void {
    if (entry.run === undefined) return
    entry.run = undefined
    this.#dead++
    if (this.#entries.length < REBUILD_MIN || this.#dead * 2 < this.#entries.length) return
    this.#entries = this.#entries.filter((kept) => kept.run !== undefined)
    this.#dead = 0
    for (let at = (this.#entries.length >> 1) - 1; at >= 0; at--) this.#sink(at)
  }

  /** The alarm due first, without taking it. */
  first(): AlarmEntry | undefined {
    for (;;) {
      const top = this.#entries[0]
      if (top === undefined || top.run !== undefined) return top
      this.#removeTop()
      this.#dead--
    }
  }

  /** Takes the alarm due first when that is not after `timeMs` and was set before `order`. */
  take(timeMs: number, order: number): (() => void) | undefined {
    const top = this.first()
    if (top === undefined || top.timeMs > timeMs || top.order >= order) return undefined
    const { run } = top
    top.run = undefined
    this.#removeTop()
    return run
  }

  /** Alarms set from now on have this order or a later one. */
  nextOrder(): number {
    return this.#order
  }

  clear(): void {
    for (const entry of this.#entries) entry.run = undefined
    this.#entries = []
    this.#dead = 0
  }

  #removeTop(): void {
    const last = this.#entries.pop() as AlarmEntry
    if (this.#entries.length === 0) return
    this.#entries[0] = last
    this.#sink(0)
  }

  #rise(from: number): void {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isBefore(at, parent)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #sink(from: number): void {
    let at = from
    for (;;) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#entries.length && this.#isBefore(child, least)) least = child
      }
      if (least === at) return
      this.#swap(at, least)
      at = least
    }
  }

  #isBefore(one: number, other: number): boolean {
    const a = this.#entries[one] as AlarmEntry
    const b = this.#entries[other] as AlarmEntry
    return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.order < b.order)
  }

  #swap(one: number, other: number): void {
    const entry = this.#entries[one] as AlarmEntry
    this.#entries[one] = this.#entries[other] as AlarmEntry
    this.#entries[other] = entry
  }
}
