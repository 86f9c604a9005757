// The end of waiting (rule 8): a member to which nothing came for half a minute fetches a piece itself, whatever it is told.
//
// Arbiters and neighbours may be wrong, or lie: "another member imports it", "a member has it". That may cost time, never
// the download. Who got no byte from anybody for this long, although there was something to wait for, tells every outside
// peer that has more than it that it is interested, and takes one piece at a time without a grant; those bytes are
// counted under 'stalled'.

import type { PolicyHost } from '@bt/swarm'
import type { ImportLimit } from './import-limit.ts'
import {
  BOAST_MS,
  BOAST_QUIET_MS,
  CUT_OFF_QUIET_MS,
  HEARD_CLAIM_MS,
  INTEREST_MS,
  PATIENCE_MS,
  PATIENT_TIMES,
} from './limits.ts'
import type { Neighbour, Neighbours } from './neighbours.ts'
import type { Spill } from './spill.ts'
import type { Wants } from './wants.ts'

export interface PatienceParts {
  readonly host: PolicyHost
  readonly neighbours: Neighbours
  readonly wants: Wants
  readonly spill: Spill
  readonly limit: Pick<ImportLimit, 'mayImport'>
  /** Claims that we granted and that are open. */
  readonly underWay: () => number
}

export class Patience {
  readonly #parts: PatienceParts
  readonly #ms: number
  #byteAt: number
  /** Since when a member of the site has more than we, while no byte came. */
  #moreSince: number | undefined
  #underWayAt = Number.NEGATIVE_INFINITY

  constructor(parts: PatienceParts) {
    this.#parts = parts
    this.#byteAt = parts.host.now()
    // ±20 %: members must not all lose it in the same moment
    this.#ms = (PATIENCE_MS * (80 + parts.host.below(41))) / 100
  }

  /** A byte came, or we begin to wait only now. */
  renewed(now: number): void {
    this.#byteAt = now
  }

  /** A leader says that members import something. */
  heardUnderWay(now: number): void {
    this.#underWayAt = now
  }

  /** No byte came for a while, though not for so long that patience ends. */
  isQuiet(now: number): boolean {
    return now - this.#byteAt >= CUT_OFF_QUIET_MS
  }

  /** Looks whether there is anything to wait for; true: we waited for it too long. */
  look(now: number): boolean {
    const { host, neighbours, wants } = this.#parts
    const { have } = host
    const isWaiting =
      have.count < have.length &&
      (wants.count > 0 || [...neighbours.all].some((neighbour) => this.#hasMore(neighbour)))
    if (!isWaiting) this.renewed(now)
    if (now - this.#byteAt < PATIENCE_MS / 2) this.#moreSince = undefined
    else if ([...neighbours.in('local')].some((neighbour) => this.#hasMore(neighbour))) {
      this.#moreSince ??= now
    }
    return this.#isLost(now)
  }

  /** An outside peer that has what the site lacks should know that we want it, before any claim. */
  declareInterest(neighbour: Neighbour, now: number): void {
    const { wants, spill, limit } = this.#parts
    const isLost = this.#isLost(now)
    const isLast = (spill.isDue || isLost) && this.#hasMore(neighbour)
    const isUseful = isLast || wants.isUseful(neighbour)
    if (isUseful && (limit.mayImport || isLost)) neighbour.usefulAt = now
    const interested = now - neighbour.usefulAt < INTEREST_MS
    if (interested === neighbour.interested) return
    neighbour.interested = interested
    this.#parts.host.changed('scope', neighbour.peer)
  }

  /**
   * Neighbours of the site that show more than we have and have sent nothing for a minute, while all that we lack is said
   * to be theirs: perhaps they do not have it. While bytes come, from whomever, nobody is accused: who is ahead of most
   * has few neighbours with more, and these may just serve others.
   */
  boasters(now: number): readonly Neighbour[] {
    const { host, neighbours, wants } = this.#parts
    if (wants.count > 0 || host.have.count === host.have.length) return []
    const waiting: Neighbour[] = []
    for (const neighbour of neighbours.in('local')) {
      if (!this.#hasMore(neighbour)) neighbour.moreSince = undefined
      else {
        neighbour.moreSince ??= now
        const since = Math.max(neighbour.moreSince, neighbour.deliveredAt)
        if (now - since < BOAST_MS) return []
        waiting.push(neighbour)
      }
    }
    return now - this.#byteAt < BOAST_QUIET_MS ? [] : waiting
  }

  #hasMore({ isSilent, peer }: Neighbour): boolean {
    return !isSilent && peer.pieces.count > this.#parts.host.have.count
  }

  #isUnderWay(now: number): boolean {
    return now - this.#underWayAt < HEARD_CLAIM_MS || this.#parts.underWay() > 0
  }

  /** What is under way comes, and nobody gives it to us. */
  #isPassedBy(now: number): boolean {
    return this.#moreSince !== undefined && now - this.#moreSince >= BOAST_QUIET_MS
  }

  #isLost(now: number): boolean {
    const ms = now - this.#byteAt
    if (ms < this.#ms) return false
    return ms >= PATIENT_TIMES * this.#ms || !this.#isUnderWay(now) || this.#isPassedBy(now)
  }
}
