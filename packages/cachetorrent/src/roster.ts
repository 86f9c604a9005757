// Members of one group in a list that can be drawn from: adding, removing and each draw take the same time at any size.

import type { Random } from '@bt/ports'

export class Roster<T> {
  readonly #items: T[] = []
  readonly #keys: string[] = []
  readonly #at = new Map<string, number>()

  get size(): number {
    return this.#items.length
  }

  get(key: string): T | undefined {
    const at = this.#at.get(key)
    return at === undefined ? undefined : this.#items[at]
  }

  keys(): readonly string[] {
    return this.#keys
  }

  values(): readonly T[] {
    return this.#items
  }

  put(key: string, item: T): void {
    const at = this.#at.get(key)
    if (at !== undefined) {
      this.#items[at] = item
      return
    }
    this.#at.set(key, this.#items.length)
    this.#items.push(item)
    this.#keys.push(key)
  }

  remove(key: string): boolean {
    const at = this.#at.get(key)
    if (at === undefined) return false
    this.#at.delete(key)
    const item = this.#items.pop() as T
    const last = this.#keys.pop() as string
    if (last !== key) {
      this.#items[at] = item
      this.#keys[at] = last
      this.#at.set(last, at)
    }
    return true
  }

  /** Up to `count` of them that suit, in random order; those that do not are passed over, at most as many again. */
  draw(count: number, random: Random, suits: (item: T) => boolean): T[] {
    const drawn: T[] = []
    const moved = new Map<number, number>()
    const { length } = this.#items
    const looks = Math.min(length, 2 * count + 8)
    for (let step = 0; step < looks && drawn.length < count; step++) {
      const other = step + random.below(length - step)
      const at = moved.get(other) ?? other
      moved.set(other, moved.get(step) ?? step)
      const item = this.#items[at] as T
      if (suits(item)) drawn.push(item)
    }
    return drawn
  }
}
