// One peer as the picker sees it: what may be asked of it, what was, and whether it is interesting.
//
// `had` of a scope narrows what it has, `promised` adds pieces it does not have yet (soft requests). A piece it
// refused is left alone for a while, so that a peer that rejects everything is not asked in a loop. BEP 6.

import { backOff } from '../peers/back-off.ts'
import type { PieceScope } from '../policy.ts'
import type { Holding } from './availability.ts'
import type { AskKind, PartialPiece } from './partial-pieces.ts'
import type { ServiceRate } from './service-rate.ts'

/** What a peer that has sent us nothing yet is believed to send: a share of an ordinary uplink. Nobody is tried who is expected to send nothing. */
export const UNKNOWN_BYTES_PER_SECOND = 131_072
/** After a reject the peer is not asked for that piece for so long. */
export const REFUSAL_MS = 30_000
/** A piece that it alone spoiled is not asked of it for as long, then twice as long, up to this. */
const SPOILED_MS_MAX = 3_600_000
/** Refusals remembered per peer; past it the oldest is forgotten. */
export const REFUSALS_MAX = 512
/** Allowed-fast pieces believed per peer: BEP 6 speaks of 10, and the list is the peer's to grow. */
export const ALLOWED_FAST_MAX = 128

/** Why a request ended without data; 'crossed': rejected by a peer that chokes us. */
export type EndedWhy = 'rejected' | 'crossed' | 'choked' | 'expired' | 'cancelled'

// What most peers of a large swarm never need is made when it is needed.
const NO_NUMBERS: ReadonlySet<number> = new Set()
const NO_BITS = new Uint8Array(0)
const NOTHING_ASKED: ReadonlyMap<PartialPiece<never>, number> = new Map()

export class Asker<P> {
  readonly peer: P
  readonly holding: Holding
  scope: PieceScope | undefined
  onParole = false
  doubted = false
  /** The piece it has to itself at the moment. */
  lead: PartialPiece<P> | undefined
  /** Pieces whose blocks it was asked for, with how many. */
  asked: ReadonlyMap<PartialPiece<P>, number> = NOTHING_ASKED
  /** Blocks of all of them. */
  askedBlocks = 0
  /** Blocks asked of it that others had been asked for, by `blockKey`. */
  duplicates: ReadonlySet<number> = NO_NUMBERS
  /** Pieces that we need and may ask it for, now or when it unchokes us. */
  wanted = 0
  toldInteresting = false
  /** The picker's version at which there was nothing for it, and until when (ms) that is believed; −1: look again. */
  idleAt = -1
  idleUntil = 0
  /** The version of the open pieces at which none below `barrenBefore` suited it; −1: look again. */
  barrenAt = -1
  barrenBefore = 0
  /** What came from it of late, as told at its last pick. */
  bytesPerSecond = 0
  /** How it serves us, live. */
  service: ServiceRate | undefined
  allowedFast: ReadonlySet<number> = NO_NUMBERS
  #refused: Map<number, number> | undefined
  /** When the first of them ends, at the earliest. */
  #firstEnd = Number.POSITIVE_INFINITY
  /** How often it alone sent a piece that was wrong. */
  #spoiled: Map<number, number> | undefined

  /** `may` as a value: it is asked of piece after piece. */
  readonly suits: (piece: number) => boolean

  constructor(peer: P, holding: Holding) {
    this.peer = peer
    this.holding = holding
    this.suits = (piece) => this.may(piece) !== undefined
  }

  /** What it offers changed: look at everything again. */
  lookAgain(): void {
    this.idleAt = -1
    this.barrenAt = -1
  }

  /** Whether we may ask for a piece if it is needed, and how; refusals apart. */
  offers(piece: number): AskKind | undefined {
    if (this.holding.has(piece) && isHadInScope(this.scope, piece)) return 'firm'
    if (this.scope?.promised?.has(piece) !== true) return undefined
    return this.scope.promisedBusy === true ? 'firm' : 'soft'
  }

  /** The same, without pieces that it refused lately. */
  may(piece: number): AskKind | undefined {
    return this.#refused?.has(piece) === true ? undefined : this.offers(piece)
  }

  /** Pieces outside of this do not suit it; undefined: there may be any. */
  get onlyOf(): Uint8Array | undefined {
    if (this.wanted === 0 && !this.offersAll) return NO_BITS
    return this.scope?.promised === undefined ? this.holding.bits : undefined
  }

