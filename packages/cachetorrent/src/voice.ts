// What we say to neighbours by ourselves: who we are, and, while we lead, what we granted.

import type { PeerId, SiteId } from '@bt/primitives'
import type { PolicyHost } from '@bt/swarm'
import type { ArbiterDesk } from './arbiter-desk.ts'
import { EXTENSION_NAME } from './introduction.ts'
import type { Leadership } from './leadership.ts'
import { LEASE_MS } from './limits.ts'
import { type CacheMessage, encodeMessage, type Role } from './messages.ts'
import type { Neighbour, Neighbours } from './neighbours.ts'

export interface VoiceParts {
  readonly host: PolicyHost
  readonly neighbours: Neighbours
  readonly leadership: Leadership
  readonly arbiter: ArbiterDesk
  readonly role: () => Role
  readonly site: () => SiteId | undefined
}

export class Voice {
  readonly #parts: VoiceParts
  #leaseAt = 0
  #version = 0
  #said = ''

  constructor(parts: VoiceParts) {
    this.#parts = parts
  }

  /** False: it is not linked, or cannot hear us now. */
  tell(to: PeerId, message: CacheMessage): boolean {
    const neighbour = this.#parts.neighbours.named(to)
    return neighbour !== undefined && this.#send(neighbour, message)
  }

  /** Tells everybody who speaks it our site, role and term, once for each change. */
  introduce(): void {
    const { neighbours, leadership } = this.#parts
    const site = this.#parts.site()
    if (site === undefined) return
    const message: CacheMessage = {
      kind: 'role',
      role: this.#parts.role(),
      term: leadership.term,
      site,
    }
    const said = `${site} ${message.role} ${message.term}`
    if (said !== this.#said) {
      this.#said = said
      this.#version++
    }
    for (const neighbour of neighbours.all) {
      if (neighbour.told === this.#version || !neighbour.speaks) continue
      if (this.#send(neighbour, message)) neighbour.told = this.#version
    }
  }

  /** A sign of life to all of the site, every 2 s. */
  lease(now: number): void {
    if (this.#parts.role() !== 'leader' || now - this.#leaseAt < LEASE_MS) return
    this.#leaseAt = now
    this.leaseTo(this.#parts.neighbours.in('local'))
  }

  /** We granted something: the other leaders hear of it before they are asked for the same. */
  leaseToLeaders(): void {
    const { neighbours, leadership } = this.#parts
    const leaders = new Set(leadership.leaders.map(({ peerId }) => peerId))
    const told: Neighbour[] = []
    for (const neighbour of neighbours.in('local')) {
      if (leaders.has(neighbour.peer.peerId) || neighbour.role === 'leader') told.push(neighbour)
    }
    this.leaseTo(told)
  }

  leaseTo(to: Iterable<Neighbour>): void {
    if (this.#parts.role() !== 'leader') return
    const { arbiter, leadership, host } = this.#parts
    const message: CacheMessage = {
      kind: 'lease',
      term: leadership.term,
      claims: arbiter.lease(),
      haveCount: host.have.count,
    }
    for (const neighbour of to) this.#send(neighbour, message)
  }

  #send(to: Neighbour, message: CacheMessage): boolean {
    return to.speaks && this.#parts.host.send(to.peer, EXTENSION_NAME, encodeMessage(message))
  }
}
