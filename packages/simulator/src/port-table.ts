// Who has which port on one host: sockets bound to all its addresses or to one.

/** First and last port that is handed out when none is asked for (RFC 6335). */
const EPHEMERAL_FIRST = 49_152
const EPHEMERAL_LAST = 65_535

interface Bound<T> {
  /** Undefined: all addresses. */
  readonly host: string | undefined
  readonly value: T
}

export class PortTable<T> {
  readonly #bound = new Map<number, Bound<T>[]>()
  #next = EPHEMERAL_FIRST

  /** Somebody has this port at this address, or one of the two wants all addresses (`host` undefined). */
  isTaken(port: number, host: string | undefined): boolean {
    const there = this.#bound.get(port) ?? []
    return there.some(
      (other) => host === undefined || other.host === undefined || other.host === host,
    )
  }

  /** Where it is not taken. */
  bind(port: number, host: string | undefined, value: T): void {
    const there = this.#bound.get(port)
    if (there === undefined) this.#bound.set(port, [{ host, value }])
    else there.push({ host, value })
  }

  unbind(port: number, value: T): void {
    const left = this.#bound.get(port)?.filter((bound) => bound.value !== value)
    if (left === undefined) return
    if (left.length === 0) this.#bound.delete(port)
    else this.#bound.set(port, left)
  }

  /** Who gets what is sent to this address and port. */
  find(port: number, address: string): T | undefined {
    const there = this.#bound.get(port)
    return there?.find((bound) => bound.host === undefined || bound.host === address)?.value
  }

  /** A port nobody has; the next one each time, so that late packets of the last user go nowhere. */
  free(): number {
    for (;;) {
      const port = this.#next
      this.#next = port === EPHEMERAL_LAST ? EPHEMERAL_FIRST : port + 1
      if (!this.#bound.has(port)) return port
    }
  }
}