  /** True while it has everything and no scope narrows it: interest is then the torrent's own. */
  get offersAll(): boolean {
    return this.holding.bits === undefined && (this.scope === undefined || this.scope.had === 'all')
  }

  /** A reject of a peer that chokes us is about the choke that it crossed, unless the piece was allowed fast. */
  isRefusal(piece: number, why: EndedWhy): boolean {
    return why === 'rejected' || (why === 'crossed' && this.allowedFast.has(piece))
  }

  refused(piece: number, now: number): void {
    this.#leave(piece, now + REFUSAL_MS)
  }

  /** What it sent for the piece was wrong: it is left alone with it, longer each time. */
  spoiled(piece: number, now: number): void {
    const spoiled = (this.#spoiled ??= new Map())
    const times = spoiled.get(piece) ?? 0
    if (times > 0 || spoiled.size < REFUSALS_MAX) spoiled.set(piece, times + 1)
    this.#leave(piece, now + backOff(REFUSAL_MS, times + 1, SPOILED_MS_MAX))
  }

  #leave(piece: number, until: number): void {
    const refused = (this.#refused ??= new Map())
    refused.delete(piece)
    refused.set(piece, until)
    this.#firstEnd = Math.min(this.#firstEnd, until)
    if (refused.size <= REFUSALS_MAX) return
    for (const oldest of refused.keys()) {
      refused.delete(oldest)
      return
    }
  }

  /** Forgets refusals that are over. */
  expire(now: number): void {
    const refused = this.#refused
    if (refused === undefined || now < this.#firstEnd) return
    this.#firstEnd = Number.POSITIVE_INFINITY
    for (const [piece, until] of refused) {
      if (until > now) {
        this.#firstEnd = Math.min(this.#firstEnd, until)
        continue
      }
      refused.delete(piece)
      this.lookAgain()
    }
  }

  allow(piece: number): void {
    if (this.allowedFast.size >= ALLOWED_FAST_MAX) return
    this.allowedFast = new Set(this.allowedFast).add(piece)
  }

  /** Milliseconds until all that was asked of it is here; Infinity: it has sent nothing of late. */
  waitMs(blockLength: number): number {
    if (this.bytesPerSecond <= 0) return Number.POSITIVE_INFINITY
    return (this.askedBlocks * blockLength * 1000) / this.bytesPerSecond
  }

  /** The same, by how it served us while it was asked, and with so many blocks more. */
  queueMs(blockLength: number, more: number, now: number): number {
    const blocks = this.askedBlocks + more
    const perMs = this.service?.perMs(now) ?? 0
    if (perMs > 0) return (blocks * blockLength) / perMs
    // nothing has come: its first block takes as long as it has taken, and more
    const waitedMs = this.service?.askedMs(now) ?? 0
    return blocks * ((1000 * blockLength) / UNKNOWN_BYTES_PER_SECOND + waitedMs)
  }

  /** The piece that it was asked for first, of those that are not here. */
  get firstAsked(): PartialPiece<P> | undefined {
    for (const partial of this.asked.keys()) return partial
    return undefined
  }

  countAsked(partial: PartialPiece<P>, by: 1 | -1): void {
    if (this.asked === NOTHING_ASKED) this.asked = new Map()
    const asked = this.asked as Map<PartialPiece<P>, number>
    const count = (asked.get(partial) ?? 0) + by
    this.askedBlocks += by
    if (count === 0) asked.delete(partial)
    else asked.set(partial, count)
  }

  countDuplicate(key: number): void {
    if (this.duplicates === NO_NUMBERS) this.duplicates = new Set()
    ;(this.duplicates as Set<number>).add(key)
  }

  forgetDuplicate(key: number): void {
    if (this.duplicates.size > 0) (this.duplicates as Set<number>).delete(key)
  }
}

/** Within a scope, may the peer be asked for a piece that it has? */
function isHadInScope(scope: PieceScope | undefined, piece: number): boolean {
  if (scope === undefined || scope.had === 'all') return true
  return scope.had !== 'none' && scope.had.has(piece)
}

/** May it be asked for, had or promised? */
export function isInScope(scope: PieceScope | undefined, piece: number): boolean {
  return isHadInScope(scope, piece) || scope?.promised?.has(piece) === true
}
