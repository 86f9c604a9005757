// How many things are under way, and who waits until there are none.

export class Busy {
  #count = 0
  #waiting: (() => void)[] = []

  enter(): void {
    this.#count++
  }

  leave(): void {
    this.#count--
    if (this.#count > 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const run of waiting) run()
  }

  /** Runs `run` when nothing is under way: now, if so. */
  whenIdle(run: () => void): void {
    if (this.#count === 0) run()
    else this.#waiting.push(run)
  }
}
