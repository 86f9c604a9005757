// How many connections and dials a session may have: in all, at one time, and with one address.
//
// Dials wait in the order they asked, so no torrent starves another. Addresses are counted as IPv4 or IPv6 /64;
// loopback is not counted.

import type { SessionLimits } from '../options.ts'
import { addressKey } from './known-peers.ts'

export class ConnectionCaps {
  readonly #limits: SessionLimits
  readonly #byAddress = new Map<string, number>()
  readonly #waiting = new Set<() => void>()
  #connections = 0
  #dials = 0

  constructor(limits: SessionLimits) {
    this.#limits = limits
  }

  /** Connections, dials under way included. */
  get connections(): number {
    return this.#connections
  }

  get isFull(): boolean {
    return this.#connections >= this.#limits.connectionsMax
  }

  get dials(): number {
    return this.#dials
  }

  /** Counts a connection with this host, or answers false. */
  connect(host: string): boolean {
    if (this.#connections >= this.#limits.connectionsMax) return false
    const key = addressKey(host)
    if (key !== undefined) {
      const count = this.#byAddress.get(key) ?? 0
      if (count >= this.#limits.connectionsPerAddressMax) return false
      this.#byAddress.set(key, count + 1)
    }
    this.#connections++
    return true
  }

  /** The connection, or the dial that did not become one, is over. */
  disconnect(host: string): void {
    this.#connections--
    const key = addressKey(host)
    if (key !== undefined) {
      const count = (this.#byAddress.get(key) ?? 1) - 1
      if (count > 0) this.#byAddress.set(key, count)
      else this.#byAddress.delete(key)
    }
    this.#wake()
  }

  /** Takes a slot to dial; false: `waiter` is called once when there may be one. Keep it to one function object. */
  takeDial(waiter: () => void): boolean {
    if (this.#dials < this.#limits.dialsMax && this.#connections < this.#limits.connectionsMax) {
      this.#dials++
      return true
    }
    this.#waiting.add(waiter)
    return false
  }

  /** The dial ended, well or badly. */
  freeDial(): void {
    this.#dials--
    this.#wake()
  }

  /** `waiter` does not want to dial any more. */
  forget(waiter: () => void): void {
    this.#waiting.delete(waiter)
  }

  #wake(): void {
    if (this.#dials >= this.#limits.dialsMax) return
    const [first] = this.#waiting
    if (first === undefined) return
    this.#waiting.delete(first)
    first()
  }
}
