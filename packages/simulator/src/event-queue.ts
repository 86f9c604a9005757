// Binary heap on number keys whose ties keep insertion order: events of one time happen as they were set.
//
// Keys, orders and items lie in three parallel arrays: a push allocates nothing, and a comparison follows no
// pointer and calls no function.

import { invariant } from '@bt/primitives'

export class EventQueue<T> {
  #keys: number[] = []
  #orders: number[] = []
  #items: T[] = []
  #pushed = 0

  /** How many items are in it. */
  get size(): number {
    return this.#items.length
  }

  /** Key of the item that comes out next; Infinity when there is none. */
  get lowest(): number {
    return this.#items.length === 0 ? Number.POSITIVE_INFINITY : (this.#keys[0] as number)
  }

  /** The item that comes out next, left where it is. */
  peek(): T | undefined {
    return this.#items[0]
  }

  /** Puts `item` behind all items of the same key. O(log size). */
  push(key: number, item: T): void {
    invariant(key === key, 'a key of an event queue is a number')
    this.#place(key, this.#pushed++, item)
  }

  /** Takes out the item of the lowest key, the earliest pushed among equals. O(log size). */
  pop(): T | undefined {
    const items = this.#items
    if (items.length === 0) return undefined
    const top = items[0]
    const key = this.#keys.pop() as number
    const order = this.#orders.pop() as number
    const item = items.pop() as T
    if (items.length > 0) this.#sink(key, order, item)
    return top
  }

  /** Drops every item for which `keep` says false; the order of the others does not change. O(size log size). */
  retain(keep: (item: T) => boolean): void {
    const keys = this.#keys
    const orders = this.#orders
    const items = this.#items
    this.clear()
    for (let at = 0; at < items.length; at++) {
      const item = items[at] as T
      if (keep(item)) this.#place(keys[at] as number, orders[at] as number, item)
    }
  }

  /** Drops everything. */
  clear(): void {
    this.#keys = []
    this.#orders = []
    this.#items = []
  }

  /** Sifts up from the end. */
  #place(key: number, order: number, item: T): void {
    const keys = this.#keys
    const orders = this.#orders
    const items = this.#items
    let at = items.length
    keys.push(key)
    orders.push(order)
    items.push(item)
    while (at > 0) {
      const above = (at - 1) >> 1
      const aboveKey = keys[above] as number
      if (aboveKey < key || (aboveKey === key && (orders[above] as number) < order)) break
      keys[at] = aboveKey
      orders[at] = orders[above] as number
      items[at] = items[above] as T
      at = above
    }
    keys[at] = key
    orders[at] = order
    items[at] = item
  }

  /** Sifts down from the top, over what was there. */
  #sink(key: number, order: number, item: T): void {
    const keys = this.#keys
    const orders = this.#orders
    const items = this.#items
    const size = items.length
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= size) break
      const right = below + 1
      if (right < size) {
        const leftKey = keys[below] as number
        const rightKey = keys[right] as number
        if (
          rightKey < leftKey ||
          (rightKey === leftKey && (orders[right] as number) < (orders[below] as number))
        )
          below = right
      }
      const belowKey = keys[below] as number
      if (key < belowKey || (key === belowKey && order < (orders[below] as number))) break
      keys[at] = belowKey
      orders[at] = orders[below] as number
      items[at] = items[below] as T
      at = below
    }
    keys[at] = key
    orders[at] = order
    items[at] = item
  }
}
