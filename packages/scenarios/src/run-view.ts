// A run as its invariants see it: who is there, what is disturbed, what time it is.

import type { PolicyFact } from '@bt/swarm'
import type { Member, Share } from './member.ts'
import type { Scenario } from './scenario.ts'
import type { World } from './world.ts'

export interface RunView {
  readonly scenario: Scenario
  readonly world: World
  readonly nowMs: number
  /** Until when a fault and what follows from it may hold things up; −1: nothing was disturbed. */
  readonly disturbedUntilMs: number
  /** Everybody who can be reached has everything. */
  readonly isOver: boolean
}

/** One rule that must hold; each is a file of its own. All answer what is wrong, or undefined. */
export interface Invariant {
  /** As in the result: 'bytes-accounted'. */
  readonly name: string
  begin(): Check
}

/** A rule in one run. */
export interface Check {
  /** Asked every `TICK_MS` of virtual time. */
  readonly tick?: (view: RunView) => string | undefined
  /** Asked once, when the run is over, complete or not. */
  readonly end?: (view: RunView) => string | undefined
  /** A torrent began at a member: to listen to its events. `broken` may be called at any time. */
  readonly started?: (member: Member, share: Share, broken: (what: string) => void) => void
  /** Every fact of every torrent; only in runs that are small enough. */
  readonly fact?: (member: Member, fact: PolicyFact, share: Share) => string | undefined
}

/** A rule that did not hold. */
export interface Broken {
  readonly invariant: string
  readonly what: string
  readonly timeMs: number
}
