// Whether a candidate can be reached: the tracker dials it once in a while (§2.2). Who cannot be reached does not lead.
//
// Until the answer is there a candidate may lead: a site must not wait for it. As long as nobody at all was reached, and
// again after many failures in a row, the fault is taken for ours (a firewall that lets nothing out) and nobody is blamed.

import type { Clock } from '@bt/ports'
import { type Endpoint, endpointText, type InfoHash } from '@bt/primitives'
import {
  DIAL_AGAIN_MS,
  DIALS_FAILED_MAX,
  DIALS_KNOWN_MAX,
  DIALS_MAX,
  DIALS_WAITING_MAX,
  REACHED_MS,
  UNREACHED_MS,
} from './limits.ts'

/** Dials, and answers once and not before it has returned whether a peer of the swarm was there. It ends by itself. */
export type DialBack = (
  endpoint: Endpoint,
  infoHash: InfoHash,
  done: (isThere: boolean) => void,
) => void

interface Check {
  readonly endpoint: Endpoint
  readonly infoHash: InfoHash
  readonly failed: () => void
  isSecond: boolean
}

export interface DialBackCounts {
  readonly reached: number
  readonly unreached: number
}

export class DialBacks {
  readonly #dial: DialBack
  readonly #clock: Clock
  /** Endpoints that are being checked (Infinity), or were, and until when (milliseconds) nothing is done about them. */
  readonly #known = new Map<string, number>()
  readonly #waiting: Check[] = []
  #dialling = 0
  #reached = 0
  #unreached = 0
  /** Since somebody was reached last. */
  #failedInRow = 0

  constructor(dial: DialBack, clock: Clock) {
    this.#dial = dial
    this.#clock = clock
  }

  get counts(): DialBackCounts {
    return { reached: this.#reached, unreached: this.#unreached }
  }

  /** A candidate announced; `failed` is called at most once, later, when it cannot be reached. */
  check(endpoint: Endpoint, infoHash: InfoHash, failed: () => void): void {
    const key = endpointText(endpoint)
    const now = this.#clock.now()
    if ((this.#known.get(key) ?? now) > now) return
    // What does not fit is checked at its next announce.
    if (this.#waiting.length >= DIALS_WAITING_MAX) return
    this.#settle(key, Number.POSITIVE_INFINITY, now)
    this.#begin({ endpoint, infoHash, failed, isSecond: false })
  }

  #begin(check: Check): void {
    if (this.#dialling >= DIALS_MAX) {
      this.#waiting.push(check)
      return
    }
    this.#dialling++
    this.#dial(check.endpoint, check.infoHash, (isThere) => {
      this.#dialling--
      this.#answered(check, isThere)
      const next = this.#waiting.shift()
      if (next !== undefined) this.#begin(next)
    })
  }

  #answered(check: Check, isThere: boolean): void {
    const key = endpointText(check.endpoint)
    const now = this.#clock.now()
    if (isThere) {
      this.#reached++
      this.#failedInRow = 0
      this.#settle(key, now + REACHED_MS, now)
      return
    }
    if (!check.isSecond) {
      check.isSecond = true
      this.#clock.at(now + DIAL_AGAIN_MS, () => this.#begin(check))
      return
    }
    this.#unreached++
    this.#failedInRow++
    this.#settle(key, now + UNREACHED_MS, now)
    if (this.#reached > 0 && this.#failedInRow <= DIALS_FAILED_MAX) check.failed()
  }

  /** The newest come last. */
  #settle(key: string, until: number, now: number): void {
    this.#known.delete(key)
    for (const [one, end] of this.#known) {
      if (end > now && this.#known.size < DIALS_KNOWN_MAX) break
      this.#known.delete(one)
    }
    this.#known.set(key, until)
  }
}
