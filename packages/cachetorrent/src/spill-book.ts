// The arbiter's book of second copies (rule 9): who fetches one of which piece, and how many there were.
//
// Pure. Nothing is exclusive here: a second copy that does not come costs nobody anything but its place in the budget,
// which is free again when it lapses or is given back. A fraction of a copy is a whole one of so many pieces in a hundred.

import type { PeerId } from '@bt/primitives'
import { mix } from './arbiter.ts'
import { CLAIM_LAPSE_MS } from './limits.ts'

interface Second {
  readonly piece: number
  readonly member: PeerId
  seenAt: number
}

export class SpillBook {
  readonly #most: number
  readonly #open = new Map<string, Second>()
  readonly #perMember = new Map<PeerId, number>()
  /** Of each piece, second copies under way or here. */
  readonly #copies = new Map<number, number>()

  /** `most`: second copies that one member may fetch at a time. */
  constructor(most: number) {
    this.#most = most
  }

  /** False: there are as many as may cross, `budget` with the first, or this member fetches enough. */
  claim(piece: number, member: PeerId, budget: number, now: number): boolean {
    this.#expire(now)
    if (this.#renewed(piece, member, now)) return true
    const copies = this.#copies.get(piece) ?? 0
    if (copies >= seconds(piece, budget)) return false
    if ((this.#perMember.get(member) ?? 0) >= this.#most) return false
    this.#add(piece, member, now)
    return true
  }

  /** It goes on, granted by us or by a leader before us. */
  renew(piece: number, member: PeerId, now: number): void {
    if (!this.#renewed(piece, member, now)) this.#add(piece, member, now)
  }

  /** `isHere`: the copy came. */
  ended(piece: number, member: PeerId, isHere: boolean): void {
    const key = `${member} ${piece}`
    if (!this.#open.delete(key)) return
    const held = (this.#perMember.get(member) ?? 1) - 1
    if (held === 0) this.#perMember.delete(member)
    else this.#perMember.set(member, held)
    if (!isHere) this.#copies.set(piece, (this.#copies.get(piece) ?? 1) - 1)
  }

  gone(member: PeerId): void {
    for (const one of Array.from(this.#open.values())) {
      if (one.member === member) this.ended(one.piece, member, false)
    }
  }

  #renewed(piece: number, member: PeerId, now: number): boolean {
    const open = this.#open.get(`${member} ${piece}`)
    if (open !== undefined) open.seenAt = now
    return open !== undefined
  }

  #add(piece: number, member: PeerId, now: number): void {
    this.#open.set(`${member} ${piece}`, { piece, member, seenAt: now })
    this.#perMember.set(member, (this.#perMember.get(member) ?? 0) + 1)
    this.#copies.set(piece, (this.#copies.get(piece) ?? 0) + 1)
  }

  #expire(now: number): void {
    for (const { piece, member, seenAt } of Array.from(this.#open.values())) {
      if (now - seenAt >= CLAIM_LAPSE_MS) this.ended(piece, member, false)
    }
  }
}

/** How many second copies of this piece there may be. */
function seconds(piece: number, budget: number): number {
  const more = Math.max(0, budget - 1)
  const isRoundedUp = mix(piece + 1) % 100 < Math.round(100 * (more % 1))
  return Math.floor(more) + (isRoundedUp ? 1 : 0)
}
