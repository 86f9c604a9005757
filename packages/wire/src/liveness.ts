// When a connection is given up and when it must say something: the handshake's absolute deadline, idling, keep-alives.
//
// What was heard and said last is kept in whole milliseconds: it is written with every message, and small whole numbers
// lie in the object itself.

import { WireError } from './errors.ts'
import type { ConnectionLimits } from './wire-limits.ts'

/** Times are milliseconds on the machine's clock. */
export class Liveness {
  #heardAt: number
  #saidAt: number
  #open = false
  readonly #handshakeBy: number
  readonly #limits: ConnectionLimits

  constructor(limits: ConnectionLimits, now: number) {
    this.#limits = limits
    this.#handshakeBy = now + limits.handshakeMs
    this.#heardAt = Math.floor(now)
    this.#saidAt = this.#heardAt
  }

  opened(now: number): void {
    this.#open = true
    this.heard(now)
  }

  /** Any byte counts: a block that takes minutes is slow, not dead. */
  heard(now: number): void {
    if (now >= this.#heardAt + 1) this.#heardAt = Math.floor(now)
  }

  /** When any byte came last, in whole ms. */
  get heardAt(): number {
    return this.#heardAt
  }

  said(now: number): void {
    if (now >= this.#saidAt + 1) this.#saidAt = Math.floor(now)
  }

  get livenessDeadline(): number {
    if (!this.#open) return this.#handshakeBy
    return Math.min(this.#heardAt + this.#limits.idleMs, this.#saidAt + this.#limits.keepAliveMs)
  }

  /**
   * True: a keep-alive is due.
   * @throws {WireError} TIMED_OUT, blame remote
   */
  isKeepAliveDue(now: number): boolean {
    if (!this.#open) {
      if (now < this.#handshakeBy) return false
      throw timedOut(`no whole handshake within ${this.#limits.handshakeMs} ms`)
    }
    if (now >= this.#heardAt + this.#limits.idleMs) {
      throw timedOut(`nothing heard for ${now - this.#heardAt} ms, limit ${this.#limits.idleMs}`)
    }
    return now >= this.#saidAt + this.#limits.keepAliveMs
  }
}

function timedOut(message: string): WireError {
  return new WireError('TIMED_OUT', 'remote', message)
}
