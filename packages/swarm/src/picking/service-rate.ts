// How fast a peer serves us while something is asked of it: what says how long the last of our requests will wait.
//
// Time in which nothing was asked does not count, so a peer that we had nothing to ask for is remembered as it was. The
// last twenty seconds of asking count most. Unlike a rate over a window it knows of peers that send a piece in ten seconds.

/** Milliseconds of asking in which what was measured before comes to count half or less. */
const MEMORY_MS = 20_000

export class ServiceRate {
  #bytes = 0
  #ms = 0
  /** Since when something is asked for, as far as it is counted in; undefined: nothing is. */
  #since: number | undefined

  /** Something is asked for from now on, or nothing is. */
  asked(isAsked: boolean, now: number): void {
    this.#advance(now)
    if (!isAsked) this.#since = undefined
    else this.#since ??= now
  }

  came(bytes: number, now: number): void {
    this.#advance(now)
    this.#bytes += bytes
  }

  /** Bytes per millisecond; 0: nothing has come yet. Looking changes nothing, however often it is done. */
  perMs(now: number): number {
    if (this.#bytes === 0 || this.#since === undefined) return this.#bytes / Math.max(1, this.#ms)
    const ms = now - this.#since
    const kept = MEMORY_MS / (MEMORY_MS + ms)
    return (this.#bytes * kept) / Math.max(1, this.#ms * kept + ms)
  }

  /** Milliseconds in which something was asked for, as far as it is remembered. */
  askedMs(now: number): number {
    return this.#ms + (this.#since === undefined ? 0 : now - this.#since)
  }

  #advance(now: number): void {
    if (this.#since === undefined) return
    const ms = now - this.#since
    const kept = MEMORY_MS / (MEMORY_MS + ms)
    this.#bytes *= kept
    this.#ms = this.#ms * kept + ms
    this.#since = now
  }
}
