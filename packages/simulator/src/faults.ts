// What goes wrong by itself, as probabilities, and the n-th call that goes wrong because a test says so.

import type { StorageErrorCode } from '@bt/ports'
import type { Prng } from '@bt/primitives'

/** All are 0 when not given. A network's `faults` may be changed while it runs. */
export interface Faults {
  /** Share of dials that fail: half are refused, half never hear anything. */
  dialFailure: number
  /** Share of chunks in which one bit is flipped on the way (past TCP's checksum). */
  corruptChunk: number
  /** Share of datagrams that are lost, that come twice, and that are overtaken by later ones. */
  datagramLoss: number
  datagramDuplicate: number
  datagramReorder: number
  /** Share of names that are not found although they exist. */
  resolveFailure: number
  /** Share of disk operations that fail: READ_FAILED or WRITE_FAILED. */
  diskError: number
  /**
   * Of every so many milliseconds, the last `partitionForMs` see the hosts cut in two at random, each time
   * otherwise. 0: never.
   */
  partitionEveryMs: number
  partitionForMs: number
}

export const NO_FAULTS: Readonly<Faults> = {
  dialFailure: 0,
  corruptChunk: 0,
  datagramLoss: 0,
  datagramDuplicate: 0,
  datagramReorder: 0,
  resolveFailure: 0,
  diskError: 0,
  partitionEveryMs: 0,
  partitionForMs: 0,
}

/** True in about `share` of the calls. Draws nothing when `share` is 0. */
export function chance(random: Prng, share: number): boolean {
  return share > 0 && random.uint32() < share * 0x100000000
}

/** Kinds of port calls that can be made to fail, one by one. */
export type CallKind =
  | 'dial'
  | 'listen'
  | 'send'
  | 'open-datagrams'
  | 'send-datagram'
  | 'resolve'
  | 'http'
  | 'open-storage'
  | 'read'
  | 'write'
  | 'stat'
  | 'truncate'
  | 'sync'
  | 'remove'
  | 'load'
  | 'save'
  | 'forget'
  | 'hash'

export interface CallFailure {
  /** Number of the call, from 1. */
  readonly number: number
  readonly kind: CallKind
  /** What a disk operation answers; absent: READ_FAILED or WRITE_FAILED, whichever fits. */
  readonly code: StorageErrorCode | undefined
}

/** Every port call of a host that can fail is numbered: run once, read `made`, then fail each of them in turn. */
export class PortCalls {
  /** Calls so far, over all lives of the host. */
  made = 0
  /** Calls that were made to fail. */
  readonly failed: CallFailure[] = []
  readonly #failing = new Map<number, StorageErrorCode | undefined>()

  /** The call of this number (from 1) is going to fail. */
  failAt(number: number, code?: StorageErrorCode): void {
    this.#failing.set(number, code)
  }

  /** For adapters: one more call; answers how it fails, or undefined. */
  next(kind: CallKind): CallFailure | undefined {
    const number = ++this.made
    if (this.#failing.size === 0 || !this.#failing.has(number)) return undefined
    const failure = { number, kind, code: this.#failing.get(number) }
    this.#failing.delete(number)
    this.failed.push(failure)
    return failure
  }
}
