// Addresses refused from now on: an IPv4 address, or an IPv6 /64. Loopback is never banned: all of a machine is there.

import { addressKey } from '@bt/primitives'

export class Bans {
  readonly #max: number
  readonly #reasons = new Map<string, string>()

  /** Past `max` the oldest is forgotten. */
  constructor(max: number) {
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
    const address = addressKey(host)
    return address !== undefined && this.#reasons.has(address)
  }

  addresses(): readonly string[] {
    return [...this.#reasons.keys()]
  }
}
