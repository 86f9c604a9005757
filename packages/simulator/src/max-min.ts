// Max-min fair rates, kept up to date link by link.
//
// Every link has a level: no flow on it is faster. The level of a full link is such that its flows, each as fast
// as the lowest level on its way, just fill it; a link with room to spare has none (Infinity). Rates that satisfy
// this everywhere are the max-min fair ones, because each flow then has a full link on which nobody is faster
// (Bertsekas and Gallager, Data Networks, 6.5.2).
//
// A change makes the levels of a few links stale. They are computed anew, one by one, from the present levels of
// the others; whoever's flows changed by that becomes stale in turn. That converges from any state, the lowest
// levels first (Charny, Clark and Jain, 1995), and seldom goes far: where uplinks are the bottleneck a change ends
// in the uplink it began in. Changes that would move a level by less than TOLERANCE are not passed on: they add up
// in `drift` until they are worth it.

import { invariant } from '@bt/primitives'
import type { Link, Share } from './link.ts'

/** Relative error of a level that is let stand. */
const TOLERANCE = 0.002
/** Rounding: what is this little over the capacity is not over it. */
const ROUNDING = 1e-9
/** Computations per settlement and stale link, before we say that something is wrong with the algorithm. */
const PASSES_MAX = 100_000

export class MaxMin<T extends Share = Share> {
  readonly #stale: Link[] = []
  readonly #touched: T[] = []
  /** Levels that were computed, for measuring. */
  computed = 0

  /** Puts a share on its links. It has rate 0 until `settle`. */
  attach(share: T): void {
    let full = false
    for (let at = 0; at < share.links.length; at++) {
      const link = share.links[at] as Link
      share.places[at] = link.shares.push(share) - 1
      if (link.level !== Number.POSITIVE_INFINITY) {
        full = true
        this.#wants(link)
      }
    }
    // Where there is room everywhere, somebody has to say how much.
    if (!full) for (const link of share.links) this.#wants(link)
    this.#touch(share)
  }

  /** Takes it off them; its rate is 0. */
  detach(share: Share): void {
    const { links, places, rate } = share
    for (let at = 0; at < links.length; at++) {
      const link = links[at] as Link
      const { shares } = link
      const last = shares.pop() as Share
      const place = places[at] as number
      if (last !== share) {
        shares[place] = last
        last.places[last.links.indexOf(link)] = place
      }
      link.load = shares.length === 0 ? 0 : link.load - rate
      if (link.level !== Number.POSITIVE_INFINITY) this.#wants(link)
    }
    share.rate = 0
  }

  /** The capacity of a link has changed. */
  changed(link: Link): void {
    this.#wants(link)
  }

  /** False: nothing has changed since `settle`. */
  get unsettled(): boolean {
    return this.#stale.length > 0
  }

  /** Computes what is stale, and answers the shares whose rates may have changed; the list is lent. */
  settle(): readonly T[] {
    const stale = this.#stale
    const limit = (stale.length + 10) * PASSES_MAX
    for (let at = 0; at < stale.length; at++) {
      const link = stale[at] as Link
      link.stale = false
      this.#level(link)
      invariant(at < limit, 'rates converge')
    }
    stale.length = 0
    return this.#touched
  }

  /** The touched shares were looked at. */
  forget(): void {
    for (const share of this.#touched) share.touched = false
    this.#touched.length = 0
  }

  #wants(link: Link): void {
    if (link.stale) return
    link.stale = true
    this.#stale.push(link)
  }

  #level(link: Link): void {
    this.computed++
    const { shares } = link
    const level = this.#fill(link)
    link.level = level
    link.drift = 0
    let load = 0
    for (let at = 0; at < shares.length; at++) {
      const share = shares[at] as Share
      const cap = capElsewhere(share, link)
      const rate = cap < level ? cap : level
      load += rate
      if (rate !== share.rate) this.#tell(share, link, rate)
    }
    link.load = load
  }

  /** The level at which the link is just full: those who are slower for another reason leave the rest to the others. */
  #fill(link: Link): number {
    const { shares } = link
    const capacity = link.bytesPerSecond
    let left = capacity
    let count = shares.length
    let level = 0
    // Each pass takes out who is below the level, which raises it; most links take one or two.
    for (let below = 0; count > 0; ) {
      level = left / count
      let slower = 0
      let taken = 0
      for (let at = 0; at < shares.length; at++) {
        const cap = capElsewhere(shares[at] as Share, link)
        if (cap < level) {
          slower++
          taken += cap
        }
      }
      // Not `===`: rounding may lower it by a bit.
      if (slower <= below) break
      below = slower
      left = capacity - taken
      count = shares.length - slower
    }
    if (count === 0) {
      // Nobody is as fast as it allows: there is room.
      link.shared = 0
      return Number.POSITIVE_INFINITY
    }
    link.shared = left
    return level
  }

  #tell(share: Share, link: Link, rate: number): void {
    const { links } = share
    const change = rate - share.rate
    const size = change < 0 ? -change : change
    for (let at = 0; at < links.length; at++) {
      const other = links[at] as Link
      if (other === link) continue
      other.load += change
      if (other.stale) continue
      if (other.level === Number.POSITIVE_INFINITY) {
        if (other.load > other.bytesPerSecond * (1 + ROUNDING)) this.#wants(other)
      } else {
        other.drift += size
        if (other.drift > other.shared * TOLERANCE) this.#wants(other)
      }
    }
    share.rate = rate
    this.#touch(share)
  }

  #touch(share: Share): void {
    if (share.touched) return
    share.touched = true
    this.#touched.push(share as T)
  }
}

/** What the other links on its way let it have. */
function capElsewhere(share: Share, link: Link): number {
  const { links } = share
  let cap = Number.POSITIVE_INFINITY
  for (let at = 0; at < links.length; at++) {
    const other = links[at] as Link
    if (other !== link && other.level < cap) cap = other.level
  }
  return cap
}
