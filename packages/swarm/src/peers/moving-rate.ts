// Bytes per second over the last 20 s: what choking compares, and what is shown.
//
// A ring of equal slices of time: constant memory and O(1) per block; old slices fall out as time passes. BEP 3
// ("a rolling 20-second average").

import { invariant } from '@bt/primitives'

/** Slices of a window; a reading is off by one slice's worth at most. */
const SLICES = 20

export const RATE_WINDOW_MS = 20_000

export class MovingRate {
  readonly #sliceMs: number
  /** Made with the first byte: most connections of a large swarm carry none for long. */
  #slices: Float64Array | undefined
  readonly #startedAt: number
  /** Number of the newest slice since the start. */
  #newest = 0
  #inWindow = 0
  #totalBytes = 0

  constructor(now: number, windowMs = RATE_WINDOW_MS) {
    invariant(windowMs > 0, 'a rate is measured over some time')
    this.#sliceMs = windowMs / SLICES
    this.#startedAt = now
  }

  /** All bytes ever added. */
  get totalBytes(): number {
    return this.#totalBytes
  }

  add(bytes: number, now: number): void {
    this.#advance(now)
    this.#slices ??= new Float64Array(SLICES)
    const at = this.#newest % SLICES
    this.#slices[at] = (this.#slices[at] as number) + bytes
    this.#inWindow += bytes
    this.#totalBytes += bytes
  }

  /** Over the window, or over the time since the start while that is shorter (at least one slice). */
  bytesPerSecond(now: number): number {
    this.#advance(now)
    const inSlice = now - this.#startedAt - this.#newest * this.#sliceMs
    const measuredMs = Math.min(this.#newest, SLICES - 1) * this.#sliceMs + Math.max(0, inSlice)
    return (this.#inWindow * 1000) / Math.max(this.#sliceMs, measuredMs)
  }

  #advance(now: number): void {
    const slice = Math.floor((now - this.#startedAt) / this.#sliceMs)
    if (slice <= this.#newest) return
    const slices = this.#slices
    if (slices !== undefined) {
      if (slice - this.#newest >= SLICES) {
        slices.fill(0)
        this.#inWindow = 0
      } else {
        for (let next = this.#newest + 1; next <= slice; next++) {
          this.#inWindow -= slices[next % SLICES] as number
          slices[next % SLICES] = 0
        }
      }
    }
    this.#newest = slice
  }
}
