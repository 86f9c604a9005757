// Answerable for pieces: asks peers for blocks, takes what comes, has it verified, blames who sent what was wrong.
//
// Step 5 to 9 of a block's walk. One synchronous call per block, no promise; the only wait is `settle`, once a
// piece. Which block is the picker's business, how many the pipeline's, who lied the trust's.

import type { PieceGeometry, PieceIndex } from '@bt/metainfo'
import type { PieceStore } from '@bt/piece-store'
import type { Clock } from '@bt/ports'
import type { ReadonlyBitfield } from '@bt/primitives'
import type { PeerEvent } from '@bt/wire'
import type { Peer } from '../peers/peer.ts'
import type { Conviction, Trust } from '../peers/trust.ts'
import type { Turn } from '../peers/turn.ts'
import type { Picker } from '../picking/picker.ts'
import { isInScope } from '../picking/asker.ts'
import type { Withdrawn } from '../picking/ask-book.ts'
import type { PolicySeat } from '../policy-seat.ts'
import type { PolicyFact } from '../policy.ts'
import { Arrivals } from './arrivals.ts'
import { EndgameLooks } from './endgame-looks.ts'
import { intakeOf, newIntake } from './intake.ts'
import { InterestTeller } from './interest-teller.ts'
import { Judgement } from './judgement.ts'
import type { Manners } from '../manners.ts'
import type { Meters } from './meters.ts'

/** Requests go out by an eighth of the pipeline at a time: one small write for many blocks, and it never runs dry. */
const BATCH_SHARE = 8
/**
 * Milliseconds of a peer's sending that go into one request, where it answers long ones: so much later comes what is said
 * behind a block. A peer of less than 1.6 MB/s is asked for single blocks.
 */
const STRETCH_MS = 20
/** Bytes of one request at most: beyond four blocks little is gained, and more than a read of the socket is copied twice. */
const STRETCH_MAX_BYTES = 64 * 1024

export interface DownloaderParts {
  readonly store: PieceStore
  readonly geometry: PieceGeometry
  readonly picker: Picker<Peer>
  readonly trust: Trust<Peer>
  readonly seat: PolicySeat
  readonly meters: Meters
  readonly manners: Manners
  readonly clock: Clock
  readonly turn: Turn
  /** It is in `have` now. */
  readonly verified: (piece: PieceIndex) => void
  readonly corrupt: (piece: PieceIndex, suspects: readonly Peer[]) => void
  /** Guilty of a wrong block. */
  readonly convicted: (conviction: Conviction<Peer>) => void
}

type BlockEvent = Extract<PeerEvent, { readonly type: 'block' }>
type RejectEvent = Extract<PeerEvent, { readonly type: 'reject' }>

export class Downloader {
  readonly #parts: DownloaderParts
  readonly #peers = new Set<Peer>()
  /** Peers that could take more requests than the picker had. */
  readonly #hungry = new Set<Peer>()
  readonly #judgement: Judgement
  readonly #arrivals: Arrivals
  readonly #feed = (): void => this.#feedHungry()
  readonly #interest: () => void
  readonly #teller: InterestTeller
  readonly #looks: EndgameLooks

