// Who may not lead for a while, by peer id or by endpoint: who vanished, and whom the tracker could not reach.

import { BARRED_MAX } from './limits.ts'

export class Barred {
  /** The one that was barred first comes first. */
  readonly #until = new Map<string, number>()

  /** Until a time in milliseconds of the caller's clock. */
  bar(who: string, untilMs: number, now: number): void {
    this.#until.delete(who)
    for (const [one, until] of this.#until) {
      if (until > now && this.#until.size < BARRED_MAX) break
      this.#until.delete(one)
    }
    this.#until.set(who, untilMs)
  }

  isBarred(who: string, now: number): boolean {
    return (this.#until.get(who) ?? now) > now
  }

  /** Until when, in milliseconds of the caller's clock; undefined: it is not. */
  until(who: string, now: number): number | undefined {
    const until = this.#until.get(who)
    return until !== undefined && until > now ? until : undefined
  }
}
