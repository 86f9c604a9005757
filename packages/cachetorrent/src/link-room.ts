// Links to leaders: whom to dial, and whose link gives way where a leader has as many as it may: its own site comes first.
//
// A leader that is full lets nobody in: neither other leaders, who must agree with it, nor members, who ask it who imports
// what. It keeps room for the leaders that it is not linked to, and for one more.

import type { PolicyHost } from '@bt/swarm'
import type { ReplyLeader } from './announce-reply.ts'
import type { Leadership } from './leadership.ts'
import { LEADER_OUTSIDE_KEPT } from './limits.ts'
import type { Neighbour, Neighbours } from './neighbours.ts'

export interface LinkRoomParts {
  readonly host: Pick<PolicyHost, 'dial' | 'drop' | 'peersMax'>
  readonly neighbours: Pick<Neighbours, 'all' | 'named'>
  readonly leadership: Pick<Leadership, 'leadsItself' | 'toLink' | 'triesToLink' | 'waitsToLink'>
  /** The links of a seed that sends first copies are for all sites. */
  readonly isOrigin: () => boolean
}

export class LinkRoom {
  readonly #parts: LinkRoomParts

  constructor(parts: LinkRoomParts) {
    this.#parts = parts
  }

  /** Dials the leaders that we are to be linked to and are not. */
  link(now: number): void {
    const { host, leadership } = this.#parts
    if (leadership.waitsToLink(now)) return
    for (const { endpoint } of this.#missing) host.dial(endpoint)
  }

  /** `isLost`: a leader is. */
  look(now: number, isLost: boolean): void {
    const { host, leadership, isOrigin } = this.#parts
    if (leadership.triesToLink(now) || isLost) this.link(now)
    if (!leadership.leadsItself || isOrigin()) return
    for (const { peer } of this.#surplus()) {
      host.drop(peer, 'its place is needed for our own site')
    }
  }

  get #missing(): readonly ReplyLeader[] {
    const { neighbours, leadership } = this.#parts
    return leadership.toLink.filter(({ peerId }) => neighbours.named(peerId) === undefined)
  }

  /** Those that are to be dropped now, the newest first. */
  #surplus(): readonly Neighbour[] {
    const { host, neighbours, leadership } = this.#parts
    const all = [...neighbours.all]
    const lacking = this.#missing.length + 1 - (host.peersMax - all.length)
    if (lacking <= 0) return []
    all.reverse()
    const outside = all.filter(({ where }) => where !== 'local')
    const spare = Math.max(0, outside.length - LEADER_OUTSIDE_KEPT)
    const dropped = outside.slice(0, Math.min(lacking, spare))
    // for who only may come no member gives way
    const more = lacking - 1 - dropped.length
    if (more <= 0) return dropped
    const leaders = new Set(leadership.toLink.map(({ peerId }) => peerId))
    const isMember = ({ where, peer }: Neighbour): boolean =>
      where === 'local' && !leaders.has(peer.peerId)
    return [...dropped, ...all.filter(isMember).slice(0, more)]
  }
}
