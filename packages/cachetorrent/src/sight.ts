// What we see of a neighbour, and what follows: where it is, whether it lives, whether it imports. Only what counts is counted.

import type { PolicyHost } from '@bt/swarm'
import type { ArbiterDesk } from './arbiter-desk.ts'
import type { ImportDesk } from './import-desk.ts'
import type { Ledger } from './ledger.ts'
import type { Neighbour, Neighbours } from './neighbours.ts'
import type { OriginDesk } from './origin-desk.ts'
import type { PassedOn } from './passed-on.ts'
import type { Voice } from './voice.ts'
import type { Wants } from './wants.ts'

export interface SightParts {
  readonly host: PolicyHost
  readonly neighbours: Neighbours
  readonly wants: Wants
  readonly ledger: Ledger
  readonly origin: OriginDesk
  readonly arbiter: ArbiterDesk
  readonly imports: ImportDesk
  readonly passedOn: PassedOn
  readonly voice: Voice
}

export class Sight {
  readonly #parts: SightParts

  constructor(parts: SightParts) {
    this.#parts = parts
  }

  /** It may have said where it is. */
  look(neighbour: Neighbour): void {
    const { host, neighbours, wants, ledger, origin, voice } = this.#parts
    if (!neighbours.look(neighbour, host.now())) return
    const { peer } = neighbour
    wants.left(neighbour)
    this.#count(neighbour)
    if (neighbour.where === 'outside') ledger.met(peer)
    else ledger.isLocal(peer)
    origin.looked(peer)
    host.changed('scope', peer)
    if (neighbour.where === 'local') voice.leaseTo([neighbour])
  }

  /** It imports from now on, or no longer. */
  limited({ peer }: Neighbour): void {
    this.#parts.origin.looked(peer)
  }

  /** It fell silent: what it has and holds is free. Or it is back. */
  lifeChanged(neighbour: Neighbour): void {
    const { host, wants, arbiter, imports, passedOn } = this.#parts
    const { peer, where, isSilent } = neighbour
    if (!isSilent) this.#count(neighbour)
    else wants.left(neighbour)
    if (isSilent && where === 'local') {
      arbiter.gone(peer.peerId)
      passedOn.gone(peer.peerId)
      imports.lostArbiter(peer.peerId)
    }
    host.changed('scope', peer)
  }

  /** What it has counts. */
  #count(neighbour: Neighbour): void {
    const { wants } = this.#parts
    if (neighbour.isSilent) return
    if (neighbour.where === 'local') wants.local.look(neighbour)
    if (neighbour.where === 'outside') wants.outside(neighbour)
  }
}
