// When the choker runs: every 10 s, every third time with another optimistic peer, and at once when a slot is free.

export interface RoundTimes {
  readonly roundMs: number
  readonly optimisticMs: number
  /** Least time between rounds that were not due: a peer that changes its mind in a loop costs four rounds a second. */
  readonly earlyMs: number
}

export const ROUND_TIMES: RoundTimes = {
  roundMs: 10_000, // BEP 3: long enough for TCP to show what it can do
  optimisticMs: 30_000, // BEP 3: long enough to be given something in return
  earlyMs: 250,
}

export class ChokeRounds {
  readonly #times: RoundTimes
  #nextRound: number
  #nextRotation: number
  #lastRound: number
  #early = false

  /** The first round is due at once. */
  constructor(now: number, times?: Partial<RoundTimes>) {
    this.#times = { ...ROUND_TIMES, ...times }
    this.#nextRound = now
    this.#nextRotation = now
    this.#lastRound = Number.NEGATIVE_INFINITY
  }

  /** A peer became interested, or is no longer: a slot may have come free, or find its peer. */
  interestChanged(): void {
    this.#early = true
  }

  /** An unchoked peer left. */
  slotFreed(): void {
    this.#early = true
  }

  /** Rounds were left out: the next one is on the beat again, none is made up for. */
  resume(now: number): void {
    if (this.#nextRound <= now) this.#nextRound = after(this.#nextRound, this.#times.roundMs, now)
  }

  /** When `due` answers next. */
  deadline(): number {
    if (!this.#early) return this.#nextRound
    return Math.min(this.#nextRound, this.#lastRound + this.#times.earlyMs)
  }

  /**
   * Undefined: not yet. Otherwise the round is to be done now. `rotate`: with another optimistic peer; `early`: between
   * two beats, only to fill free slots.
   */
  due(now: number): { readonly rotate: boolean; readonly early: boolean } | undefined {
    if (now < this.deadline()) return undefined
    this.#lastRound = now
    this.#early = false
    const early = now < this.#nextRound
    const rotate = !early && now >= this.#nextRotation
    if (!early) this.#nextRound = after(this.#nextRound, this.#times.roundMs, now)
    if (rotate) this.#nextRotation = after(this.#nextRotation, this.#times.optimisticMs, now)
    return { rotate, early }
  }
}

/** The first moment of the beat after `now`: a late alarm does not shift it, and a suspended machine skips. */
function after(beat: number, everyMs: number, now: number): number {
  return beat + (Math.floor((now - beat) / everyMs) + 1) * everyMs
}
