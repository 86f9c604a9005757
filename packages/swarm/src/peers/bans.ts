// Addresses refused from now on: an IPv4 address, or an IPv6 /64. Loopback is never banned: all of a machine is there.
//
// One list for all torrents of a session: who poisoned one is not asked for another.

import { addressKey } from '@bt/primitives'

/** Addresses remembered: 1 MB. */
export const BANS_MAX = 10_000

export class Bans {
  readonly #max: number
  readonly #reasons = new Map<string, string>()

  /** Past `max` the oldest is forgotten. */
  constructor(max = BANS_MAX) {
    this.#max = max
  }

  /** False: this address cannot be banned. */
  add(host: string, reason: string): boolean {
    const address = addressKey(host)
    if (address === undefined) return false
    this.#reasons.delete(address)
    this.#reasons.set(address, reason)
    if (this.#reasons.size > this.#max) {
      for (const oldest of this.#reasons.keys()) {
        this.#reasons.delete(oldest)
        break
      }
    }
    return true
  }

  has(host: string): boolean {
    if (this.#reasons.size === 0) return false
    const address = addressKey(host)
    return address !== undefined && this.#reasons.has(address)
  }

  addresses(): readonly string[] {
    return [...this.#reasons.keys()]
  }
}