  constructor(parts: DownloaderParts) {
    this.#parts = parts
    this.#teller = new InterestTeller({
      ...parts,
      interested: (peer) => {
        if (!this.#mayAskOf(peer)) return
        this.#hunger(peer, true)
        parts.turn.later(this.#feed)
      },
    })
    this.#looks = new EndgameLooks(parts, this.#feed, parts.manners.endgame)
    this.#interest = () => this.#teller.settle()
    this.#judgement = new Judgement({
      ...parts,
      counters: parts.meters.counters,
      withdraw: (requests) => this.#withdraw(requests),
      onParole: (peer) => this.#parole(peer),
      settled: () => this.#later(),
    })
    this.#arrivals = new Arrivals({
      ...parts,
      judgement: this.#judgement,
      cancel: (peer, block) => this.#cancel(peer, block),
      reopened: () => this.#later(),
    })
  }

  joined(peer: Peer): void {
    const { picker, seat, geometry, trust, meters } = this.#parts
    const intake = newIntake(peer, picker.joined(peer), geometry.blockLength, meters.limits)
    peer.intake = intake
    this.#peers.add(peer)
    const scope = seat.scope(peer)
    if (scope !== undefined) picker.setScope(peer, scope)
    if (trust.onParole(peer, intake.address)) picker.setParole(peer, true)
  }

  left(peer: Peer): void {
    if (!this.#peers.delete(peer)) return
    peer.intake = undefined
    this.#hungry.delete(peer)
    this.#parts.picker.left(peer)
    this.#parts.trust.left(peer)
    this.#later()
  }

  pieces(peer: Peer, pieces: ReadonlyBitfield): void {
    this.#parts.picker.pieces(peer, pieces)
    this.#parts.turn.later(this.#interest)
  }

  gained(peer: Peer, piece: number): void {
    const asker = intakeOf(peer)?.asker
    if (asker === undefined) return
    const isInterestOther = this.#parts.picker.gainedBy(asker, piece)
    if (isInterestOther) this.#parts.turn.later(this.#interest)
  }

  lost(peer: Peer, piece: number): void {
    this.#parts.picker.lost(peer, piece)
    this.#parts.turn.later(this.#interest)
  }

  allowedFast(peer: Peer, piece: number): void {
    const intake = intakeOf(peer)
    if (intake !== undefined) intake.allows = true
    this.#parts.picker.allowedFast(peer, piece)
  }

  requestsMaxOfPeer(peer: Peer): void {
    intakeOf(peer)?.pipeline.requestsMaxOfPeer(peer.session.requestsOpenMax)
  }

  choked(peer: Peer): void {
    const intake = intakeOf(peer)
    intake?.pipeline.choked(peer.now)
    intake?.asker.lookAgain()
    if (!this.#mayAskOf(peer)) this.#hunger(peer, false)
  }

  unchoked(peer: Peer): void {
    intakeOf(peer)?.pipeline.unchoked(peer.now)
  }

  /** A policy's answer changed, about scope or link: what must not be asked any more is cancelled. */
  answerChanged(peer: Peer, isScope: boolean): void {
    if (intakeOf(peer) === undefined) return
    const scope = this.#parts.seat.scope(peer)
    if (isScope) this.#parts.picker.setScope(peer, scope)
    const mayAsk = this.#parts.seat.mayAsk(peer)
    for (const open of Array.from(peer.session.openRequests())) {
      if (!mayAsk || !isInScope(scope, open.piece)) this.#cancel(peer, open)
    }
    this.#teller.tell(peer)
    this.#later()
  }

  bytesPerSecond(peer: Peer, now: number): number {
    return intakeOf(peer)?.pipeline.bytesPerSecond(now) ?? 0
  }

  snubbed(peer: Peer, now: number): boolean {
    return intakeOf(peer)?.pipeline.snubbed(now) ?? false
  }

  blockArrived(peer: Peer, event: BlockEvent): void {
    this.#arrivals.blockArrived(peer, event)
  }

  requestEnded(peer: Peer, event: RejectEvent): void {
    const { piece, begin, length } = event
    const why = event.why === 'rejected' && peer.session.peerChoking ? 'crossed' : event.why
    intakeOf(peer)?.pipeline.ended(1, peer.now)
    this.#parts.picker.ended(peer, piece, begin, why, peer.now)
    this.#tell({ type: 'failed', peer, piece, bytes: length })
    this.#later()
  }

  /** Asks for as much as there is room for. */
  fill(peer: Peer): void {
    const { session, now } = peer
    const intake = intakeOf(peer)
    const { picker, seat } = this.#parts
    if (intake === undefined || picker.isIdle(intake.asker, now)) return
    if (!session.amInterested || !this.#mayAskOf(peer) || !seat.mayAsk(peer)) return
    const choked = session.peerChoking
    const size = Math.min(intake.pipeline.size(now), session.requestsOpenMax)
    const room = size - session.requestsOpen
    if (room <= 0 || room < Math.floor(size / BATCH_SHARE)) return
    const facts = { now, bytesPerSecond: intake.pipeline.bytesPerSecond(now), choked }
    const pendingBytes = picker.receivedBytes
    const picks = picker.pickFor(intake.asker, room, facts)
    const deadlineMs = this.#parts.meters.limits.requestMs
    // Where a policy says what may be asked, it may also change its mind: blocks stay apart.
    const isPlain = !choked && seat.scope(peer) === undefined
    const stretchBytes = isPlain ? (facts.bytesPerSecond * STRETCH_MS) / 1000 : 0
    const stretchMax = Math.min(stretchBytes, STRETCH_MAX_BYTES)
    this.#parts.meters.counters.wastedBytes += pendingBytes - picker.receivedBytes
    for (const pick of picks) {
      if (pick.instead !== undefined) this.#cancel(pick.instead, pick)
      session.request(pick.piece, pick.begin, pick.length, now, {
        deadlineMs,
        soft: pick.soft,
        stretchMax,
      })
      if (seat.observes) {
        seat.observe({ type: 'requested', peer, piece: pick.piece, bytes: pick.length })
      }
    }
    if (picks.length > 0) {
      intake.pipeline.requested(picks.length, now)
      peer.touch()
      this.#parts.turn.later(this.#interest)
    }
    this.#hunger(peer, picks.length < room)
    if (this.#hungry.size > 0 && this.#looks.isUnset && picker.endgame) this.#looks.soon(now)
  }

  /** Something came back or became possible: peers with room are asked again at the end of this turn. */
  wake(): void {
    this.#later()
  }

  /** Looks for peers that fell silent; asked once a choke round. */
  tick(now: number): void {
    for (const peer of this.#peers) {
      const intake = intakeOf(peer)
      if (intake === undefined || intake.doubted || !intake.pipeline.stalled(now)) continue
      intake.doubted = true
      this.#parts.picker.doubt(peer)
    }
    this.#later()
  }

  /** Pieces that were had are not any more. */
  forgotten(pieces: readonly number[]): void {
    for (const piece of pieces) this.#withdraw(this.#parts.picker.forgotten(piece))
    this.#later()
  }

  /** It is had, and did not come from a peer. */
  regained(piece: number): void {
    this.#withdraw(this.#parts.picker.verified(piece))
    this.#later()
  }

  /** A begun piece is given up: what came of it is waste. */
  giveBack(piece: number): void {
    const { picker, meters } = this.#parts
    const pendingBytes = picker.receivedBytes
    this.givenUp(piece)
    this.#withdraw(picker.forgotten(piece))
    meters.counters.wastedBytes += pendingBytes - picker.receivedBytes
    picker.memoryFreed()
    this.#later()
  }

  /** The picker gives up a begun piece to make room; `fill` counts what came of it as waste. */
  givenUp(piece: number): void {
    this.#judgement.forget(piece)
    this.#parts.store.discard(piece)
  }

  close(): void {
    this.#looks.close()
  }

  /** It does not choke us, or allows something all the same. */
  #mayAskOf(peer: Peer): boolean {
    const { session } = peer
    return !session.peerChoking || intakeOf(peer)?.allows === true
  }

  /** Requests that have lost their purpose. */
  #withdraw(requests: readonly Withdrawn<Peer>[]): void {
    for (const request of requests) this.#cancel(request.peer, request)
  }

  #cancel(
    peer: Peer,
    block: { readonly piece: number; readonly begin: number; readonly length: number },
  ): void {
    if (!this.#parts.manners.cancels) return
    peer.session.cancel(block.piece, block.begin, block.length)
    intakeOf(peer)?.pipeline.ended(1, peer.now)
    this.#parts.picker.ended(peer, block.piece, block.begin, 'cancelled', peer.now)
    peer.touch()
    this.#hunger(peer, true)
    this.#later()
  }

  /** Trust in this peer changed. */
  #parole(peer: Peer): void {
    const intake = intakeOf(peer)
    if (intake === undefined) return
    const { picker, trust } = this.#parts
    picker.setParole(peer, trust.onParole(peer, intake.address))
  }

  #later(): void {
    this.#parts.turn.later(this.#interest)
    this.#parts.turn.later(this.#feed)
  }

  /** Every look says so, and most times it was so before. */
  #hunger(peer: Peer, isHungry: boolean): void {
    const intake = intakeOf(peer)
    if (intake === undefined || intake.isHungry === isHungry) return
    intake.isHungry = isHungry
    if (isHungry) this.#hungry.add(peer)
    else this.#hungry.delete(peer)
  }

  #feedHungry(): void {
    this.#parts.turn.begin()
    for (const peer of Array.from(this.#hungry)) {
      if (!peer.isClosed) this.fill(peer)
    }
  }

  #tell(fact: PolicyFact): void {
    if (this.#parts.seat.observes) this.#parts.seat.observe(fact)
  }
}
