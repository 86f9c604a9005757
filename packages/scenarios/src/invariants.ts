// Everything that must hold in every run (cachetorrent.md §2.5 and the engine's own invariants), one rule a file.

import { bytesAccounted } from './invariants/bytes-accounted.ts'
import { bytesConserved } from './invariants/bytes-conserved.ts'
import { capsKept } from './invariants/caps-kept.ts'
import { contentRight } from './invariants/content-right.ts'
import { crossingsHaveReasons } from './invariants/crossings-have-reasons.ts'
import { crossingsWithinTraffic } from './invariants/crossings-within-traffic.ts'
import { honestNotBanned } from './invariants/honest-not-banned.ts'
import { oneClaim } from './invariants/one-claim.ts'
import { leadersKnown } from './invariants/leaders-known.ts'
import { checkpointKept } from './invariants/checkpoint-kept.ts'
import { trackerTrue } from './invariants/tracker-true.ts'
import { progressMade } from './invariants/progress-made.ts'
import { protocolKept } from './invariants/protocol-kept.ts'
import { termsGrow } from './invariants/terms-grow.ts'
import { verifiedOnly } from './invariants/verified-only.ts'
import type { PolicyFact } from '@bt/swarm'
import type { Member, Share } from './member.ts'
import type { Broken, Check, Invariant, RunView } from './run-view.ts'

export const INVARIANTS: readonly Invariant[] = [
  bytesAccounted,
  bytesConserved,
  capsKept,
  contentRight,
  crossingsHaveReasons,
  crossingsWithinTraffic,
  honestNotBanned,
  oneClaim,
  leadersKnown,
  checkpointKept,
  trackerTrue,
  progressMade,
  protocolKept,
  termsGrow,
  verifiedOnly,
]

/** The rules of one run; the first break of each is kept. */
export class Watch {
  readonly #checks: { readonly name: string; readonly check: Check }[]
  readonly #nowMs: () => number
  readonly #broken = new Map<string, Broken>()

  constructor(invariants: readonly Invariant[], nowMs: () => number) {
    this.#checks = invariants.map((invariant) => ({
      name: invariant.name,
      check: invariant.begin(),
    }))
    this.#nowMs = nowMs
  }

  get broken(): readonly Broken[] {
    return [...this.#broken.values()]
  }

  tick(view: RunView): void {
    for (const { name, check } of this.#checks) this.note(name, check.tick?.(view))
  }

  end(view: RunView): void {
    for (const { name, check } of this.#checks) {
      this.note(name, check.tick?.(view))
      this.note(name, check.end?.(view))
    }
  }

  started(member: Member, share: Share): void {
    for (const { name, check } of this.#checks) {
      check.started?.(member, share, (what) => this.note(name, what))
    }
  }

  fact(member: Member, fact: PolicyFact, share: Share): void {
    for (const { name, check } of this.#checks) {
      if (check.fact !== undefined) this.note(name, check.fact(member, fact, share))
    }
  }

  note(invariant: string, what: string | undefined): void {
    if (what === undefined || this.#broken.has(invariant)) return
    this.#broken.set(invariant, { invariant, what, timeMs: this.#nowMs() })
  }
}
