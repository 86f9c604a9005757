// Who is interesting: has, or promised, a piece that we need. Counted per peer, so that asking costs nothing.
//
// A peer with everything and no scope needs no count of its own: it is interesting while anything is needed.
// BEP 3: interest is looked at again on every have, every finished piece and every change of what is wanted.

import type { Asker } from './asker.ts'
import type { AskKind } from './partial-pieces.ts'
import type { PieceLives } from './piece-lives.ts'

/** How many bits are set in each byte. */
const BITS_OF = new Uint8Array(256)
for (let byte = 1; byte < 256; byte++) BITS_OF[byte] = (BITS_OF[byte >> 1] as number) + (byte & 1)

const NONE: readonly never[] = []

export class Interest<P> {
  readonly #lives: PieceLives
  readonly #askers: ReadonlyMap<P, Asker<P>>
  readonly #changed = new Set<Asker<P>>()

  constructor(lives: PieceLives, askers: ReadonlyMap<P, Asker<P>>) {
    this.#lives = lives
    this.#askers = askers
  }

  interesting(asker: Asker<P>): boolean {
    return (asker.offersAll ? this.#lives.wantedLeft : asker.wanted) > 0
  }

  get hasChanges(): boolean {
    return this.#changed.size > 0
  }

  /** Peers whose answer changed since the last call, in the order they changed. */
  takeChanges(): readonly P[] {
    if (this.#changed.size === 0) return NONE
    const changes: P[] = []
    for (const asker of this.#changed) {
      asker.toldInteresting = !asker.toldInteresting
      changes.push(asker.peer)
    }
    this.#changed.clear()
    return changes
  }

  /** The peer has a piece now that we need and it had not; `before`: how it offered it until then. */
  offered(asker: Asker<P>, piece: number, before: AskKind | undefined): void {
    if (before === undefined && asker.offers(piece) !== undefined) asker.wanted++
    this.#note(asker)
  }

  /** Runs `move`, which makes us have the piece, and counts it off at everybody. */
  had(piece: number, move: () => void): void {
    const before = this.#lives.needed(piece)
    move()
    if (!before) return
    for (const asker of this.#askers.values()) {
      if (!asker.offersAll && asker.offers(piece) !== undefined) asker.wanted--
      this.#note(asker)
    }
  }

  recountAll(): void {
    for (const asker of this.#askers.values()) this.recount(asker)
  }

  /** Cost: a step for every eight pieces; with a scope, one for each piece that is needed and had or promised. */
  recount(asker: Asker<P>): void {
    asker.wanted = asker.offersAll ? 0 : this.#count(asker)
    this.#note(asker)
  }

  left(asker: Asker<P>): void {
    this.#changed.delete(asker)
  }

  #count(asker: Asker<P>): number {
    const { bits } = asker.holding
    const { scope } = asker
    const byteCount = (this.#lives.pieceCount + 7) >> 3
    let count = 0
    for (let at = 0; at < byteCount; at++) {
      let needed = this.#lives.neededByte(at)
      if (bits !== undefined && scope?.promised === undefined) needed &= bits[at] as number
      if (needed === 0) continue
      if (scope === undefined) count += BITS_OF[needed] as number
      else count += this.#countEach(asker, at, needed)
    }
    return count
  }

  /** Of the eight pieces from `8 · at` on those of the mask that the peer offers. */
  #countEach(asker: Asker<P>, at: number, mask: number): number {
    let count = 0
    for (let bit = 0; bit < 8; bit++) {
      if ((mask & (128 >> bit)) !== 0 && asker.offers(at * 8 + bit) !== undefined) count++
    }
    return count
  }

  #note(asker: Asker<P>): void {
    if (this.interesting(asker) !== asker.toldInteresting) this.#changed.add(asker)
    else if (this.#changed.size > 0) this.#changed.delete(asker)
  }
}
