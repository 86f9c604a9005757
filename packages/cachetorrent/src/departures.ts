// Members that leave: what they had, claimed, asked and decided is nothing to wait for.
//
// Who leaves in order says so first, and names what it granted if it led; it goes on serving what only it has until somebody
// who stays has it (leaving.ts). Its connections end after that, as those of a member that died do without a word.

import type { PeerHandle, PolicyHost } from '@bt/swarm'
import type { ArbiterDesk } from './arbiter-desk.ts'
import type { ImportDesk } from './import-desk.ts'
import type { Leadership } from './leadership.ts'
import type { CacheMessage } from './messages.ts'
import type { Neighbour, Neighbours } from './neighbours.ts'
import type { PassedOn } from './passed-on.ts'
import type { Wants } from './wants.ts'

export interface DeparturesParts {
  readonly host: PolicyHost
  readonly neighbours: Neighbours
  readonly leadership: Leadership
  readonly imports: ImportDesk
  readonly arbiter: ArbiterDesk
  readonly passedOn: PassedOn
  readonly wants: Wants
  /** A leader is gone: who decides now? */
  readonly changed: () => void
}

export class Departures {
  readonly #parts: DeparturesParts

  constructor(parts: DeparturesParts) {
    this.#parts = parts
  }

  /** It says that it leaves, while its connection stands. */
  left(
    neighbour: Neighbour,
    { claims }: Extract<CacheMessage, { readonly kind: 'leave' }>,
    now: number,
  ): void {
    const { leadership, imports, arbiter, changed } = this.#parts
    const { peerId } = neighbour.peer
    if (neighbour.isLeaving) return
    neighbour.isLeaving = true
    const led = neighbour.role === 'leader' || leadership.leads(peerId)
    neighbour.role = 'follower'
    leadership.left(peerId)
    imports.lostArbiter(peerId)
    if (!led) return
    arbiter.heardLeave(peerId, claims, now)
    changed()
  }

  /** Its connection ended. */
  closed(peer: PeerHandle): void {
    const { host, neighbours, imports, arbiter, passedOn, wants } = this.#parts
    const { peerId } = peer
    const neighbour = neighbours.of(peer)
    if (neighbour !== undefined) {
      const had = neighbour.counted
      wants.left(neighbour)
      if (neighbour.where === 'local') imports.memberLeft(had, host.now())
    }
    neighbours.closed(peer)
    if (neighbours.named(peerId) !== undefined) return
    arbiter.gone(peerId)
    passedOn.gone(peerId)
    imports.lostArbiter(peerId)
  }
}
