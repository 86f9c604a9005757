// Whether we may import (rule 5): everybody does, unless the tracker says that others of the site are to (`leaderPercent`).
//
// Its word counts while a leader or deputy that it named lives: without any, nobody knows who is left of those who may. And who got
// nothing for long goes by it no more until the tracker says it again: those who may have died, or want other pieces.

import type { Leadership } from './leadership.ts'

export class ImportLimit {
  readonly #leadership: Pick<Leadership, 'isLocal'>
  #isLimited = false
  #isOver = false

  constructor(leadership: Pick<Leadership, 'isLocal'>) {
    this.#leadership = leadership
  }

  get mayImport(): boolean {
    return !this.#isOver && (!this.#isLimited || this.#leadership.isLocal)
  }

  /** A tracker's word. */
  heard(importsNothing: boolean): void {
    this.#isLimited = importsNothing
  }

  /** We leave. */
  ends(): void {
    this.#isOver = true
  }

  /** Waiting for others has led to nothing. */
  lift(): void {
    this.#isLimited = false
  }
}
