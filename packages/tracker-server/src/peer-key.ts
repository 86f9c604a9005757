// What tells members of a swarm apart: family, address and port, as the bytes that answers carry, and a keyed hash.
//
// One key serves one announce after another, so that none of them allocates.

import type { Random } from '@bt/ports'

/** Bytes of an endpoint in an answer (BEP 7, 23). */
export type Stride = 6 | 18

export class PeerKey {
  /** 6 or 18 bytes. */
  readonly bytes = new Uint8Array(18)
  readonly halves = new Uint16Array(this.bytes.buffer)
  readonly #four = this.bytes.subarray(0, 4)
  readonly #sixteen = this.bytes.subarray(0, 16)
  stride: Stride = 6
  /** 32 bits, signed, under a secret of this tracker: nobody can choose addresses that collide. */
  hash = 0
  readonly #one: number
  readonly #other: number

  constructor(random: Random) {
    this.#one = random.below(2 ** 32) | 0
    this.#other = random.below(2 ** 32) | 0
  }

  /** 4 or 16 bytes, lent. */
  get address(): Uint8Array {
    return this.stride === 6 ? this.#four : this.#sixteen
  }

  /** From 16 bytes of address at `at` (IPv4 as mapped IPv6) and a port. */
  set(address: Uint8Array, at: number, port: number): void {
    const { bytes } = this
    if (isMapped(address, at)) {
      this.stride = 6
      bytes[0] = address[at + 12] as number
      bytes[1] = address[at + 13] as number
      bytes[2] = address[at + 14] as number
      bytes[3] = address[at + 15] as number
      bytes[4] = port >> 8
      bytes[5] = port
    } else {
      this.stride = 18
      for (let byte = 0; byte < 16; byte++) bytes[byte] = address[at + byte] as number
      bytes[16] = port >> 8
      bytes[17] = port
    }
    this.hash = this.hashOf(this.halves, 0, this.stride)
  }

  /** From an endpoint that lies in `halves` from half-word `at` on. */
  load(halves: Uint16Array, at: number, stride: Stride): void {
    this.stride = stride
    for (let half = 0; half < stride >> 1; half++) this.halves[half] = halves[at + half] as number
    this.hash = this.hashOf(this.halves, 0, stride)
  }

  /** From 6 or 18 bytes. */
  setPacked(endpoint: Uint8Array): void {
    this.stride = endpoint.length === 6 ? 6 : 18
    this.bytes.set(endpoint)
    this.hash = this.hashOf(this.halves, 0, this.stride)
  }

  /** The hash of an endpoint that lies in `halves` from half-word `at` on. */
  hashOf(halves: Uint16Array, at: number, stride: Stride): number {
    let hash = this.#one
    const end = at + (stride >> 1)
    for (let half = at; half < end; half++) {
      hash = Math.imul(hash ^ (halves[half] as number), 0x21f0aaad)
      hash ^= hash >>> 15
    }
    hash = Math.imul(hash ^ this.#other, 0x735a2d97)
    return hash ^ (hash >>> 15)
  }
}

/** Whether the 16 bytes of IPv6 at `at` hold an IPv4 address. */
export function isMapped(address: Uint8Array, at = 0): boolean {
  for (let byte = at; byte < at + 10; byte++) if (address[byte] !== 0) return false
  return address[at + 10] === 255 && address[at + 11] === 255
}
