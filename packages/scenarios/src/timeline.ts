// How a run went over time: evenly spaced samples, thinned by half whenever there are many.

import type { World } from './world.ts'

export interface Timeline {
  /** Virtual seconds of each sample. */
  readonly seconds: readonly number[]
  /** Pieces that all who download have, of all they want, 0 … 1. */
  readonly share: readonly number[]
  /** Peers that have everything. */
  readonly completed: readonly number[]
  /** Of each sample, bytes that had entered each site, and left it. */
  readonly inBytes: readonly (readonly number[])[]
  readonly outBytes: readonly (readonly number[])[]
}

/** Samples kept at most; as many as a plot has dots across. */
const SAMPLES_MAX = 240

export class TimelineRecorder {
  #seconds: number[] = []
  #share: number[] = []
  #completed: number[] = []
  #inBytes: number[][] = []
  #outBytes: number[][] = []
  #everyMs = 0

  get timeline(): Timeline {
    return {
      seconds: this.#seconds,
      share: this.#share,
      completed: this.#completed,
      inBytes: this.#inBytes,
      outBytes: this.#outBytes,
    }
  }

  /** Takes a sample when one is due; `last` whether it is or not. */
  sample(world: World, share: number, completed: number, isLast: boolean): void {
    const previous = this.#seconds.at(-1)
    const isDue = previous === undefined || world.nowMs >= 1000 * previous + this.#everyMs
    if (!isDue && !isLast) return
    this.#seconds.push(world.nowMs / 1000)
    this.#share.push(share)
    this.#completed.push(completed)
    this.#inBytes.push([...world.truth.inBytes])
    this.#outBytes.push([...world.truth.outBytes])
    if (this.#seconds.length > SAMPLES_MAX) this.#thin()
  }

  #thin(): void {
    const half = <T>(samples: readonly T[]): T[] => samples.filter((_, at) => at % 2 === 0)
    this.#seconds = half(this.#seconds)
    this.#share = half(this.#share)
    this.#completed = half(this.#completed)
    this.#inBytes = half(this.#inBytes)
    this.#outBytes = half(this.#outBytes)
    this.#everyMs =
      (1000 * ((this.#seconds.at(-1) ?? 0) - (this.#seconds[0] ?? 0))) / (this.#seconds.length - 1)
  }
}
