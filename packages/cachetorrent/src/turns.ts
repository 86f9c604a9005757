// How many are served at a time: few, a piece each, so that what is sent is soon whole somewhere and goes on from there.
//
// Eight pieces side by side come whole eight times as late as one after the other, and nobody can pass on a part. So
// whoever is served keeps its turn for a piece's worth of bytes, and the rest wait while enough turns are under way. How
// many are enough is learned (turn-limit.ts): where receivers are slow it takes more of them to fill the uplink.

import type { OpenRequest, PeerHandle } from '@bt/swarm'
import { TURN_STUCK_MS } from './limits.ts'
import { TurnLimit } from './turn-limit.ts'

interface Turn {
  /** Bytes that it may still be handed. */
  left: number
  /** Bytes handed over and not sent. */
  unsent: number
  /** When something was handed over or sent. */
  movedAt: number
}

export class Turns {
  readonly #turns = new Map<PeerHandle, Turn>()
  readonly #limit = new TurnLimit()
  readonly #bytes: number
  #isWaiting = false

  /** `bytes` of one turn: the length of a piece. */
  constructor(bytes: number) {
    this.#bytes = bytes
  }

  /** Somebody was told to wait, and nobody since to go on. */
  get isWaiting(): boolean {
    return this.#isWaiting
  }

  /** Of these requests, those that may be served now. */
  admitted(open: readonly OpenRequest[], now: number): readonly OpenRequest[] {
    this.#endIdle(open)
    const isFull = this.#underWay(now) >= this.#limit.value
    const waits = ({ peer }: OpenRequest): boolean => !this.#turns.has(peer)
    if (!isFull || !open.some(waits)) {
      this.#isWaiting = false
      return open
    }
    const may = open.filter(({ peer }) => (this.#turns.get(peer)?.left ?? 0) > 0)
    this.#isWaiting = may.length === 0
    this.#limit.waited()
    return may
  }

  handed(peer: PeerHandle, bytes: number, now: number): void {
    let turn = this.#turns.get(peer)
    if (turn === undefined || turn.left <= 0) {
      turn = { left: this.#bytes, unsent: turn?.unsent ?? 0, movedAt: now }
      this.#turns.set(peer, turn)
    }
    turn.left -= bytes
    turn.unsent += bytes
    turn.movedAt = now
  }

  sent(peer: PeerHandle, bytes: number, now: number): void {
    this.#limit.sent(bytes, now)
    const turn = this.#turns.get(peer)
    if (turn === undefined) return
    turn.unsent -= bytes
    turn.movedAt = now
    // the next begins while the last bytes of this one leave
    if (turn.left <= 0 && turn.unsent <= this.#bytes / 2) this.#turns.delete(peer)
  }

  left(peer: PeerHandle): void {
    this.#turns.delete(peer)
  }

  /** Whoever has nothing more to ask for gives up the rest of its turn. */
  #endIdle(open: readonly OpenRequest[]): void {
    for (const [peer, { unsent }] of this.#turns) {
      if (unsent <= 0 && !open.some((request) => request.peer === peer)) this.#turns.delete(peer)
    }
  }

  /** A receiver that takes nothing holds nobody up. */
  #underWay(now: number): number {
    let count = 0
    for (const { movedAt } of this.#turns.values()) if (now - movedAt < TURN_STUCK_MS) count++
    return count
  }
}
