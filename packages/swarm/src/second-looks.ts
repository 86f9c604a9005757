// Lost pieces may be there after all: a cable, a disk that woke up late. They are hashed again after growing pauses.

import type { PieceStore } from '@bt/piece-store'
import type { Alarm, Clock } from '@bt/ports'
import { Bitfield, type ReadonlyBitfield } from '@bt/primitives'

/** Milliseconds from the loss of a piece to the look whether it is there after all; doubling to the last. */
export const LOOK_FIRST_MS = 5_000
export const LOOK_LAST_MS = 600_000

export interface SecondLooksParts {
  readonly clock: Clock
  /** About to look whether these are there after all: they must not be begun until `looked`. */
  readonly looking: (pieces: ReadonlyBitfield) => void
  /** The look is over: these were lost, and are there after all. */
  readonly looked: (regained: readonly number[]) => void
  readonly endTurn: () => void
}

export class SecondLooks {
  readonly #store: PieceStore
  readonly #parts: SecondLooksParts
  #pauseMs = LOOK_FIRST_MS
  /** The next look, or the one under way. */
  #alarm: Alarm | undefined
  #closed = false

  constructor(store: PieceStore, parts: SecondLooksParts) {
    this.#store = store
    this.#parts = parts
  }

  /** Something was lost. */
  later(): void {
    if (this.#alarm !== undefined || this.#closed) return
    const { clock, endTurn } = this.#parts
    this.#alarm = clock.at(clock.now() + this.#pauseMs, () => {
      this.#alarm = undefined
      this.#pauseMs = Math.min(LOOK_LAST_MS, 2 * this.#pauseMs)
      this.#look()
      endTurn()
    })
  }

  close(): void {
    this.#closed = true
    this.#alarm?.cancel()
  }

  #look(): void {
    const store = this.#store
    if (store.doubtful.count === 0) return
    const doubtful = Bitfield.copyOf(store.doubtful)
    this.#parts.looking(doubtful)
    this.#alarm = store.recheck(
      doubtful,
      () => {},
      () => {
        this.#alarm = undefined
        if (this.#closed) return
        const regained: number[] = []
        for (let piece = 0; piece < doubtful.length; piece++) {
          if (doubtful.has(piece) && store.have.has(piece)) regained.push(piece)
        }
        this.#parts.looked(regained)
        if (store.doubtful.count > 0) this.later()
        this.#parts.endTurn()
      },
    )
  }
}
