// The info dictionary of a magnet from peers (BEP 9): from several at once, believed only when its hash is right.
//
// Every length that somebody speaks of is tried beside the others, so a liar holds up nobody but himself. A whole
// with a wrong hash is thrown away unread; after that the same length is fetched from single peers, so that the next
// failure has a name. Memory is taken as data comes, never on a peer's word.

import { type InfoHash, type InfoHashV2, sha1, sha256, toHex } from '@bt/primitives'
import type { MetadataMessage } from '@bt/wire'
import { backOff } from '../peers/back-off.ts'
import { MetadataAttempt } from './metadata-attempt.ts'
import { METADATA_LIMITS, type MetadataLimits } from './metadata-limits.ts'

/** However often a peer was tried alone, it is given no longer than this while others wait. */
const SOLO_MS_MAX = 3_600_000

export type MetadataAction<P> =
  | { readonly type: 'request'; readonly peer: P; readonly piece: number }
  /** Told once, last: the bytes are the caller's. */
  | { readonly type: 'done'; readonly infoBytes: Uint8Array }
  /** It supplied wrong metadata alone (`drop`), or with others. */
  | { readonly type: 'blame'; readonly peer: P; readonly reason: string; readonly drop: boolean }

/** What the metadata must hash to: all that is given. */
export interface MetadataWanted {
  readonly infoHashV1?: InfoHash
  readonly infoHashV2?: InfoHashV2
}

interface Supplier<P> {
  readonly peer: P
  totalLength: number
  /** Not asked before, in ms. */
  notBefore: number
  /** Attempts from it alone so far. */
  solos: number
}

export class MetadataExchange<P> {
  readonly #wanted: MetadataWanted
  readonly #limits: MetadataLimits
  readonly #suppliers = new Map<P, Supplier<P>>()
  #attempts: MetadataAttempt<P>[] = []
  /** Lengths of which a mixed attempt was wrong: only single peers are believed. */
  readonly #soloLengths = new Set<number>()
  #actions: MetadataAction<P>[] = []
  #isDone = false
  /** When suppliers were last looked at, in ms. */
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(wanted: MetadataWanted, limits?: Partial<MetadataLimits>) {
    this.#wanted = wanted
    this.#limits = { ...METADATA_LIMITS, ...limits }
  }

  /** Of the attempt that is furthest: pieces of 16 KiB. `total` undefined: nobody has spoken of a length. */
  get progress(): { readonly received: number; readonly total: number | undefined } {
    let best: MetadataAttempt<P> | undefined
    for (const attempt of this.#attempts) {
      if (best === undefined || attempt.received > best.received) best = attempt
    }
    return { received: best?.received ?? 0, total: best?.pieceCount }
  }

  /** Peers that said they have it. */
  get supplierCount(): number {
    return this.#suppliers.size
  }

