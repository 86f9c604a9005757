// Memory of segments on the way, reused by size class: a simulation moves gigabytes and makes no garbage of them.

/** Smallest and largest class; longer segments are not kept. */
const CLASS_FIRST = 8
const CLASS_LAST = 18
/** Bytes kept of each class: making a buffer costs ten times as much as filling it. */
const KEPT_BYTES_MAX = 16 * 1024 * 1024

export class SegmentPool {
  readonly #free: Uint8Array[][] = Array.from({ length: CLASS_LAST + 1 }, () => [])

  /** At least `length` bytes, with anything in them. */
  take(length: number): Uint8Array {
    const size = sizeClass(length)
    if (size > CLASS_LAST) return new Uint8Array(length)
    return this.#free[size]?.pop() ?? new Uint8Array(1 << size)
  }

  /** Gives back what `take` answered; nobody may look at it any more. */
  give(buffer: Uint8Array): void {
    const size = sizeClass(buffer.length)
    if (size > CLASS_LAST || buffer.length !== 1 << size) return
    const free = this.#free[size] as Uint8Array[]
    if (free.length << size < KEPT_BYTES_MAX) free.push(buffer)
  }
}

function sizeClass(length: number): number {
  return Math.max(CLASS_FIRST, 32 - Math.clz32(length - 1))
}
