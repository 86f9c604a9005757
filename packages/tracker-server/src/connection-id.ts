// Connection ids of UDP announces: proof that the sender can receive at its address (BEP 15).
//
// 4 bytes of time step and 4 of SipHash-2-4 over step and address, with a key from the Random port: nothing is stored,
// and a guess succeeds once in 2^32. The port is not part of it: routers change it.

import type { Random } from '@bt/ports'
import { CONNECTION_ID_STEP_MS, CONNECTION_ID_STEPS_BACK } from './limits.ts'
import { isMapped } from './peer-key.ts'
import { sipHash } from './sip-hash.ts'

export class ConnectionIds {
  readonly #key = new Uint32Array(4)
  readonly #input = new Uint8Array(20)

  /** `secret`: 16 bytes, where several are to know each other's ids. */
  constructor(random: Random, secret?: Uint8Array) {
    const bytes = new Uint8Array(this.#key.buffer)
    if (secret === undefined) random.fill(bytes)
    else bytes.set(secret.subarray(0, bytes.length))
  }

  /** Writes 8 bytes at `offset` of `target`. The address is the 16 bytes at `at` (IPv4 as mapped IPv6). */
  write(target: Uint8Array, offset: number, addresses: Uint8Array, at: number, now: number): void {
    const step = stepOf(now)
    store(target, offset, step)
    store(target, offset + 4, this.#mac(step, addresses, at))
  }

  /** Whether the 8 bytes at `offset` were given to this address in the last two to three minutes. */
  holds(
    bytes: Uint8Array,
    offset: number,
    addresses: Uint8Array,
    at: number,
    now: number,
  ): boolean {
    const step = load(bytes, offset)
    const age = (stepOf(now) - step) | 0
    if (age < 0 || age > CONNECTION_ID_STEPS_BACK) return false
    // One word against one word: there is no prefix whose length time could tell.
    return load(bytes, offset + 4) === this.#mac(step, addresses, at)
  }

  /** Of 8 bytes for IPv4 and 20 for IPv6: the digest covers the length, so that neither can stand for the other. */
  #mac(step: number, addresses: Uint8Array, at: number): number {
    const from = at + (isMapped(addresses, at) ? 12 : 0)
    store(this.#input, 0, step)
    for (let byte = from; byte < at + 16; byte++)
      this.#input[4 + byte - from] = addresses[byte] as number
    return sipHash(this.#key, this.#input, 4 + at + 16 - from)
  }
}

function stepOf(now: number): number {
  return Math.floor(now / CONNECTION_ID_STEP_MS) | 0
}

function store(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24
  target[at + 1] = value >>> 16
  target[at + 2] = value >>> 8
  target[at + 3] = value
}

/** Signed. */
function load(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  )
}
