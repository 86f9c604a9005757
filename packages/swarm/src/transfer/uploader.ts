// Serves peers' requests: from memory where the piece is lent, one peer's turn after the other, within the budgets.
//
// The wire session has refused what may not be served at all (choked, out of range, beyond our reqq). Here a request
// waits for its piece (held), for the disk, for the channel or for a budget, and is then sent without a copy: the
// store's memory goes down with the header and comes back when the channel has sent it.

import type { PieceGeometry, PieceIndex } from '@bt/metainfo'
import type { PieceStore } from '@bt/piece-store'
import type { Alarm, Clock } from '@bt/ports'
import type { Peer } from '../peers/peer.ts'
import type { Turn } from '../peers/turn.ts'
import type { PolicySeat } from '../policy-seat.ts'
import type { TokenBucket } from './byte-budget.ts'
import { type Desk, deskOf, isHelped, NONE_ALLOWED, type Waiting } from './desk.ts'
import type { Meters } from './meters.ts'
import { SendAhead } from './send-ahead.ts'

/** Milliseconds until the store is asked again when all its memory was lent. */
export const BUSY_RETRY_MS = 50

export interface UploaderParts {
  readonly store: PieceStore
  readonly geometry: PieceGeometry
  readonly seat: PolicySeat
  readonly meters: Meters
  readonly clock: Clock
  readonly turn: Turn
  /** A leaf of the upload budgets of torrent and session. */
  readonly budgetFor: (now: number) => TokenBucket
}

export class Uploader {
  readonly #parts: UploaderParts
  readonly #desks = new Set<Desk>()
  /** Those that held something when it was last looked at. */
  readonly #holders = new Set<Desk>()
  /** Peers with something to serve, in turn. */
  readonly #ready = new Set<Desk>()
  readonly #pump = (): void => this.#serve()
  #alarm: Alarm | undefined
  #alarmAt = Number.POSITIVE_INFINITY
  /** Blocks handed to channels that have not left them. */
  #underWay = 0
  /** The one choked peer that is served now. */
  #helped: Desk | undefined

  constructor(parts: UploaderParts) {
    this.#parts = parts
  }

  joined(peer: Peer): void {
    const desk: Desk = {
      peer,
      budget: this.#parts.budgetFor(peer.now),
      queue: [],
      held: [],
      ahead: new SendAhead(),
      loading: false,
      allowedFast: NONE_ALLOWED,
    }
    peer.desk = desk
    this.#desks.add(desk)
  }

  left(peer: Peer): void {
    const desk = deskOf(peer)
    if (desk === undefined) return
    desk.queue = []
    desk.held = []
    desk.budget.withdraw()
    this.#ready.delete(desk)
    this.#holders.delete(desk)
    this.#desks.delete(desk)
    peer.desk = undefined
  }

  /** We told it that it may ask for these while choked. */
  allowFast(peer: Peer, piece: number): void {
    const desk = deskOf(peer)
    if (desk !== undefined) desk.allowedFast = new Map(desk.allowedFast).set(piece, 0)
  }

  /** Requests of this peer that wait for an answer. */
  waitingOf(peer: Peer): number {
    const desk = deskOf(peer)
    return desk === undefined ? 0 : desk.queue.length + desk.held.length
  }

  requested(
    peer: Peer,
    event: { readonly piece: number; readonly begin: number; readonly length: number },
  ): void {
    const desk = deskOf(peer)
    const { piece, begin, length } = event
    if (desk === undefined || !this.#admitted(desk, piece, length)) {
      peer.session.reject(piece, begin, length)
      return
    }
    const { store, seat } = this.#parts
    const open: Waiting = { peer, piece, begin, length, since: peer.now, held: false }
    if (store.have.has(piece)) {
      desk.queue.push(open)
      this.#wake(desk)
      return
    }
    const holdMs = seat.hold(peer, piece, desk.held.length)
    if (holdMs <= 0) {
      peer.session.reject(piece, begin, length)
      return
    }
    open.held = true
    desk.held.push(open)
    this.#holders.add(desk)
    peer.session.hold(piece, begin, length, peer.now + holdMs)
  }

