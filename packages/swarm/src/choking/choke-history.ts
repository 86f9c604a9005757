// What peers and their addresses got from us, kept beyond their connections, so that reconnecting resets nothing.

/** Addresses remembered; past it the one heard of longest ago is forgotten. */
export const ADDRESSES_MAX = 4_096

interface Entry {
  sentBytes: number
  lastTurn: number
}

export class ChokeHistory<P> {
  readonly #byAddress = new Map<string, Entry>()
  /** For each connected peer: its address, what was counted of it, and its own last turn (all there is on loopback). */
  readonly #peers = new Map<
    P,
    { readonly address: string | undefined; counted: number; lastTurn: number }
  >()

  /** `sentBytes` is what this connection got in all. */
  sent(peer: P, address: string | undefined, sentBytes: number): void {
    let known = this.#peers.get(peer)
    if (known === undefined) {
      known = { address, counted: 0, lastTurn: Number.NEGATIVE_INFINITY }
      this.#peers.set(peer, known)
    }
    if (address !== undefined && sentBytes > known.counted) {
      this.#entry(address).sentBytes += sentBytes - known.counted
    }
    known.counted = sentBytes
  }

  /** Payload that all connections of an address got. */
  sentTo(address: string | undefined): number {
    return address === undefined ? 0 : (this.#byAddress.get(address)?.sentBytes ?? 0)
  }

  turnEnded(peer: P, now: number): void {
    const known = this.#peers.get(peer)
    if (known === undefined) return
    known.lastTurn = now
    if (known.address !== undefined) this.#entry(known.address).lastTurn = now
  }

  /** When the peer, or any other of its address, last gave up a slot; −Infinity: never. */
  lastTurn(peer: P, address: string | undefined): number {
    const own = this.#peers.get(peer)?.lastTurn ?? Number.NEGATIVE_INFINITY
    const ofAddress = address === undefined ? undefined : this.#byAddress.get(address)
    return Math.max(own, ofAddress?.lastTurn ?? own)
  }

  /** It got so many bytes over its connection. */
  left(peer: P, sentBytes: number): void {
    const known = this.#peers.get(peer)
    if (known === undefined) return
    this.sent(peer, known.address, sentBytes)
    this.#peers.delete(peer)
  }

  #entry(address: string): Entry {
    const entry = this.#byAddress.get(address) ?? {
      sentBytes: 0,
      lastTurn: Number.NEGATIVE_INFINITY,
    }
    this.#byAddress.delete(address)
    this.#byAddress.set(address, entry)
    if (this.#byAddress.size > ADDRESSES_MAX) {
      for (const oldest of this.#byAddress.keys()) {
        this.#byAddress.delete(oldest)
        break
      }
    }
    return entry
  }
}
