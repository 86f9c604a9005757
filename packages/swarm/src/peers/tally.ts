// How many of something there are per key; keys with none take no memory. No key (loopback, no source) counts nothing.

export class Tally {
  readonly #counts = new Map<string, number>()

  of(key: string | undefined): number {
    return key === undefined ? 0 : (this.#counts.get(key) ?? 0)
  }

  add(key: string | undefined, by: number): void {
    if (key === undefined) return
    const next = this.of(key) + by
    if (next === 0) this.#counts.delete(key)
    else this.#counts.set(key, next)
  }
}
