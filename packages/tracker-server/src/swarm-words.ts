// Infohashes of swarms by id, as five big-endian words each, in pages: 20 bytes a swarm instead of an array of numbers.

/** Swarms of one page. */
const PAGE_SWARMS = 1024

export class SwarmWords {
  readonly #pages: Int32Array[] = []

  set(id: number, words: Int32Array): void {
    const page = Math.floor(id / PAGE_SWARMS)
    while (this.#pages.length <= page) this.#pages.push(new Int32Array(5 * PAGE_SWARMS))
    this.#pages[page]?.set(words, 5 * (id % PAGE_SWARMS))
  }

  /** Lent: it is overwritten when the id goes to another swarm. */
  of(id: number): Int32Array {
    const at = 5 * (id % PAGE_SWARMS)
    return (this.#pages[Math.floor(id / PAGE_SWARMS)] as Int32Array).subarray(at, at + 5)
  }

  isOf(id: number, words: Int32Array): boolean {
    const page = this.#pages[Math.floor(id / PAGE_SWARMS)] as Int32Array
    const at = 5 * (id % PAGE_SWARMS)
    return (
      page[at] === words[0] &&
      page[at + 1] === words[1] &&
      page[at + 2] === words[2] &&
      page[at + 3] === words[3] &&
      page[at + 4] === words[4]
    )
  }
}
