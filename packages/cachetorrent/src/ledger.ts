// Which payload crossed into the site through us, and why (rule 8): every byte has a reason.

import type { PeerHandle } from '@bt/swarm'

/**
 * 'claim': the site's first copy, granted by its arbiter; 'again': granted a second time, because the claim before ended
 * without the piece or whoever had it is gone; 'standby': granted while the leader that decides was silent; 'plain': no
 * leaders are known; 'no-arbiter': leaders are named and none answers; 'stalled': nothing came for half a minute;
 * 'spill': a second copy, because the site's uplinks cannot keep up;
 * 'late': the claim ended while bytes were under way; 'duplicate': blocks that came twice.
 * The last three carry no bytes: they mark a piece that another member of the site imported, too, or that was spoilt.
 */
export type CrossingReason =
  | 'claim'
  | 'again'
  | 'standby'
  | 'plain'
  | 'no-arbiter'
  | 'stalled'
  | 'spill'
  | 'late'
  | 'duplicate'
  | Mark

export type Mark = 'split-view' | 'given-back' | 'corrupt'

export class Ledger {
  readonly #bytes = new Map<CrossingReason, number>()
  readonly #pieces = new Map<number, Set<CrossingReason>>()
  /** Of each open outside link, what was counted. */
  readonly #counted = new Map<PeerHandle, number>()

  /** Bytes by reason, duplicates of open links included. */
  get bytes(): ReadonlyMap<CrossingReason, number> {
    const all = new Map(this.#bytes)
    for (const [peer, counted] of this.#counted) {
      const more = peer.receivedBytes - counted
      if (more > 0) all.set('duplicate', (all.get('duplicate') ?? 0) + more)
    }
    return all
  }

  get totalBytes(): number {
    let total = 0
    for (const bytes of this.bytes.values()) total += bytes
    return total
  }

  /** Why bytes of a piece crossed. */
  reasonsOf(piece: number): ReadonlySet<CrossingReason> {
    return this.#pieces.get(piece) ?? NONE
  }

  /** An outside link: what comes over it counts. */
  met(peer: PeerHandle): void {
    if (!this.#counted.has(peer)) this.#counted.set(peer, 0)
  }

  /** It is in the site after all. */
  isLocal(peer: PeerHandle): void {
    this.#counted.delete(peer)
  }

  /** It crosses a second time, or another member imports it as well; nothing where no byte of it crossed. */
  doubted(piece: number, why: Mark = 'split-view'): void {
    this.#pieces.get(piece)?.add(why)
  }

  crossed(peer: PeerHandle, piece: number, bytes: number, reason: CrossingReason): void {
    this.#bytes.set(reason, (this.#bytes.get(reason) ?? 0) + bytes)
    this.#counted.set(peer, (this.#counted.get(peer) ?? 0) + bytes)
    const reasons = this.#pieces.get(piece) ?? new Set()
    reasons.add(reason)
    this.#pieces.set(piece, reasons)
  }

  left(peer: PeerHandle): void {
    const counted = this.#counted.get(peer)
    if (counted === undefined) return
    const more = peer.receivedBytes - counted
    if (more > 0) this.#bytes.set('duplicate', (this.#bytes.get('duplicate') ?? 0) + more)
    this.#counted.delete(peer)
  }
}

const NONE: ReadonlySet<CrossingReason> = new Set()
