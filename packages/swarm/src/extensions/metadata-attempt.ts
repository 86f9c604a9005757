// One try to put metadata together: of one length, from everybody who speaks of that length or from one peer alone.

import { METADATA_PIECE_LENGTH } from '@bt/wire'

interface Asked<P> {
  readonly peer: P
  readonly at: number
}

export class MetadataAttempt<P> {
  readonly totalLength: number
  readonly pieceCount: number
  /** The only peer that is asked; undefined: all that speak of this length. */
  readonly solo: P | undefined
  readonly startedAt: number
  readonly #pieces: (Uint8Array | undefined)[] = []
  readonly #suppliers = new Set<P>()
  readonly #asked = new Map<number, Asked<P>>()
  #received = 0
  #bytes = 0
  #cursor = 0

  constructor(totalLength: number, solo: P | undefined, now: number) {
    this.totalLength = totalLength
    this.pieceCount = Math.ceil(totalLength / METADATA_PIECE_LENGTH)
    this.solo = solo
    this.startedAt = now
  }

  get received(): number {
    return this.#received
  }

  get bytes(): number {
    return this.#bytes
  }

  get isComplete(): boolean {
    return this.#received === this.pieceCount
  }

  suppliers(): readonly P[] {
    return [...this.#suppliers]
  }

  openOf(peer: P): number {
    let open = 0
    for (const asked of this.#asked.values()) if (asked.peer === peer) open++
    return open
  }

  /** A piece that is neither here nor asked for; undefined: none. */
  nextPiece(): number | undefined {
    while (this.#cursor < this.pieceCount && this.#pieces[this.#cursor] !== undefined)
      this.#cursor++
    for (let piece = this.#cursor; piece < this.pieceCount; piece++) {
      if (this.#pieces[piece] === undefined && !this.#asked.has(piece)) return piece
    }
    return undefined
  }

  ask(piece: number, peer: P, now: number): void {
    this.#asked.set(piece, { peer, at: now })
  }

  /** Copies the piece. False: it was not asked of this peer. */
  take(piece: number, peer: P, bytes: Uint8Array): boolean {
    if (this.#asked.get(piece)?.peer !== peer || this.#pieces[piece] !== undefined) return false
    this.#asked.delete(piece)
    this.#pieces[piece] = bytes.slice()
    this.#suppliers.add(peer)
    this.#received++
    this.#bytes += bytes.length
    return true
  }

  /** It will not send this piece. */
  refused(piece: number, peer: P): boolean {
    return this.#asked.get(piece)?.peer === peer && this.#asked.delete(piece)
  }

  left(peer: P): void {
    for (const [piece, asked] of this.#asked) if (asked.peer === peer) this.#asked.delete(piece)
  }

  /** Takes back what was asked before `since`; answers of whom. */
  late(since: number): ReadonlySet<P> {
    const slow = new Set<P>()
    for (const [piece, asked] of this.#asked) {
      if (asked.at > since) continue
      this.#asked.delete(piece)
      slow.add(asked.peer)
    }
    return slow
  }

  /** When the oldest request was made; Infinity: none is open. */
  get oldestAskAt(): number {
    let oldest = Number.POSITIVE_INFINITY
    for (const { at } of this.#asked.values()) oldest = Math.min(oldest, at)
    return oldest
  }

  /** All of it, in one fresh array. */
  whole(): Uint8Array {
    const whole = new Uint8Array(this.totalLength)
    for (const [piece, bytes] of this.#pieces.entries()) {
      if (bytes !== undefined) whole.set(bytes, piece * METADATA_PIECE_LENGTH)
    }
    return whole
  }
}