  /** Its extension handshake, with `metadata_size` as it came: what makes no sense is as if it were not there. */
  offered(peer: P, metadataSize: unknown, now: number): void {
    const length = typeof metadataSize === 'number' ? metadataSize : 0
    if (!Number.isSafeInteger(length) || length < 1 || length > this.#limits.lengthMax) return
    const known = this.#suppliers.get(peer)
    if (known?.totalLength === length) return
    if (known !== undefined) this.left(peer, now)
    this.#suppliers.set(peer, { peer, totalLength: length, notBefore: now, solos: 0 })
    this.#ask(now)
  }

  received(peer: P, message: MetadataMessage, now: number): void {
    if (this.#isDone) return
    if (message.type === 'data') this.#data(peer, message, now)
    else if (message.type === 'reject') this.#rejected(peer, message.piece, now)
    this.#ask(now)
  }

  left(peer: P, now: number): void {
    if (!this.#suppliers.delete(peer)) return
    this.#attempts = this.#attempts.filter((attempt) => {
      attempt.left(peer)
      return attempt.solo !== peer
    })
    this.#ask(now)
  }

  /** Drain after every call. */
  next(): MetadataAction<P> | undefined {
    return this.#actions.shift()
  }

  /** When `tick` has something to do; Infinity: nothing until a peer speaks. */
  deadline(): number {
    if (this.#isDone) return Number.POSITIVE_INFINITY
    let first = Number.POSITIVE_INFINITY
    for (const attempt of this.#attempts) {
      first = Math.min(first, attempt.oldestAskAt + this.#limits.answerMs)
      if (attempt.solo !== undefined) first = Math.min(first, this.#soloEnd(attempt))
    }
    for (const supplier of this.#suppliers.values()) {
      if (supplier.notBefore > this.#lookedAt) first = Math.min(first, supplier.notBefore)
    }
    return first
  }

  tick(now: number): void {
    if (this.#isDone) return
    for (const attempt of this.#attempts) {
      for (const peer of attempt.late(now - this.#limits.answerMs)) this.#pause(peer, now)
    }
    this.#attempts = this.#attempts.filter((attempt) => {
      if (attempt.solo === undefined) return true
      const supplier = this.#suppliers.get(attempt.solo)
      if (supplier === undefined || supplier.notBefore > now) return false
      return now < this.#soloEnd(attempt) || !this.#someoneWaits(attempt.totalLength)
    })
    this.#ask(now)
  }

  #data(peer: P, message: MetadataMessage & { readonly type: 'data' }, now: number): void {
    const supplier = this.#suppliers.get(peer)
    if (supplier === undefined) return
    if (supplier.totalLength !== message.totalLength) {
      this.#blame(peer, 'its metadata changed its length', false)
      this.left(peer, now)
      return
    }
    const attempt = this.#attempts.find((one) => one.take(message.piece, peer, message.bytes))
    if (attempt?.isComplete === true) this.#completed(attempt)
    else if (attempt !== undefined) this.#makeRoom()
  }

  #completed(attempt: MetadataAttempt<P>): void {
    const infoBytes = attempt.whole()
    this.#drop(attempt)
    if (this.#isRight(infoBytes)) {
      this.#isDone = true
      this.#attempts = []
      this.#actions = [{ type: 'done', infoBytes }]
      return
    }
    const suppliers = attempt.suppliers()
    const alone = suppliers.length === 1
    if (!alone) this.#soloLengths.add(attempt.totalLength)
    for (const peer of suppliers) {
      this.#blame(peer, 'metadata with a wrong hash', alone)
      if (alone) this.#suppliers.delete(peer)
    }
  }

  #rejected(peer: P, piece: number, now: number): void {
    for (const attempt of this.#attempts) {
      if (attempt.refused(piece, peer)) this.#pause(peer, now)
    }
  }

  /** It is left alone for a while; what else it was asked for goes to others. */
  #pause(peer: P, now: number): void {
    const supplier = this.#suppliers.get(peer)
    if (supplier !== undefined) supplier.notBefore = now + this.#limits.pauseMs
    for (const attempt of this.#attempts) attempt.left(peer)
  }

  #ask(now: number): void {
    if (this.#isDone) return
    this.#lookedAt = now
    for (const supplier of this.#suppliers.values()) {
      if (supplier.notBefore > now) continue
      const attempt = this.#attemptFor(supplier, now)
      if (attempt === undefined) continue
      while (attempt.openOf(supplier.peer) < this.#limits.requestsPerPeerMax) {
        const piece = attempt.nextPiece()
        if (piece === undefined) break
        attempt.ask(piece, supplier.peer, now)
        this.#actions.push({ type: 'request', peer: supplier.peer, piece })
      }
    }
  }

  #attemptFor(supplier: Supplier<P>, now: number): MetadataAttempt<P> | undefined {
    const { peer, totalLength } = supplier
    const same = this.#attempts.filter((attempt) => attempt.totalLength === totalLength)
    if (!this.#soloLengths.has(totalLength))
      return same[0] ?? this.#begin(totalLength, undefined, now)
    const own = same.find((attempt) => attempt.solo === peer)
    if (own !== undefined || same.length >= this.#limits.soloMax) return own
    // Whoever has been tried least goes first.
    for (const other of this.#suppliers.values()) {
      if (other.totalLength !== totalLength || other.notBefore > now) continue
      if (other.solos < supplier.solos && !same.some((one) => one.solo === other.peer))
        return undefined
    }
    supplier.solos++
    return this.#begin(totalLength, peer, now)
  }

  #begin(totalLength: number, solo: P | undefined, now: number): MetadataAttempt<P> {
    const attempt = new MetadataAttempt<P>(totalLength, solo, now)
    this.#attempts.push(attempt)
    return attempt
  }

  #drop(attempt: MetadataAttempt<P>): void {
    this.#attempts = this.#attempts.filter((other) => other !== attempt)
  }

  /** Beyond the bytes that may be kept, the attempt that the fewest peers support is dropped. */
  #makeRoom(): void {
    const bytes = this.#attempts.reduce((sum, attempt) => sum + attempt.bytes, 0)
    if (bytes <= this.#limits.bufferedMax) return
    let least: MetadataAttempt<P> | undefined
    for (const attempt of this.#attempts) {
      if (attempt.bytes === 0) continue
      if (least === undefined || this.#support(attempt) <= this.#support(least)) least = attempt
    }
    if (least === undefined) return
    this.#drop(least)
    for (const peer of least.suppliers()) this.#suppliers.delete(peer)
  }

  #support({ totalLength }: MetadataAttempt<P>): number {
    let support = 0
    for (const supplier of this.#suppliers.values()) {
      if (supplier.totalLength === totalLength) support++
    }
    return support
  }

  #soloEnd(attempt: MetadataAttempt<P>): number {
    const solos = attempt.solo === undefined ? 1 : (this.#suppliers.get(attempt.solo)?.solos ?? 1)
    return attempt.startedAt + backOff(this.#limits.soloMs, solos, SOLO_MS_MAX)
  }

  #someoneWaits(totalLength: number): boolean {
    for (const { peer, totalLength: its, notBefore } of this.#suppliers.values()) {
      if (its !== totalLength || notBefore > this.#lookedAt) continue
      if (!this.#attempts.some((attempt) => attempt.solo === peer)) return true
    }
    return false
  }

  #blame(peer: P, reason: string, drop: boolean): void {
    this.#actions.push({ type: 'blame', peer, reason, drop })
  }

  #isRight(infoBytes: Uint8Array): boolean {
    const { infoHashV1, infoHashV2 } = this.#wanted
    if (infoHashV1 !== undefined && toHex(sha1(infoBytes)) !== infoHashV1) return false
    return infoHashV2 === undefined || toHex(sha256(infoBytes)) === infoHashV2
  }
}
