// Which of our pieces each peer is told of: the bitfield of a new connection, a have for each new piece, and
// lt_donthave (BEP 54) for one that is gone. What a policy hides is kept back per peer until it says otherwise.
//
// A have is urgent where the peer may act on it now. One that it cannot act on waits for company, half a minute at
// most: half of all haves tell of a piece that the peer has itself, and most others go to peers that we choke and that
// are interested in us anyway.

import type { PieceGeometry } from '@bt/metainfo'
import { Bitfield, type ReadonlyBitfield } from '@bt/primitives'
import type { Peer } from '../peers/peer.ts'
import { SMALL_TALK_MS_MAX, smallTalkMs } from '../peers/small-talk.ts'
import type { PolicySeat } from '../policy-seat.ts'

export interface HavesParts {
  readonly have: ReadonlyBitfield
  readonly geometry: PieceGeometry
  readonly seat: PolicySeat
  /** False: one by one from the start. */
  readonly bitfield: boolean
  /** False: every have is urgent. */
  readonly isPatient: boolean
  readonly peers: () => Iterable<Peer>
  readonly peerCount: () => number
  /** How many peers have a piece. */
  readonly availabilityOf: (piece: number) => number
}

/** A piece is rare while at most one of so many peers has it. */
const RARE_SHARE = 4
/** Milliseconds that a have waits for company at most, and one choke round. */
const COMPANY_MS = 30_000

export class Haves {
  readonly #parts: HavesParts
  /** What each peer was told; kept only where a policy hides pieces. */
  readonly #shown = new Map<Peer, Bitfield>()
  #saidAllAt = 0

  /** Nobody reads it: that it is kept keeps the glances, see `ChannelReader.glance`. */
  glanced = 0

  constructor(parts: HavesParts) {
    this.#parts = parts
  }

  /** Right after the handshake: everything it may see, in one message. */
  greet(peer: Peer): void {
    const { have, seat, bitfield } = this.#parts
    if (!bitfield) {
      peer.session.sendPieces(new Bitfield(have.length))
      this.catchUp(peer)
    } else if (seat.hidesPieces) this.#greetWithSome(peer)
    else peer.session.sendPieces(have)
  }

  #greetWithSome(peer: Peer): void {
    const { have, seat } = this.#parts
    const shown = new Bitfield(have.length)
    for (let piece = 0; piece < have.length; piece++) {
      if (have.has(piece) && seat.reveals(piece, peer)) shown.set(piece)
    }
    this.#shown.set(peer, shown)
    peer.session.sendPieces(shown)
  }

  /** It was greeted before we knew the geometry (magnet): single haves, as a bitfield must come first. */
  catchUp(peer: Peer): void {
    if (this.#parts.seat.hidesPieces) this.#shown.set(peer, new Bitfield(this.#parts.have.length))
    this.#showAll(peer)
  }

  gained(piece: number): void {
    const { hidesPieces } = this.#parts.seat
    const isPatient = this.#isPatient
    const waitMs = this.#waitMs(piece)
    for (const peer of this.#parts.peers()) this.glanced = (this.glanced + peer.glanceAt(piece)) | 0
    for (const peer of this.#parts.peers()) {
      if (hidesPieces) this.#show(peer, piece)
      else this.#tell(peer, piece, isPatient, waitMs)
    }
  }

  /** It has lost interest in us: what we have not told yet may change that. */
  disinterested(peer: Peer): void {
    peer.session.sendWaiting()
    if (peer.session.hasOutput) peer.touch()
  }

  /** Once a choke round: nothing waits for ever. */
  tick(now: number): void {
    if (now - this.#saidAllAt < COMPANY_MS) return
    this.#saidAllAt = now
    for (const peer of this.#parts.peers()) this.disinterested(peer)
  }

  lost(piece: number): void {
    for (const peer of this.#parts.peers()) {
      const shown = this.#shown.get(peer)
      if (this.#parts.seat.hidesPieces && shown?.clear(piece) !== true) continue
      if (!peer.session.speaks('lt_donthave')) continue
      peer.session.sendDontHave(piece)
      peer.touch()
    }
  }

  /** The policy may show more now. */
  changed(only: Peer | undefined, piece: number | undefined): void {
    const peers = only === undefined ? this.#parts.peers() : [only]
    for (const peer of peers) {
      if (!this.#shown.has(peer)) continue
      if (piece === undefined) this.#showAll(peer)
      else if (this.#parts.have.has(piece)) this.#show(peer, piece)
    }
  }

  left(peer: Peer): void {
    this.#shown.delete(peer)
  }

  #showAll(peer: Peer): void {
    const { have } = this.#parts
    for (let piece = 0; piece < have.length; piece++) if (have.has(piece)) this.#show(peer, piece)
  }

  #show(peer: Peer, piece: number): void {
    const { seat } = this.#parts
    if (seat.hidesPieces) {
      const shown = this.#shown.get(peer)
      if (shown === undefined || shown.has(piece) || !seat.reveals(piece, peer)) return
      shown.set(piece)
    }
    this.#tell(peer, piece, this.#isPatient, 0)
  }

  #tell(peer: Peer, piece: number, isPatient: boolean, waitMs: number): void {
    const isPrompt = isPatient ? this.#parts.seat.promptHaves(peer, piece) : true
    if (isPrompt === false) peer.tellHave(piece, !peer.pieces.has(piece), SMALL_TALK_MS_MAX)
    else peer.tellHave(piece, isPrompt === true || isUrgent(peer, piece, waitMs === 0), waitMs)
  }

  /** A piece that few have is waited for; of any other one, the rest hear soon enough. */
  #waitMs(piece: number): number {
    const { peerCount, availabilityOf } = this.#parts
    const peers = peerCount()
    return availabilityOf(piece) * RARE_SHARE <= peers ? 0 : smallTalkMs(peers)
  }

  /** When we have all, everybody is told at once: they may want to part. */
  get #isPatient(): boolean {
    const { have, isPatient } = this.#parts
    return isPatient && have.count < have.length
  }
}

/** It may want the piece from us now, or its choice of pieces should know. */
function isUrgent(peer: Peer, piece: number, isRare: boolean): boolean {
  if (peer.pieces.has(piece)) return false
  return isRare || !peer.session.peerInterested || !peer.session.amChoking
}
