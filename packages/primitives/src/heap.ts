// Binary heap whose ties keep insertion order, so that what is drained from it is repeatable.

/** Takes out the smallest first; of equals, the one that was put in first. `push` and `pop` are O(log n). */
export class Heap<T> {
  readonly #order: (one: T, other: T) => number
  readonly #items: T[] = []
  /** When each item was put in, beside `#items`: breaks ties. */
  readonly #turns: number[] = []
  #turn = 0

  /** `order` answers below 0 when `one` goes out before `other`, 0 when insertion decides. */
  constructor(order: (one: T, other: T) => number) {
    this.#order = order
  }

  get length(): number {
    return this.#items.length
  }

  /** The item that `pop` would answer; undefined when empty. */
  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    let at = this.#items.length
    const turn = this.#turn++
    this.#items.push(item)
    this.#turns.push(turn)
    while (at > 0) {
      const parent = (at - 1) >> 1
      // A newcomer is behind all its equals, so only a strictly smaller one rises.
      if (this.#order(item, this.#items[parent] as T) >= 0) break
      this.#items[at] = this.#items[parent] as T
      this.#turns[at] = this.#turns[parent] as number
      at = parent
    }
    this.#items[at] = item
    this.#turns[at] = turn
  }

  /** Removes and answers the smallest; undefined when empty. */
  pop(): T | undefined {
    const top = this.#items[0]
    const item = this.#items.pop()
    const turn = this.#turns.pop()
    const { length } = this.#items
    if (length === 0) {
      this.#turn = 0
      return top
    }
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= length) break
      if (child + 1 < length && this.#before(child + 1, child)) child++
      const order = this.#order(item as T, this.#items[child] as T)
      if (order < 0 || (order === 0 && (turn as number) < (this.#turns[child] as number))) break
      this.#items[at] = this.#items[child] as T
      this.#turns[at] = this.#turns[child] as number
      at = child
    }
    this.#items[at] = item as T
    this.#turns[at] = turn as number
    return top
  }

  #before(one: number, other: number): boolean {
    const order = this.#order(this.#items[one] as T, this.#items[other] as T)
    if (order !== 0) return order < 0
    return (this.#turns[one] as number) < (this.#turns[other] as number)
  }
}
