// Whether members keep what they promised (§2.2): what each of a site served, by its own count, against the upload it declared.
//
// Looked at from announce to announce. Who served less than a tenth of what others did of theirs, twice in a row, promised too
// much. Nothing is said of anybody while the site asks for little. Who lies in both figures is not found out.

import {
  PROMISE_BROKEN_SHARE,
  PROMISE_MS,
  PROMISE_OTHERS_MAX,
  PROMISE_OTHERS_MIN,
  PROMISE_SHARE_MIN,
} from './limits.ts'

interface Served {
  /** When it last announced that so many bytes were sent. */
  at: number
  bytes: number
  /** Between the two announces before: what it served of what it promised, 1 = all. */
  share: number | undefined
  from: number
  /** How often in a row that was too little. */
  brokenTimes: number
}

export class Promises {
  readonly #served = new Map<string, Served>()
  /** Who was looked at last, each once, the newest at the end. */
  readonly #latest = new Set<Served>()

  /** It announced; `upload`: bytes per second that it declares, 0: none. True: it promises too much. */
  announced(member: string, upload: number, sentBytes: number, now: number): boolean {
    const before = this.#served.get(member)
    if (before === undefined || upload === 0 || sentBytes < before.bytes) {
      this.left(member)
      this.#served.set(member, {
        at: now,
        bytes: sentBytes,
        share: undefined,
        from: now,
        brokenTimes: 0,
      })
      return false
    }
    const ms = now - before.at
    if (ms < PROMISE_MS) return before.brokenTimes > 1
    before.share = (1000 * (sentBytes - before.bytes)) / (ms * upload)
    before.from = before.at
    before.at = now
    before.bytes = sentBytes
    before.brokenTimes = this.#isBroken(before) ? before.brokenTimes + 1 : 0
    this.#looked(before)
    return before.brokenTimes > 1
  }

  left(member: string): void {
    const served = this.#served.get(member)
    this.#served.delete(member)
    if (served !== undefined) this.#latest.delete(served)
  }

  #looked(one: Served): void {
    this.#latest.delete(one)
    this.#latest.add(one)
    for (const oldest of this.#latest) {
      if (this.#latest.size <= PROMISE_OTHERS_MAX + 1) return
      this.#latest.delete(oldest)
    }
  }

  #isBroken(one: Served): boolean {
    const others: number[] = []
    for (const other of this.#latest) {
      if (other !== one && other.share !== undefined && other.at > one.from)
        others.push(other.share)
    }
    if (others.length < PROMISE_OTHERS_MIN) return false
    const middle = others.toSorted((a, b) => a - b)[others.length >> 1] as number
    return middle >= PROMISE_SHARE_MIN && (one.share as number) < PROMISE_BROKEN_SHARE * middle
  }
}