  /** Cancelled by the peer, or its hold ended; the session has answered. */
  withdrawn(
    peer: Peer,
    event: { readonly piece: number; readonly begin: number; readonly length: number },
  ): void {
    const desk = deskOf(peer)
    if (desk === undefined) return
    const others = (open: Waiting): boolean =>
      open.piece !== event.piece || open.begin !== event.begin || open.length !== event.length
    desk.queue = desk.queue.filter(others)
    desk.held = desk.held.filter(others)
  }

  /** We choked it; the session has rejected what may be rejected. */
  choked(peer: Peer): void {
    const desk = deskOf(peer)
    if (desk === undefined) return
    const fast = (open: Waiting): boolean => peer.fast && desk.allowedFast.has(open.piece)
    desk.queue = desk.queue.filter(fast)
    desk.held = desk.held.filter(fast)
    if (desk.queue.length === 0) desk.budget.withdraw()
  }

  /** A piece is here: who waited for it is served. */
  pieceArrived(piece: number): void {
    for (const desk of this.#holders) {
      if (desk.held.length === 0) this.#holders.delete(desk)
      const now = desk.held.filter((open) => open.piece === piece)
      if (now.length === 0) continue
      desk.held = desk.held.filter((open) => open.piece !== piece)
      for (const open of now) {
        open.held = false
        desk.queue.push(open)
      }
      this.#wake(desk)
    }
  }

  /** Its channel has room again. */
  writable(peer: Peer): void {
    const desk = deskOf(peer)
    if (desk !== undefined) this.#wake(desk)
  }

