// The part of a torrent that needs its content: built when the store is open, gone when it closes.
//
// Makes picker, trust, downloader, uploader and choker known to each other, and holds what concerns all of them:
// which pieces are wanted, what a verified or lost piece means, when everything is here.

import type { Metainfo, PieceIndex } from '@bt/metainfo'
import type { PieceStore, PieceStoreError } from '@bt/piece-store'
import type { InfoHash, ReadonlyBitfield } from '@bt/primitives'
import { allowedFastSet, type PeerEvent } from '@bt/wire'
import type { Candidate } from './choking/candidate.ts'
import { Choker } from './choking/choker.ts'
import { ChokeRounds } from './choking/choke-rounds.ts'
import { Slots } from './choking/slots.ts'
import type { Emitter } from './emitter.ts'
import type { SwarmEvents } from './events.ts'
import type { Hub } from './hub.ts'
import { mannersOf, pickerLimitsOf } from './manners.ts'
import type { TorrentOptions } from './options.ts'
import type { Peer } from './peers/peer.ts'
import type { PeerSet } from './peers/peer-set.ts'
import { type Conviction, Trust } from './peers/trust.ts'
import { Picker } from './picking/picker.ts'
import type { PolicySeat } from './policy-seat.ts'
import { piecePriorities } from './selection.ts'
import { TokenBucket } from './transfer/byte-budget.ts'
import { Downloader } from './transfer/downloader.ts'
import { Haves } from './transfer/haves.ts'
import type { Meters } from './transfer/meters.ts'
import { Uploader } from './transfer/uploader.ts'

export interface ExchangeParts {
  readonly hub: Hub
  readonly metainfo: Metainfo
  readonly store: PieceStore
  readonly seat: PolicySeat
  readonly peers: PeerSet
  readonly meters: Meters
  readonly events: Emitter<SwarmEvents>
  /** Of each file. */
  readonly priorities: readonly number[]
  readonly options: TorrentOptions
  readonly wantsNothing: (peer: Peer) => boolean
  readonly convicted: (conviction: Conviction<Peer>) => void
  /** Pieces came or went, or others are wanted: `isComplete` may differ. */
  readonly changed: () => void
  readonly pulse: (now: number) => void
}

/** An address that got more than this much of the content comes last while we seed: nobody needs it twice. */
const GREEDY_SHARE = 1.5

/** Rounds of the choker without anything to ask of anybody until other peers are wished for: pieces travel faster. */
const STARVED_ROUNDS = 3

export class Exchange {
  readonly store: PieceStore
  readonly metainfo: Metainfo
  readonly picker: Picker<Peer>
  readonly downloader: Downloader
  readonly uploader: Uploader
  readonly slots: Slots
  readonly haves: Haves
  readonly #parts: ExchangeParts
  #ofPiece: Uint8Array = new Uint8Array(0)
  readonly #unfreed: () => void
  #lookedAt: ReadonlyBitfield | undefined
  #starvedRounds = 0

