// Which neighbours still live, as far as we can tell: what a dead one has, holds or was asked for must not be waited for.
//
// Every message, have and block is a sign of life. A machine that lost its power closes no connection: whoever was quiet
// for 3 s is asked to say anything, and whoever owes the answer for too long is silent until it says something again.
// Asked only while we wait for pieces ourselves, and only those who speak our extension; who does not is found out by
// the requests that it leaves unanswered (`heldUp`).

import { ASK_SIGN_MS, HELD_UP_MS, HELD_UP_MS_MAX, lateMs, QUIET_MS, SILENT_MS } from './limits.ts'
import type { Neighbour, Neighbours } from './neighbours.ts'

export interface SignsParts {
  readonly neighbours: Neighbours
  /** Asks for a sign of life; false: it cannot be told. */
  readonly ask: (neighbour: Neighbour) => boolean
  /** It fell silent, or speaks again. */
  readonly changed: (neighbour: Neighbour) => void
}

export class Signs {
  readonly #parts: SignsParts

  constructor(parts: SignsParts) {
    this.#parts = parts
  }

  /** It said or sent something. */
  heard(neighbour: Neighbour, now: number): void {
    neighbour.signAt = now
    neighbour.askedAt = undefined
    if (neighbour.isSilent) this.#judge(neighbour, now)
  }

  /** It was asked for a piece, and nothing came of it for as long as we wait for anything. */
  heldUp(neighbour: Neighbour, now: number): void {
    if (neighbour.heldUpUntil > now) return
    neighbour.heldUpUntil = now + Math.min(HELD_UP_MS_MAX, HELD_UP_MS * (1 << neighbour.heldUps))
    neighbour.heldUps = Math.min(neighbour.heldUps + 1, 8)
    this.#judge(neighbour, now)
  }

  /** It delivers after all. */
  delivered(neighbour: Neighbour, now: number): void {
    this.heard(neighbour, now)
    neighbour.heldUps = 0
    neighbour.deliveredAt = now
    if (neighbour.heldUpUntil <= now) return
    neighbour.heldUpUntil = now
    this.#judge(neighbour, now)
  }

  /** `asks`: we wait for pieces, so that it matters who lives. */
  look(now: number, asks: boolean): void {
    for (const neighbour of this.#parts.neighbours.all) {
      const { peer } = neighbour
      // a block that is under way is one, however long it takes
      if (peer.heardAt > neighbour.signAt + 1) this.heard(neighbour, peer.heardAt)
      if (asks && neighbour.speaks && now - neighbour.signAt >= QUIET_MS) this.#ask(neighbour, now)
      this.#judge(neighbour, now)
    }
  }

  #ask(neighbour: Neighbour, now: number): void {
    const { askedAt, askedAgainAt } = neighbour
    if (askedAt !== undefined && now - askedAgainAt < ASK_SIGN_MS) return
    if (!this.#parts.ask(neighbour)) return
    neighbour.askedAt ??= now
    neighbour.askedAgainAt = now
  }

  #judge(neighbour: Neighbour, now: number): void {
    const { askedAt, signAt, heldUpUntil, isSilent, upload } = neighbour
    if (askedAt === undefined && heldUpUntil <= now && !isSilent) return
    const silentMs = SILENT_MS + lateMs(upload)
    const owes = askedAt !== undefined && now - askedAt >= silentMs - QUIET_MS
    const silent = heldUpUntil > now || (owes && now - signAt >= silentMs)
    if (silent === isSilent) return
    neighbour.isSilent = silent
    this.#parts.changed(neighbour)
  }
}
