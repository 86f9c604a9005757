// What anybody may ask a session about itself: phase, flags, what the peer has, what is open in both directions.

import type { PieceGeometry } from '@bt/metainfo'
import type { ReadonlyBitfield } from '@bt/primitives'
import type { Owed } from './answer-book.ts'
import type { Phase } from './connection-phase.ts'
import type { Asked } from './request-book.ts'
import type { SessionState } from './session-state.ts'
import type { ConnectionLimits } from './wire-limits.ts'

export class SessionFacts {
  readonly #state: SessionState

  constructor(state: SessionState) {
    this.#state = state
  }

  get role(): 'dialed' | 'accepted' {
    return this.#state.role
  }
  get phase(): Phase {
    return this.#state.phase
  }
  /** Refused, failed or closed. */
  get closed(): boolean {
    return this.#state.phase === 'closed'
  }
  get limits(): ConnectionLimits {
    return this.#state.limits
  }
  get amChoking(): boolean {
    return this.#state.amChoking
  }
  get amInterested(): boolean {
    return this.#state.amInterested
  }
  get peerChoking(): boolean {
    return this.#state.peerChoking
  }
  get peerInterested(): boolean {
    return this.#state.peerInterested
  }
  /** Both sides have the fast extension (BEP 6). */
  get fast(): boolean {
    return this.#state.fast
  }
  /** Both sides have the extension protocol (BEP 10). */
  get extended(): boolean {
    return this.#state.extended
  }
  get version(): '1' | '2' {
    return this.#state.version
  }
  /** Known with the metadata. */
  get geometry(): PieceGeometry | undefined {
    return this.#state.geometry
  }
  /** Undefined until the geometry is known; replaced with each 'pieces' event, changed in place by 'have'. */
  get peerPieces(): ReadonlyBitfield | undefined {
    return this.#state.pieces.known
  }
  /** Requests of ours without an answer, soft ones included. */
  get requestsOpen(): number {
    return this.#state.requests.count
  }
  get requestsOpenBytes(): number {
    return this.#state.requests.bytes
  }
  get requestsSoft(): number {
    return this.#state.requests.softCount
  }
  /** How many requests the peer takes at once: its `reqq`, 250 when it said nothing. */
  get requestsOpenMax(): number {
    return this.#state.requestsOpenMax
  }
  /** Requests of the peer without an answer, held ones included. */
  get requestsFromPeer(): number {
    return this.#state.answers.count
  }
  get requestsHeld(): number {
    return this.#state.answers.heldCount
  }
  /** Requests of ours that are open, oldest first. Do not change the book while walking it. */
  openRequests(): Iterable<Readonly<Asked>> {
    return this.#state.requests.open()
  }
  /** Requests of the peer that are open, oldest first. Do not change the book while walking it. */
  openRequestsFromPeer(): Iterable<Readonly<Owed>> {
    return this.#state.answers.open()
  }
  /** Reads what a have of this piece will need, for whoever looks at many sessions at once; the number means nothing. */
  glance(piece: number): number {
    return this.#state.glance(piece)
  }
  /** The peer takes messages of this extension (and did not disable it). */
  speaks(extension: string): boolean {
    return this.#state.extensions.idOf(extension) !== undefined
  }
}
