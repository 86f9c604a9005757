// Forwarder (§1.4): repeats what a remote peer has to the followers that asked for it, from the LeaderStart on.
//
// What the remote peer said before is not replayed, as published. Haves of one moment go out as one message, and a
// piece is told to a follower once, whichever of its remote peers had it first.

import { Bitfield, type PeerId } from '@bt/primitives'
import type { PeerHandle } from '@bt/swarm'
import { FORWARDED_MAX } from './classic-messages.ts'

/** Destinations that one follower may ask for: all peers of the tables' network. */
export const DESTINATIONS_MAX = 1024

export class Forwarder {
  readonly #pieceCount: number
  readonly #followersOf = new Map<PeerId, Set<PeerHandle>>()
  /** What each follower was told, or is about to be. */
  readonly #told = new Map<PeerHandle, Bitfield>()
  readonly #destinations = new Map<PeerHandle, Set<PeerId>>()
  readonly #waiting = new Map<PeerHandle, number[]>()

  constructor(pieceCount: number) {
    this.#pieceCount = pieceCount
  }

  /** False: it asked for too many. */
  register(follower: PeerHandle, destination: PeerId): boolean {
    const destinations = this.#destinations.get(follower) ?? new Set<PeerId>()
    if (!destinations.has(destination) && destinations.size >= DESTINATIONS_MAX) return false
    this.#destinations.set(follower, destinations.add(destination))
    const followers = this.#followersOf.get(destination) ?? new Set<PeerHandle>()
    this.#followersOf.set(destination, followers.add(follower))
    return true
  }

  /** The destination has a piece that we lack. */
  has(destination: PeerId, piece: number): void {
    for (const follower of this.#followersOf.get(destination) ?? []) {
      const told = this.#told.get(follower) ?? new Bitfield(this.#pieceCount)
      this.#told.set(follower, told)
      if (follower.pieces.has(piece) || !told.set(piece)) continue
      const waiting = this.#waiting.get(follower) ?? []
      if (waiting.length === 0) this.#waiting.set(follower, waiting)
      waiting.push(piece)
    }
  }

  get isWaiting(): boolean {
    return this.#waiting.size > 0
  }

  /** What is to be said now; pieces that `isHad` are left out: their own `have` says it. */
  *take(isHad: (piece: number) => boolean): Generator<[follower: PeerHandle, pieces: number[]]> {
    for (const [follower, waiting] of this.#waiting) {
      const pieces = waiting.filter((piece) => !isHad(piece))
      for (let at = 0; at < pieces.length; at += FORWARDED_MAX) {
        yield [follower, pieces.slice(at, at + FORWARDED_MAX)]
      }
    }
    this.#waiting.clear()
  }

  left(follower: PeerHandle): void {
    for (const destination of this.#destinations.get(follower) ?? []) {
      const followers = this.#followersOf.get(destination)
      followers?.delete(follower)
      if (followers?.size === 0) this.#followersOf.delete(destination)
    }
    this.#destinations.delete(follower)
    this.#told.delete(follower)
    this.#waiting.delete(follower)
  }
}
