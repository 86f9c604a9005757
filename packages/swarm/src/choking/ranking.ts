// Who goes before whom, by several numbers of which most are never asked for: each is looked up once a round, and only
// where those before it are equal. Nothing is made for a round.

/** Numbers to compare by, one after the other while they are equal; the least goes first. */
export type OrderOf<T> = readonly ((item: T) => number)[]

const NONE: readonly never[] = []

export class Ranking<T> {
  #items: readonly T[] = NONE
  #order: OrderOf<T> = NONE
  /** The numbers of one item after those of another; NaN: not asked for. */
  #keys = new Float64Array(128)

  begin(items: readonly T[], order: OrderOf<T>): void {
    this.#items = items
    this.#order = order
    const count = items.length * order.length
    if (count > this.#keys.length) this.#keys = new Float64Array(2 * count)
    this.#keys.fill(Number.NaN, 0, count)
  }

  /** By their places in what was given; of equals the one that came first. */
  goesBefore(one: number, other: number): boolean {
    for (let step = 0; step < this.#order.length; step++) {
      const difference = this.#key(one, step) - this.#key(other, step)
      if (difference !== 0) return difference < 0
    }
    return one < other
  }

  /** Nothing is kept of what was given. */
  end(): void {
    this.#items = NONE
    this.#order = NONE
  }

  #key(at: number, step: number): number {
    const place = at * this.#order.length + step
    const known = this.#keys[place] as number
    if (known === known) return known
    const key = (this.#order[step] as (item: T) => number)(this.#items[at] as T)
    this.#keys[place] = key
    return key
  }
}