  /** A policy's budgets are others now: whoever waited looks again. */
  budgetChanged(): void {
    for (const desk of this.#desks) this.#wake(desk)
  }

  /** Ends the alarm; requests that still come are rejected. */
  close(): void {
    this.#alarm?.cancel()
    this.#alarmAt = Number.POSITIVE_INFINITY
    for (const { peer } of Array.from(this.#desks)) this.left(peer)
  }

  /** BEP 6: a choked peer may have each byte of an allowed-fast piece once, while no other choked one is served. */
  #admitted(desk: Desk, piece: number, length: number): boolean {
    if (!this.#parts.seat.mayServe(desk.peer)) return false
    if (!desk.peer.session.amChoking) return true
    const served = desk.allowedFast.get(piece)
    if (served === undefined) return false
    if (served + length > this.#parts.geometry.lengthOf(piece as PieceIndex)) return false
    if (this.#helped !== undefined && this.#helped !== desk && isHelped(this.#helped)) return false
    this.#helped = desk
    desk.allowedFast = new Map(desk.allowedFast).set(piece, served + length)
    return true
  }

  #wake(desk: Desk): void {
    if (desk.queue.length === 0) return
    this.#ready.add(desk)
    this.#parts.turn.later(this.#pump)
  }

  /** One block for each peer in turn, until nobody can take more now. */
  #serve(): void {
    const now = this.#parts.clock.now()
    const { policy } = this.#parts.seat
    if (policy?.serve !== undefined) return this.#serveChosen(now)
    while (this.#ready.size > 0) {
      for (const desk of Array.from(this.#ready)) {
        const open = desk.queue[0]
        if (open === undefined || !this.#serveOne(desk, open, now)) this.#ready.delete(desk)
      }
    }
  }

  /** The policy says which of all open requests is next. */
  #serveChosen(now: number): void {
    for (;;) {
      const offered: Waiting[] = []
      for (const desk of this.#ready) {
        if (!this.#hasRoom(desk)) continue
        const [oldest] = desk.queue
        if (oldest !== undefined) offered.push(oldest)
      }
      if (offered.length === 0) break
      const answer = this.#parts.seat.policy?.serve?.(offered, now) ?? offered[0]
      if (answer === 'later' && this.#underWay > 0) return
      const chosen = answer === 'later' ? offered[0] : answer
      const desk = chosen === undefined ? undefined : deskOf(chosen.peer as Peer)
      if (desk === undefined || chosen === undefined) break
      if (!this.#serveOne(desk, chosen as Waiting, now)) this.#ready.delete(desk)
    }
    this.#ready.clear()
  }

  #hasRoom(desk: Desk): boolean {
    const { peer } = desk
    return !peer.isClosed && peer.fullSince === undefined && !desk.loading && desk.ahead.hasRoom
  }

  /** False: this peer can take nothing now; whatever it waits for wakes it. */
  #serveOne(desk: Desk, open: Waiting, now: number): boolean {
    if (!this.#hasRoom(desk)) return false
    const { store } = this.#parts
    const { peer, piece, begin, length } = open
    const lent = store.lend(piece, begin, length)
    if (lent === undefined) {
      this.#load(desk, open)
      return false
    }
    if (!this.#affordable(desk, length, now)) {
      lent.release()
      return false
    }
    remove(desk.queue, open)
    desk.ahead.handed(length)
    this.#underWay++
    const sent = peer.session.sendBlock(piece, begin, lent.bytes, () => {
      lent.release()
      desk.ahead.sent(length, now, this.#parts.clock.now())
      this.#left(desk, piece, length)
      // The peer ends the turn when all blocks of one write are told: their successors go out as one write too.
      if (!peer.isClosed) this.#wake(desk)
    })
    if (!sent) {
      this.#underWay--
      lent.release()
      desk.ahead.sent(length, now, now)
      return true
    }
    this.#served(desk, piece, length, now)
    return true
  }

  /** A block left its channel, or went down with it: whoever was told to wait may be next. */
  #left({ peer }: Desk, piece: number, bytes: number): void {
    const { seat, turn } = this.#parts
    this.#underWay--
    if (seat.observes && !peer.isClosed) seat.observe({ type: 'sent', peer, piece, bytes })
    if (this.#ready.size > 0) turn.later(this.#pump)
  }

  #served(desk: Desk, piece: number, length: number, now: number): void {
    const { meters, seat } = this.#parts
    const { peer } = desk
    peer.sentBytes += length
    peer.touch()
    meters.served(length, now)
    if (seat.observes) seat.observe({ type: 'served', peer, piece, bytes: length })
  }

  /** Takes from the policy's budget and from ours, or from neither. */
  #affordable(desk: Desk, length: number, now: number): boolean {
    const own = this.#parts.seat.budget(desk.peer)
    if (own !== undefined) {
      const at = own.availableAt(length, now)
      if (at > now) return this.#waitUntil(at)
    }
    if (!desk.budget.take(length, now)) return this.#waitUntil(desk.budget.availableAt(length, now))
    own?.take(length, now)
    return true
  }

  #waitUntil(timeMs: number): false {
    if (timeMs >= this.#alarmAt || timeMs === Number.POSITIVE_INFINITY) return false
    this.#alarm?.cancel()
    this.#alarmAt = timeMs
    this.#alarm = this.#parts.clock.at(timeMs, () => {
      this.#alarmAt = Number.POSITIVE_INFINITY
      for (const desk of this.#desks) this.#wake(desk)
      this.#parts.turn.end()
    })
    return false
  }

  #load(desk: Desk, open: Waiting): void {
    const { store, turn, clock } = this.#parts
    desk.loading = true
    store.load(open.piece, open.begin, (error) => {
      desk.loading = false
      if (error !== undefined && 'code' in error && error.code === 'BUSY') {
        this.#waitUntil(clock.now() + BUSY_RETRY_MS)
      } else {
        if (error !== undefined && desk.queue.includes(open)) {
          remove(desk.queue, open)
          desk.peer.session.reject(open.piece, open.begin, open.length)
          desk.peer.touch()
        }
        this.#wake(desk)
      }
      turn.end()
    })
  }
}

function remove(queue: Waiting[], open: Waiting): void {
  const at = queue.indexOf(open)
  if (at >= 0) queue.splice(at, 1)
}
