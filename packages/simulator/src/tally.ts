// Who sent how many bytes to whom: by host, and by pair of sites, from which everything else is summed.

export class Tally {
  #sent = new Float64Array(64)
  #received = new Float64Array(64)
  /** Slot of each ordered pair that occurs. */
  readonly #slots = new Map<number, number>()
  readonly #pairs: { readonly from: number; readonly to: number }[] = []
  #moved = new Float64Array(64)

  addHost(index: number): void {
    this.#sent = grown(this.#sent, index + 1)
    this.#received = grown(this.#received, index + 1)
  }

  /** Where the bytes from one site to another are counted: asked for once per connection. */
  slot(from: number, to: number): number {
    const key = from * 0x10000 + to
    const known = this.#slots.get(key)
    if (known !== undefined) return known
    const slot = this.#pairs.push({ from, to }) - 1
    this.#slots.set(key, slot)
    this.#moved = grown(this.#moved, slot + 1)
    return slot
  }

  /** Bytes arrived. */
  moved(from: number, to: number, slot: number, length: number): void {
    ;(this.#sent[from] as number) += length
    ;(this.#received[to] as number) += length
    ;(this.#moved[slot] as number) += length
  }

  sentBytes(host: number): number {
    return this.#sent[host] as number
  }

  receivedBytes(host: number): number {
    return this.#received[host] as number
  }

  between(from: number, to: number): number {
    const slot = this.#slots.get(from * 0x10000 + to)
    return slot === undefined ? 0 : (this.#moved[slot] as number)
  }

  /** Sums over all pairs that occurred. */
  sum(wanted: (from: number, to: number) => boolean): number {
    let bytes = 0
    for (const [slot, { from, to }] of this.#pairs.entries())
      if (wanted(from, to)) bytes += this.#moved[slot] as number
    return bytes
  }
}

function grown(array: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  if (length <= array.length) return array
  const larger = new Float64Array(2 * length)
  larger.set(array)
  return larger
}
