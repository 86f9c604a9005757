// How we see our site's leaders: who of them lives, and whether others see the same ones.

import type { PeerId } from '@bt/primitives'
import type { GoBetween } from './go-between.ts'
import type { Leadership, SeenMember } from './leadership.ts'
import type { Neighbours } from './neighbours.ts'

export interface SiteViewParts {
  readonly self: PeerId
  /** Bytes per second that we declare. */
  readonly upload: number
  /** We do not want to be ranked. */
  readonly neverLeads: boolean
  readonly neighbours: Neighbours
  readonly leadership: Leadership
  readonly goBetween: Pick<GoBetween, 'find'>
}

export interface SiteLook {
  /** Leaders that are lost since the last look. */
  readonly lost: readonly PeerId[]
  /** There are new ones beside others. */
  readonly hasNew: boolean
  readonly living: readonly PeerId[]
}

export class SiteView {
  readonly #parts: SiteViewParts
  #living: readonly PeerId[] = []
  #isSplit = true

  constructor(parts: SiteViewParts) {
    this.#parts = parts
  }

  /** A leader has not said that it leads in our term, or somebody says so whom we do not know as one. */
  get isSplit(): boolean {
    return this.#isSplit
  }

  look(now: number): SiteLook {
    const { leadership, goBetween } = this.#parts
    leadership.look(
      (peerId) => this.#seen(peerId),
      () => this.#members(now),
      now,
      () => goBetween.find(now)?.steps,
    )
    this.#isSplit = this.#seesSplit(now)
    const before = this.#living
    this.#living = leadership.leaders
      .map(({ peerId }) => peerId)
      .filter((peerId) => leadership.standing(peerId, now) !== 'lost')
    const lost = before.filter((peerId) => !this.#living.includes(peerId))
    const hasNew = this.#living.length > 1 && this.#living.some((one) => !before.includes(one))
    return { lost, hasNew, living: this.#living }
  }

  #seen(peerId: PeerId): SeenMember | undefined {
    const neighbour = this.#parts.neighbours.named(peerId)
    if (neighbour?.where !== 'local' || !neighbour.speaks || neighbour.isSilent) return undefined
    if (neighbour.isLeaving) return undefined
    return { peerId, upload: neighbour.upload, signAt: neighbour.signAt }
  }

  /** All that we see of the site, ourselves first. */
  #members(now: number): readonly SeenMember[] {
    const { self, upload, neverLeads, neighbours } = this.#parts
    const members: SeenMember[] = neverLeads ? [] : [{ peerId: self, upload, signAt: now }]
    for (const { peer, neverLeads: isUnwilling } of neighbours.in('local')) {
      if (isUnwilling) continue
      const seen = this.#seen(peer.peerId)
      if (seen !== undefined) members.push(seen)
    }
    return members
  }

  #seesSplit(now: number): boolean {
    const { self, neighbours, leadership } = this.#parts
    const { leaders, term } = leadership
    for (const { peerId } of leaders) {
      if (peerId === self) continue
      const neighbour = neighbours.named(peerId)
      // passed over, but it may live, and others may go on asking it: unless we saw it fall silent, or nobody is here to say so
      if (leadership.standing(peerId, now) === 'lost') {
        const isGone = neighbour?.isSilent === true || leadership.hasLeft(peerId)
        if (isGone || neighbours.isAlone) continue
        return true
      }
      if (neighbour?.role !== 'leader' || neighbour.term !== term) return true
    }
    for (const { role, peer } of neighbours.in('local')) {
      if (role === 'leader' && !leadership.leads(peer.peerId)) return true
    }
    return false
  }
}
