// What becomes of each piece, and whether we want it: a table of moves, one byte a piece.
//
// open (nobody was asked) → partial → checking → had; back when a check fails or a disk loses it.

import { type ReadonlyBitfield, invariant } from '@bt/primitives'

export type PieceLife = 'open' | 'partial' | 'checking' | 'had'
export type PieceCause = 'begun' | 'filled' | 'verified' | 'corrupt' | 'blocks-wrong' | 'forgotten'

/** 'verified' may come from anywhere: a recheck or a web seed finds pieces that nobody was asked for. */
export const NEXT_LIFE = {
  open: { begun: 'partial', verified: 'had', forgotten: 'open', corrupt: 'open' },
  partial: {
    filled: 'checking',
    verified: 'had',
    corrupt: 'open',
    'blocks-wrong': 'partial',
    forgotten: 'open',
  },
  checking: { verified: 'had', corrupt: 'open', 'blocks-wrong': 'partial', forgotten: 'open' },
  had: { forgotten: 'open' },
} as const satisfies Record<PieceLife, Partial<Record<PieceCause, PieceLife>>>

const LIVES: readonly PieceLife[] = ['open', 'partial', 'checking', 'had']

/** How much a piece is wanted when nobody said otherwise; 0 is not at all, 7 first. */
export const PRIORITY_NORMAL = 4
export const PRIORITY_MAX = 7

export class PieceLives {
  readonly pieceCount: number
  readonly #lives: Uint8Array
  readonly #priorities: Uint8Array
  /** Needed pieces, in BEP 3 order: to be laid over what a peer has. */
  readonly #neededBits: Uint8Array
  #wantedLeft = 0

  constructor(pieceCount: number, have: ReadonlyBitfield) {
    this.pieceCount = pieceCount
    this.#lives = new Uint8Array(pieceCount)
    this.#priorities = new Uint8Array(pieceCount).fill(PRIORITY_NORMAL)
    this.#neededBits = new Uint8Array((pieceCount + 7) >> 3)
    const had = LIVES.indexOf('had')
    for (let piece = 0; piece < pieceCount; piece++) {
      if (have.has(piece)) this.#lives[piece] = had
      else this.#count(piece, true)
    }
  }

  /** Wanted and not had. */
  get wantedLeft(): number {
    return this.#wantedLeft
  }

  life(piece: number): PieceLife {
    return LIVES[this.#lives[piece] as number] as PieceLife
  }

  priority(piece: number): number {
    return this.#priorities[piece] as number
  }

  /** Wanted and not had. */
  needed(piece: number): boolean {
    return ((this.#neededBits[piece >> 3] as number) & (128 >> (piece & 7))) !== 0
  }

  prioritise(piece: number, priority: number): void {
    invariant(
      Number.isInteger(priority) && priority >= 0 && priority <= PRIORITY_MAX,
      'a priority is a whole number from 0 to 7',
    )
    this.#priorities[piece] = priority
    this.#recount(piece)
  }

  move(piece: number, cause: PieceCause): PieceLife {
    const from = this.life(piece)
    const next = (NEXT_LIFE[from] as Partial<Record<PieceCause, PieceLife>>)[cause]
    invariant(next !== undefined, `a piece that is ${from} is not ${cause}`)
    this.#lives[piece] = LIVES.indexOf(next)
    this.#recount(piece)
    return next
  }

  /** Eight needed pieces from `8 · at` on, as bits; the first is the high one. */
  neededByte(at: number): number {
    return this.#neededBits[at] as number
  }

  #recount(piece: number): void {
    const isNeeded = this.#priorities[piece] !== 0 && this.life(piece) !== 'had'
    if (isNeeded !== this.needed(piece)) this.#count(piece, isNeeded)
  }

  #count(piece: number, isNeeded: boolean): void {
    const at = piece >> 3
    this.#neededBits[at] = (this.#neededBits[at] as number) ^ (128 >> (piece & 7))
    this.#wantedLeft += isNeeded ? 1 : -1
  }
}