  constructor(parts: ExchangeParts) {
    this.#parts = parts
    const { hub, metainfo, store, seat, peers, meters, options } = parts
    const manners = mannersOf(options)
    const { clock, random } = hub.ports
    const { geometry } = metainfo
    const { turn } = hub
    const { have } = store
    this.store = store
    this.metainfo = metainfo
    const trust = new Trust<Peer>()
    this.picker = new Picker({
      geometry,
      random,
      have,
      begin: (piece) =>
        this.#lookedAt?.has(piece) !== true && store.isVerifiable(piece) && store.begin(piece),
      discard: (piece) => this.downloader.givenUp(piece),
      limits: pickerLimitsOf(manners),
    })
    this.picker.setSequential(options.sequential ?? false)
    this.picker.setPrefer(seat.policy?.prefer)
    this.haves = new Haves({
      have,
      geometry,
      seat,
      bitfield: manners.bitfield,
      isPatient: manners.patientHaves,
      peers: () => peers.open(),
      peerCount: () => peers.size,
      availabilityOf: (piece) => this.picker.availabilityOf(piece),
    })
    this.downloader = new Downloader({
      store,
      geometry,
      picker: this.picker,
      trust,
      seat,
      meters,
      manners,
      clock,
      turn,
      verified: (piece) => this.#verified(piece),
      corrupt: (piece, suspects) => {
        const endpoints = suspects.map((peer) => peer.endpoint)
        parts.events.emit('corrupt', { piece, suspects: endpoints })
      },
      convicted: parts.convicted,
    })
    this.uploader = new Uploader({
      store,
      geometry,
      seat,
      meters,
      clock,
      turn,
      budgetFor: (now) =>
        new TokenBucket(meters.limits.peerUploadBytesPerSecond, now, meters.uploadBudget),
    })
    const { downloader, uploader } = this
    this.slots = new Slots({
      choker: new Choker<Candidate>(random, {
        slots: meters.limits.unchokeSlots,
        optimisticSlots: meters.limits.optimisticSlots,
        greedyBytes: GREEDY_SHARE * geometry.contentLength,
      }),
      rounds: new ChokeRounds(clock.now(), {
        roundMs: meters.limits.chokeRoundMs,
        optimisticMs: meters.limits.optimisticMs,
      }),
      seat,
      clock,
      turn,
      have,
      isSeeding: () => this.isComplete,
      isQuiet: () => this.isComplete && peers.openCount === 0,
      wantsNothing: parts.wantsNothing,
      snubbed: (peer, now) => downloader.snubbed(peer, now),
      receivedPerSecond: (peer, now) => downloader.bytesPerSecond(peer, now),
      choked: (peer) => uploader.choked(peer),
      pulse: parts.pulse,
    })
    this.#unfreed = hub.memory.onFreed(() => {
      this.picker.memoryFreed()
      downloader.wake()
    })
    this.select(parts.priorities)
  }

  /** Everything wanted is here. */
  get isComplete(): boolean {
    return this.picker.wantedLeft === 0
  }

  /** Complete, but not every piece is here (BEP 21). */
  get isPartialSeed(): boolean {
    return this.isComplete && this.store.have.count < this.metainfo.geometry.pieceCount
  }

  /** Wanted bytes that are not here. */
  get leftBytes(): number {
    const { geometry } = this.metainfo
    const { have } = this.store
    if (this.isComplete) return 0
    let left = 0
    for (let index = 0; index < geometry.pieceCount; index++) {
      if (!have.has(index) && this.#ofPiece[index] !== 0) {
        left += geometry.lengthOf(geometry.piece(index))
      }
    }
    return left
  }

  /** Right after the handshake: our pieces, and what it may ask for while choked (BEP 6). */
  greet(peer: Peer): void {
    this.haves.greet(peer)
    const { geometry, wireHashes } = this.metainfo
    const { have } = this.store
    const { seat, options } = this.#parts
    if (!mannersOf(options).allowedFast || seat.hidesPieces) return
    if (!peer.fast || have.count === 0) return
    const { host } = peer.endpoint
    for (const piece of allowedFastSet(host, wireHashes[0] as InfoHash, geometry.pieceCount)) {
      if (!have.has(piece)) continue
      peer.session.sendAllowedFast(piece)
      this.uploader.allowFast(peer, piece)
    }
  }

  preferChanged(): void {
    this.picker.setPrefer(this.#parts.seat.policy?.prefer)
    this.downloader.wake()
  }

  joined(peer: Peer): void {
    this.uploader.joined(peer)
    this.downloader.joined(peer)
    this.slots.joined(peer)
  }

  unchoked(peer: Peer): void {
    this.slots.gave(peer)
    this.downloader.unchoked(peer)
  }

  blockArrived(peer: Peer, event: Extract<PeerEvent, { readonly type: 'block' }>): void {
    this.slots.gave(peer)
    this.downloader.blockArrived(peer, event)
  }

  /** It wants nothing more of us. */
  disinterested(peer: Peer): void {
    this.slots.interestChanged(peer)
    this.haves.disinterested(peer)
  }

  /** Once a choke round. */
  tick(now: number): void {
    this.downloader.tick(now)
    this.haves.tick(now)
    this.#starvedRounds = this.#lacksAll() ? this.#starvedRounds + 1 : 0
  }

  /** For some rounds nobody whom we are connected to has had anything that is missing here: those who did have left, or were never met. */
  get isStarved(): boolean {
    return this.#starvedRounds >= STARVED_ROUNDS
  }

  #lacksAll(): boolean {
    if (this.isComplete) return false
    for (const peer of this.#parts.peers.open()) if (this.picker.interesting(peer)) return false
    return true
  }

  left(peer: Peer): void {
    this.uploader.left(peer)
    this.downloader.left(peer)
    this.slots.left(peer)
    this.haves.left(peer)
  }

  /** Files are as wanted as this from now on. */
  select(priorities: readonly number[]): void {
    this.#ofPiece = piecePriorities(this.metainfo.geometry, priorities)
    this.picker.setPriorities((piece) => this.#ofPiece[piece] as number)
    this.downloader.wake()
    this.slots.wake()
  }

  lost(pieces: readonly number[], error: PieceStoreError): void {
    this.downloader.forgotten(pieces)
    this.slots.wake()
    for (const index of pieces) {
      this.haves.lost(index)
      this.#parts.events.emit('lost', { piece: this.metainfo.geometry.piece(index), reason: error })
    }
    this.#parts.changed()
  }

  /** The disk may still know these, sooner than whoever claims to have them: until it has said so, nobody is asked. */
  looking(pieces: ReadonlyBitfield): void {
    this.#lookedAt = pieces
    for (let piece = 0; piece < pieces.length; piece++) {
      if (pieces.has(piece) && this.picker.isPartial(piece)) this.downloader.giveBack(piece)
    }
  }

  /** The look is over; these were lost, and are there after all. */
  looked(regained: readonly number[]): void {
    this.#lookedAt = undefined
    this.writableAgain()
    for (const piece of regained) {
      this.downloader.regained(piece)
      this.haves.gained(piece)
      this.uploader.pieceArrived(piece)
    }
    this.#parts.changed()
  }

  writableAgain(): void {
    this.picker.memoryFreed()
    this.downloader.wake()
  }

  close(): void {
    this.#unfreed()
    this.slots.close()
    this.downloader.close()
    this.uploader.close()
  }

  #verified(piece: PieceIndex): void {
    const { events } = this.#parts
    const { have } = this.store
    this.haves.gained(piece)
    this.uploader.pieceArrived(piece)
    if (have.count === 1) this.slots.changed()
    events.emit('piece', {
      piece,
      haveCount: have.count,
      pieceCount: this.metainfo.geometry.pieceCount,
    })
    this.#parts.changed()
  }
}
