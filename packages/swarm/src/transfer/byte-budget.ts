// Bytes that may go now, refilled by time: a tree of token buckets (session, torrent, peer).
//
// A take passes every level or none. It may overdraw (blocks are not split), so the long-run rate is exact whatever the
// sizes. When a level is empty those who ask queue there, first come first served: nobody starves, whoever asks how
// often. Who does not come when it is its turn loses the turn, so that nobody waits for one who has left.

import { invariant } from '@bt/primitives'
import type { ByteBudget } from '../policy.ts'

/** How much time's worth of unused bytes is kept: an idle second may be made up for, no more. */
export const BURST_MS = 1_000
/** How long a turn is kept for the one whose it is. */
export const TURN_MS = 100
/** The least time until a refused take is worth trying again: keeps callers from asking in a loop. */
export const RETRY_MS = 5

interface Waiter {
  readonly child: TokenBucket
  /** What it asked for. */
  bytes: number
  /** Since when it could have had it; undefined: not yet. */
  turnSince: number | undefined
}

interface Level {
  readonly level: TokenBucket
  readonly child: TokenBucket
}

export class TokenBucket implements ByteBudget {
  /** This bucket and those above it, each with the one below that asks it (the lowest asks itself). */
  readonly #levels: readonly Level[]
  #bytesPerSecond: number
  #tokens: number
  #filledAt: number
  readonly #waiters: Waiter[] = []

  /** Infinity: no limit. Starts full. */
  constructor(bytesPerSecond: number, now: number, parent?: TokenBucket) {
    invariant(bytesPerSecond >= 0, 'a rate is not negative')
    const above = parent === undefined ? [] : parent.#levels.map(({ level }) => level)
    const chain = [this, ...above]
    this.#levels = chain.map((level, at) => ({ level, child: chain[at - 1] ?? this }))
    this.#bytesPerSecond = bytesPerSecond
    this.#tokens = this.#most()
    this.#filledAt = now
  }

  setRate(bytesPerSecond: number, now: number): void {
    invariant(bytesPerSecond >= 0, 'a rate is not negative')
    this.#fill(now)
    const wasUnlimited = !Number.isFinite(this.#bytesPerSecond)
    this.#bytesPerSecond = bytesPerSecond
    this.#tokens = wasUnlimited ? this.#most() : Math.min(this.#tokens, this.#most())
  }

  /** True: taken at every level. False: nothing was taken, and this one waits its turn; see `availableAt`. */
  take(bytes: number, now: number): boolean {
    const levels = this.#levels
    const blocked = levels.findIndex(({ level, child }) => !level.#passes(child, now))
    if (blocked >= 0) {
      // Its place among its siblings is kept at every level up to the one that is empty.
      for (const { level, child } of levels.slice(0, blocked + 1)) level.#wait(child, bytes)
      return false
    }
    for (const { level, child } of levels) {
      level.#remove(child)
      level.#tokens -= bytes
      // Others below it still wait: it has another turn, after everybody else's.
      const next = child === this ? undefined : child.#waiters[0]
      if (next !== undefined) level.#wait(child, next.bytes)
    }
    return true
  }

  /** Counts bytes that have moved already; may go into debt, and asks nobody. */
  spend(bytes: number, now: number): void {
    for (const { level } of this.#levels) {
      level.#fill(now)
      level.#tokens -= bytes
    }
  }

  /** When `take` is worth trying; `now` when at once, Infinity when a level has rate 0. */
  availableAt(bytes: number, now: number): number {
    let ahead = 0
    let at = now
    for (const { level, child } of this.#levels) {
      level.#fill(now)
      const place = level.#waiters.findIndex((waiter) => waiter.child === child)
      const before = place < 0 ? level.#waiters : level.#waiters.slice(0, place)
      for (const waiter of before) ahead += waiter.bytes
      at = Math.max(at, level.#whenAbove(ahead, now))
      if (before.length > 0) at = Math.max(at, now + RETRY_MS)
    }
    return at
  }

  /** It wants nothing more: gives up its turn at every level. */
  withdraw(): void {
    for (const { level, child } of this.#levels) {
      // A parent keeps its place while others of its children wait.
      if (child === this || child.#waiters.length === 0) level.#remove(child)
    }
  }

  #most(): number {
    return (this.#bytesPerSecond * BURST_MS) / 1000
  }

  #fill(now: number): void {
    if (now <= this.#filledAt) return
    const filled = this.#tokens + (this.#bytesPerSecond * (now - this.#filledAt)) / 1000
    this.#tokens = Math.min(this.#most(), filled)
    this.#filledAt = now
  }

  #passes(child: TokenBucket, now: number): boolean {
    this.#fill(now)
    if (this.#tokens <= 0) return false
    for (;;) {
      const first = this.#waiters[0]
      if (first === undefined || first.child === child) return true
      first.turnSince ??= now
      if (now - first.turnSince < TURN_MS) return false
      this.#waiters.shift()
    }
  }

  #wait(child: TokenBucket, bytes: number): void {
    const waiter = this.#waiters.find((other) => other.child === child)
    if (waiter === undefined) this.#waiters.push({ child, bytes, turnSince: undefined })
    else waiter.bytes = bytes
  }

  #remove(child: TokenBucket): void {
    const at = this.#waiters.findIndex((waiter) => waiter.child === child)
    if (at >= 0) this.#waiters.splice(at, 1)
  }

  /** When there are more than `bytes` tokens. */
  #whenAbove(bytes: number, now: number): number {
    if (this.#tokens > bytes || !Number.isFinite(this.#bytesPerSecond)) return now
    if (this.#bytesPerSecond === 0) return Number.POSITIVE_INFINITY
    return now + Math.floor(((bytes - this.#tokens) * 1000) / this.#bytesPerSecond) + 1
  }
}
