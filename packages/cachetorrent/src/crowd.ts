// How many claims a member may hold: more where it asks for others that are not linked to us.

import type { PeerId } from '@bt/primitives'
import type { PolicyHost } from '@bt/swarm'
import type { Leadership } from './leadership.ts'
import { GO_BETWEEN_MEMBERS, LEADERS_MAX, PASSED_ON_MEMBERS } from './limits.ts'
import type { Neighbours } from './neighbours.ts'

export interface CrowdParts {
  readonly neighbours: Pick<Neighbours, 'size'>
  readonly leadership: Pick<Leadership, 'leads' | 'named'>
  readonly host: Pick<PolicyHost, 'peersMax'>
}

export class Crowd {
  readonly #parts: CrowdParts
  readonly #most: number

  /** `most`: claims that a member may hold for itself. */
  constructor(parts: CrowdParts, most: number) {
    this.#parts = parts
    this.#most = most
  }

  /** Claims that it may hold now. */
  readonly claimsMaxOf = (member: PeerId): number => {
    if (this.#parts.leadership.leads(member)) return this.#most * PASSED_ON_MEMBERS
    return this.#isFull ? this.#most * GO_BETWEEN_MEMBERS : this.#most
  }

  /** Each member of the site finds room here. */
  readonly seesAll = (): boolean =>
    !this.#isFull && this.#parts.leadership.named.length <= LEADERS_MAX

  /** But for the place that a leader keeps free. */
  get #isFull(): boolean {
    const { neighbours, host } = this.#parts
    return neighbours.size >= host.peersMax - 1
  }
}
