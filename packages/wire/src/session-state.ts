// What one connection knows: shared by the rules for hearing and the methods for speaking, owned by its PeerSession.
//
// Only facts and the few verbs that both sides need (push an event, say a message, charge a useless one, end it).

import type { PieceGeometry } from '@bt/metainfo'
import { type PeerId, invariant } from '@bt/primitives'
import { AnswerBook } from './answer-book.ts'
import { type Cause, type Phase, nextPhase } from './connection-phase.ts'
import { type Blame, WireError, type WireErrorCode } from './errors.ts'
import { ExtensionTable } from './extension-table.ts'
import type { Handshake, HandshakeHead, Identity } from './handshake.ts'
import { Liveness } from './liveness.ts'
import type { Message } from './message.ts'
import { type MessageOutput, Outbox } from './outbox.ts'
import type { PeerEvent } from './peer-event.ts'
import { PeerPieces } from './peer-pieces.ts'
import { type Asked, RequestBook } from './request-book.ts'
import type { Admission } from './session-options.ts'
import { UselessBudget } from './useless-budget.ts'
import { type ConnectionLimits, REQUESTS_UNSAID } from './wire-limits.ts'

const NO_PIECES: ReadonlySet<number> = new Set()
const NO_BYTES: ReadonlyMap<number, number> = new Map()

/** Its signs of life are a part of it, not an object of its own: every message that comes or goes is one. */
export class SessionState extends Liveness {
  // What each message needs stands first, so that it lies together in memory.
  phase: Phase = 'awaiting-head'
  /** Events wait, or the last one is still lent: nothing new may be heard before all are taken. */
  isUndrained = false
  /** The next event, and those behind it, which are rare. */
  #next: PeerEvent | undefined
  #more: PeerEvent[] | undefined
  readonly pieces: PeerPieces
  geometry: PieceGeometry | undefined
  saidPieces = false

  // The four flags.
  amChoking = true
  amInterested = false
  peerChoking = true
  peerInterested = false

  /** The deadline may be nearer than it was when somebody last asked for it; see `passTime`. */
  isHastened = true
  readonly outbox = new Outbox()
  now: number

  // Requests.
  requests = new RequestBook(1)
  answers = new AnswerBook(1)
  /** The peer's `reqq`. */
  requestsOpenMax = REQUESTS_UNSAID
  /** The peer's `reql`, in bytes; 0: it said none, and is asked for single blocks. */
  requestLengthMaxOfPeer = 0
  /** What we asked for last: what comes next may go with it (stretches.ts). */
  askedLast: Asked | undefined
  /** Pieces the peer lets us ask for while it chokes us. */
  fastFromPeer: ReadonlySet<number> = NO_PIECES
  /** Pieces we let the peer ask for while we choke it, with the bytes it may still have that way. */
  fastToPeer: ReadonlyMap<number, number> = NO_BYTES

  readonly useless: UselessBudget
  readonly extensions = new ExtensionTable()
  readonly role: 'dialed' | 'accepted'
  readonly identity: Identity
  readonly limits: ConnectionLimits

  // The handshake.
  admission: Admission | undefined
  /** The peer's, once heard. */
  head: HandshakeHead | undefined
  /** Heard before our word on 'asked' (whole handshakes come at once on the object path). */
  earlyPeerId: PeerId | undefined
  version: '1' | '2' = '1'
  fast = false
  extended = false

  constructor(
    role: 'dialed' | 'accepted',
    identity: Identity,
    limits: ConnectionLimits,
    now: number,
  ) {
    super(limits, now)
    this.role = role
    this.identity = identity
    this.limits = limits
    this.pieces = new PeerPieces(limits.piecesBeforeGeometryMax)
    this.useless = new UselessBudget(now)
    this.now = now
  }

  /** Both handshakes are known well enough to say something. */
  get maySpeak(): boolean {
    return this.phase === 'open' || this.phase === 'awaiting-peer-id'
  }

  /** Reads what a have of this piece will need, for whoever looks at many sessions at once. */
  glance(piece: number): number {
    const isOpen = this.phase === 'open' && this.outbox.isIdle
    return (
      this.requestsOpenMax + (isOpen ? 1 : 0) + (this.pieces.known?.has(piece) === true ? 1 : 0)
    )
  }

  push(event: PeerEvent): void {
    this.isUndrained = true
    if (this.#next === undefined) this.#next = event
    else if (this.#more === undefined) this.#more = [event]
    else this.#more.push(event)
  }

  shift(): PeerEvent | undefined {
    const event = this.#next
    this.#next = this.#more?.shift()
    if (this.#next === undefined) this.#more = undefined
    if (event === undefined) this.isUndrained = false
    return event
  }

  say(message: Message, sent?: () => void): void {
    this.outbox.put(message, sent)
  }

  /** All there is to send; from now on it counts as said. */
  take(): MessageOutput | undefined {
    const output = this.outbox.take()
    if (output !== undefined) this.said(this.now)
    return output
  }

  takeOnly(): Message | Handshake | undefined {
    const only = this.outbox.takeOnly()
    if (only !== undefined) this.said(this.now)
    return only
  }

  /** A message about hashes. @throws {WireError} blame local in a v1 connection (BEP 52) */
  sayV2(message: Message): void {
    if (this.version !== '2') throw this.notNow(`${message.type} in a v1 connection`)
    this.say(message)
  }

  move(cause: Cause): void {
    this.phase = nextPhase(this.phase, cause)
  }

  /** The geometry and the books that need it. */
  adopt(geometry: PieceGeometry): void {
    invariant(this.geometry === undefined, 'a geometry is adopted once')
    this.geometry = geometry
    this.isHastened = true
    this.requests = new RequestBook(geometry.pieceLength)
    this.answers = new AnswerBook(geometry.pieceLength)
  }

  /** @throws {WireError} MESSAGE_FLOOD or REQUEST_FLOOD, blame remote, when the budget is used up */
  charge(weight: number, code: 'MESSAGE_FLOOD' | 'REQUEST_FLOOD', what: string): void {
    if (!this.useless.take(weight, this.now)) {
      throw this.wrong(code, `too many messages of no use, the last: ${what}`)
    }
  }

  /** An error of the peer's. */
  wrong(code: WireErrorCode, message: string): WireError {
    return error(code, 'remote', message)
  }

  /** An error of ours. */
  misuse(code: WireErrorCode, message: string): WireError {
    return error(code, 'local', message)
  }

  /** An error of ours: a command at the wrong time. */
  notNow(what: string): WireError {
    const choked = this.peerChoking ? ', choked' : ''
    return this.misuse('MESSAGE_OUT_OF_TURN', `${what}, while ${this.phase}${choked}`)
  }

  /** Deaf and mute from now on; data lent for sending is given back. */
  end(cause: 'failed' | 'refused' | 'close-asked'): void {
    if (this.phase === 'closed') return
    this.move(cause)
    this.#next = undefined
    this.#more = undefined
    this.isUndrained = false
    this.outbox.drop()
  }
}

function error(code: WireErrorCode, blame: Blame, message: string): WireError {
  return new WireError(code, blame, message)
}
