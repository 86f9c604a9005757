// How many copies of a piece may cross into our site (rule 9): one, unless its uplinks cannot keep up with the swarm.
//
// A site that imports everything once has to make the other copies itself, n − 1 of them with its own uplinks U. Where
// that takes more than 1.15 T* it may import as many more as it lacks to be done by then: R = n − 1.15 T* · U / F. The
// sizes of site and swarm come from the tracker; without one that tells, from what neighbours declare.

import { PACE_PEERS_MIN, PACE_LOOK_MS, SPILL_LATENESS } from './limits.ts'
import type { Neighbours } from './neighbours.ts'

/** What decides whether a site keeps up. */
export interface SitePace {
  /** Members of the site that came to download. */
  readonly downloaders: number
  /** Bytes per second that one of them can upload, on average. */
  readonly upload: number
  /** F / T*: bytes per second at which the swarm can serve everybody. */
  readonly pace: number
}

/** Copies of each piece that the site must import, on average, to be done by 1.15 T*. */
export function copiesFor({ downloaders, upload, pace }: SitePace): number {
  const late = SPILL_LATENESS / pace
  const all = downloaders * upload
  return downloaders - 1 <= late * all ? 1 : downloaders - late * all
}

/** How much longer a site takes that imports each piece once, in seconds for content of so many bytes. */
export function delayOfOne({ downloaders, upload, pace }: SitePace, bytes: number): number {
  const seconds = (downloaders - 1) / (downloaders * upload) - 1 / pace
  return Math.max(0, seconds * bytes)
}

export interface CrossBudgetParts {
  readonly option: number | 'auto'
  /** Bytes per second that we declare; 0: not said. */
  readonly upload: number
  readonly neighbours: Neighbours
}

export class CrossBudget {
  readonly #parts: CrossBudgetParts
  #told: SitePace | undefined
  #seen: SitePace | undefined
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(parts: CrossBudgetParts) {
    this.#parts = parts
  }

  /** Undefined: too little is known of capacities. */
  get pace(): SitePace | undefined {
    return this.#told ?? this.#seen
  }

  /** At least 1. */
  get copies(): number {
    const { option } = this.#parts
    if (option !== 'auto') return option
    return this.pace === undefined ? 1 : copiesFor(this.pace)
  }

  /** A tracker's word. */
  heard(pace: SitePace | undefined): void {
    this.#told = pace ?? this.#told
  }

  /** While no tracker says it, what neighbours say. */
  look(now: number): void {
    if (this.#told !== undefined || now - this.#lookedAt < PACE_LOOK_MS) return
    this.#lookedAt = now
    const { neighbours, upload } = this.#parts
    const here = [...neighbours.in('local')].map((one) => one.upload).concat(upload)
    const outside = [...neighbours.in('outside')].map((one) => one.upload)
    const [ours, others] = [meanOf(here), meanOf(outside)]
    const isEnough = outside.length >= PACE_PEERS_MIN
    this.#seen =
      isEnough && ours !== undefined && others !== undefined
        ? { downloaders: here.length, upload: ours, pace: others }
        : undefined
  }
}

/** Of those that say one; undefined: fewer than half do. */
function meanOf(uploads: readonly number[]): number | undefined {
  const told = uploads.filter((upload) => upload > 0)
  if (told.length === 0 || 2 * told.length < uploads.length) return undefined
  return told.reduce((sum, upload) => sum + upload, 0) / told.length
}
