// What one announce is told of: of each part, a run of neighbours that goes round, or a list of slots.

import type { Columns } from './columns.ts'
import type { Halves } from './copy-halves.ts'

/** Members of one part. */
export class Pick {
  part!: Columns
  count = 0
  /** The first slot of the run; −1: they are listed. */
  start = 0
  /** Slots from which on the run goes on at 0. */
  end = 0
  /** The slot that the run leaves out: the asker's. `end`: none. */
  skipped = 0
  readonly slots: number[] = []

  /** The slot of one of them, by its number below `count`. */
  slotOf(picked: number): number {
    const { start, end, skipped } = this
    if (start < 0) return this.slots[picked] as number
    let slot = start + picked
    if (start < skipped && slot >= skipped && skipped < end) slot++
    if (slot < end) return slot
    slot -= end
    return start > skipped && slot >= skipped ? slot + 1 : slot
  }

  /** Writes the endpoints of the first `count` from half-word `at` of `into` on. */
  write(into: Halves, at: number, count: number): void {
    const { part, end, skipped } = this
    const length = part.stride >> 1
    let to = at
    if (this.start < 0) {
      for (let picked = 0; picked < count; picked++, to += length) {
        const slot = this.slots[picked] as number
        part.writeRun(into, to, slot, slot + 1)
      }
      return
    }
    let slot = this.start
    for (let left = count; left > 0; ) {
      const run = Math.min(left, (slot < skipped ? skipped : end) - slot)
      part.writeRun(into, to, slot, slot + run)
      to += run * length
      left -= run
      slot += run
      if (slot === skipped) slot++
      if (slot >= end) slot = skipped === 0 ? 1 : 0
    }
  }
}

export class Hand {
  readonly #picks: Pick[] = []
  #used = 0

  clear(): void {
    this.#used = 0
  }

  /** `count` neighbours from slot `start` on, round from `end` to 0, without `skipped`. */
  addRun(part: Columns, count: number, start: number, end: number, skipped: number): void {
    const pick = this.#next(part)
    pick.count = count
    pick.start = start
    pick.end = end
    pick.skipped = skipped
  }

  /** The list of slots to fill; what is in it once somebody reads counts. */
  addList(part: Columns): number[] {
    const pick = this.#next(part)
    pick.start = -1
    pick.slots.length = 0
    return pick.slots
  }

  /** Every member, part by part. */
  visit(run: (part: Columns, slot: number) => void): void {
    for (let index = 0; index < this.#used; index++) {
      const pick = this.#picks[index] as Pick
      const count = countOf(pick)
      for (let picked = 0; picked < count; picked++) run(pick.part, pick.slotOf(picked))
    }
  }

  /** Endpoints of one length from half-word `at` of `into` on; how many. */
  write(into: Halves, at: number, stride: 6 | 18, most: number): number {
    let written = 0
    for (let index = 0; index < this.#used; index++) {
      const pick = this.#picks[index] as Pick
      if (pick.part.stride !== stride) continue
      const count = Math.min(countOf(pick), most - written)
      pick.write(into, at + written * (stride >> 1), count)
      written += count
    }
    return written
  }

  #next(part: Columns): Pick {
    let pick = this.#picks[this.#used++]
    if (pick === undefined) {
      pick = new Pick()
      this.#picks.push(pick)
    }
    pick.part = part
    return pick
  }
}

function countOf(pick: Pick): number {
  return pick.start < 0 ? pick.slots.length : pick.count
}
