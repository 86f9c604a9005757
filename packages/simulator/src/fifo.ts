// First in, first out, without moving what stays: channels shift from the front on every segment.

/** Gaps at the front are closed when they are more than this and more than half. */
const GAP_MAX = 64

export class Fifo<T> {
  #items: T[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  peek(): T | undefined {
    return this.#items[this.#head]
  }

  /** The item that comes out after `index` others. */
  at(index: number): T | undefined {
    return this.#items[this.#head + index]
  }

  /** The item that was pushed last. */
  last(): T | undefined {
    return this.#items[this.#items.length - 1]
  }

  shift(): T | undefined {
    const items = this.#items
    if (this.#head >= items.length) return undefined
    const item = items[this.#head]
    // Nothing may keep what went out alive.
    items[this.#head++] = undefined as T
    if (this.#head === items.length) this.clear()
    else if (this.#head > GAP_MAX && this.#head * 2 > items.length) {
      items.splice(0, this.#head)
      this.#head = 0
    }
    return item
  }

  clear(): void {
    if (this.#items.length > 0) this.#items = []
    this.#head = 0
  }
}
