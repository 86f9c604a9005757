// From when on a leader grants after the leaders changed: not before it must have heard which claims stand.
//
// Where a leader is lost, its claims come from members that renew them, and nobody knows when all have: time opens the gate.
// Where there is only a new one beside others, as at the start of every site, all that was granted was granted by those, and
// their leases say what: when each has sent one in our term, it knows of the new leader as well, and nothing is left to wait for.

import type { PeerId } from '@bt/primitives'
import { LEASE_CLAIMS_MAX, TAKEOVER_MS } from './limits.ts'

export class GrantGate {
  #opensAt = 0
  /** Leaders whose lease has not come; undefined: time alone opens it. */
  #waitsFor: Set<PeerId> | undefined

  /** `others`: the living leaders beside us. */
  closes(lost: readonly PeerId[], others: readonly PeerId[], now: number): void {
    const waitsForTime = now < this.#opensAt && this.#waitsFor === undefined
    this.#opensAt = now + TAKEOVER_MS
    this.#waitsFor = lost.length > 0 || waitsForTime ? undefined : new Set(others)
  }

  /** A lease of our term; one that is full may not say everything. */
  heardLease(from: PeerId, claimCount: number, now: number): void {
    if (this.#waitsFor === undefined || claimCount >= LEASE_CLAIMS_MAX) return
    this.#waitsFor.delete(from)
    if (this.#waitsFor.size === 0) this.#opensAt = Math.min(this.#opensAt, now)
  }

  isOpen(now: number): boolean {
    return now >= this.#opensAt
  }
}
