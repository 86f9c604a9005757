// Real digests at no cost, or at a modelled one: one core that hashes so many bytes a second.

import { NetworkError } from '@bt/ports'
import type { Done, Hasher } from '@bt/ports'
import { sha1, sha256 } from '@bt/primitives'
import type { PortCalls } from './faults.ts'
import type { Life } from './life.ts'

const DIGEST = { sha1, sha256 }
/** Whoever wants to be called later and has nothing to hash asks for these. */
const OF_NOTHING = { sha1: sha1(new Uint8Array(0)), sha256: sha256(new Uint8Array(0)) }

export class SimHasher implements Hasher {
  readonly #life: Life
  readonly #calls: PortCalls
  readonly #bytesPerSecond: number
  #freeUs = 0

  /** `bytesPerSecond` Infinity: hashing takes no time. */
  constructor(life: Life, calls: PortCalls, bytesPerSecond: number) {
    this.#life = life
    this.#calls = calls
    this.#bytesPerSecond = bytesPerSecond
  }

  allocate(length: number): Uint8Array {
    return new Uint8Array(length)
  }

  digest(algorithm: 'sha1' | 'sha256', bytes: Uint8Array, done: Done<Uint8Array>): void {
    this.#work(
      bytes,
      () => (bytes.length === 0 ? OF_NOTHING[algorithm].slice() : DIGEST[algorithm](bytes)),
      done,
    )
  }

  leaves(bytes: Uint8Array, leafLength: number, done: Done<Uint8Array>): void {
    const all = (): Uint8Array => {
      const digests = new Uint8Array(32 * Math.ceil(bytes.length / leafLength))
      for (let at = 0; at * leafLength < bytes.length; at++) {
        digests.set(sha256(bytes.subarray(at * leafLength, (at + 1) * leafLength)), 32 * at)
      }
      return digests
    }
    this.#work(bytes, all, done)
  }

  /** Hashes when it is done, not before: who changes bytes that are being hashed gets the wrong digest. */
  #work(bytes: Uint8Array, work: () => Uint8Array, done: Done<Uint8Array>): void {
    const failed = this.#calls.next('hash') !== undefined
    const now = this.#life.simulation.nowUs
    const us = Math.ceil((bytes.length * 1_000_000) / this.#bytesPerSecond)
    this.#freeUs = Math.max(now, this.#freeUs) + us
    this.#life.after(this.#freeUs - now, 'hash', bytes.length, () => {
      if (failed) {
        done(new NetworkError('FAILED', 'the hasher was made to fail'), undefined as never)
      } else done(undefined, work())
    })
  }
}
