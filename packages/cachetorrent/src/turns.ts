// How many are served at a time: few, a piece each, so that what is sent is soon whole somewhere and goes on from there.
//
// Eight pieces side by side come whole eight times as late as one after the other, and nobody can pass on a part. So
// whoever is served keeps its turn for a piece's worth of bytes, and the rest wait while enough turns are under way. How
// many are enough is learned (turn-limit.ts): where receivers are slow it takes more of them to fill the uplink. Where
// the uplink is declared, nobody waits while it would stand idle (uplink.ts): receivers that come from several neighbours at
// once are slow now and fast a second later, and learning is slower than that.

import type { OpenRequest, PeerHandle } from '@bt/swarm'
import { TURN_STUCK_MS, TURNS_MAX } from './limits.ts'
import { Uplink } from './uplink.ts'
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
  readonly #uplink: Uplink
  #waiting = 0
  /** What leaves is held up further on: that says nothing of our own line. */
  isHindered = false

  /** `bytes` of one turn: the length of a piece; `upload`: bytes per second that we declare, 0: not said. */
  constructor(bytes: number, upload = 0) {
    this.#bytes = bytes
    this.#uplink = new Uplink(upload)
  }

  /** When one more may be served although nothing was sent meanwhile; Infinity: it depends on what is sent. */
  opensAt(now: number): number {
    const isOpen = this.#waiting > 0 && this.#underWay(now) < TURNS_MAX
    return isOpen ? this.#uplink.leftAt(this.#bytes / 2, now) : Number.POSITIVE_INFINITY
  }

  /** Somebody was told to wait, and nobody since to go on. */
  get isWaiting(): boolean {
    return this.#waiting > 0
  }

  /** How many were told to wait when it was last asked. */
  get waiting(): number {
    return this.#waiting
  }

  isServed(peer: PeerHandle): boolean {
    return (this.#turns.get(peer)?.unsent ?? 0) > 0
  }

  /** Of these requests, those that may be served now. */
  admitted(open: readonly OpenRequest[], now: number): readonly OpenRequest[] {
    this.#endIdle(open)
    const underWay = this.#underWay(now)
    const hasRoom = underWay < TURNS_MAX && this.#uplink.leftAt(this.#bytes / 2, now) <= now
    const isFull = underWay >= this.#limit.value && !hasRoom
    const isMany = underWay >= TURNS_MAX / 2 && !this.isHindered
    this.#uplink.looked(isMany, underWay >= TURNS_MAX, now)
    const waits = ({ peer }: OpenRequest): boolean => !this.#turns.has(peer)
    if (!isFull || !open.some(waits)) {
      this.#waiting = 0
      return open
    }
    const may = open.filter(({ peer }) => (this.#turns.get(peer)?.left ?? 0) > 0)
    this.#waiting = open.length - may.length
    this.#limit.waited()
    return may
  }

  handed(peer: PeerHandle, bytes: number, now: number): void {
    this.#uplink.handed(bytes, now)
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
    this.#uplink.sent(bytes)
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
