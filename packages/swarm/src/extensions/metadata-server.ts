// Serving the info dictionary to others (BEP 9), so many pieces a second and no more: a flood is rejected, not served.

import { METADATA_PIECE_LENGTH, type MetadataMessage } from '@bt/wire'
import { METADATA_SERVING, type MetadataServing } from './metadata-limits.ts'

/** Pieces that may go, refilled by time. */
interface Allowance {
  pieces: number
  at: number
}

export class MetadataServer<P> {
  readonly #infoBytes: Uint8Array
  readonly #limits: MetadataServing
  readonly #pieceCount: number
  readonly #peers = new Map<P, Allowance>()
  readonly #all: Allowance

  /** `infoBytes` is kept and must not change. */
  constructor(infoBytes: Uint8Array, limits?: Partial<MetadataServing>) {
    this.#infoBytes = infoBytes
    this.#limits = { ...METADATA_SERVING, ...limits }
    this.#pieceCount = Math.ceil(infoBytes.length / METADATA_PIECE_LENGTH)
    this.#all = { pieces: this.#limits.piecesAtOnce, at: Number.NEGATIVE_INFINITY }
  }

  /** The answer to send. Its bytes are a view of the metadata. */
  requested(
    peer: P,
    piece: number,
    now: number,
  ): Extract<MetadataMessage, { readonly type: 'data' } | { readonly piece: number }> {
    const exists = Number.isSafeInteger(piece) && piece >= 0 && piece < this.#pieceCount
    if (!exists || !this.#mayHave(peer, now)) return { type: 'reject', piece }
    const begin = piece * METADATA_PIECE_LENGTH
    const bytes = this.#infoBytes.subarray(begin, begin + METADATA_PIECE_LENGTH)
    return { type: 'data', piece, totalLength: this.#infoBytes.length, bytes }
  }

  left(peer: P): void {
    this.#peers.delete(peer)
  }

  #mayHave(peer: P, now: number): boolean {
    const { copiesAtOnce, copyMs, piecesAtOnce, piecesPerSecond } = this.#limits
    const most = copiesAtOnce * this.#pieceCount
    const own = this.#peers.get(peer) ?? { pieces: most, at: now }
    this.#peers.set(peer, own)
    refill(own, this.#pieceCount / copyMs, most, now)
    refill(this.#all, piecesPerSecond / 1000, piecesAtOnce, now)
    if (own.pieces < 1 || this.#all.pieces < 1) return false
    own.pieces--
    this.#all.pieces--
    return true
  }
}

function refill(allowance: Allowance, perMs: number, most: number, now: number): void {
  allowance.pieces = Math.min(most, allowance.pieces + Math.max(0, now - allowance.at) * perMs)
  allowance.at = now
}
