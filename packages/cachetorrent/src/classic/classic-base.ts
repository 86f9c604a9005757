// The BitTorrent that classic mode sits on, as far as a policy makes it: its choker. The rest are options of the engine.
//
// Alone it is the `bittorrent` and `biased` of the published tables.

import type { PeerHandle, PolicyFact, PolicyHost, SwarmPolicy, UnchokeRound } from '@bt/swarm'
import { ClassicChoker } from './classic-choker.ts'

export class ClassicBase implements SwarmPolicy {
  readonly #choker = new ClassicChoker()
  #host: PolicyHost | undefined

  attach(host: PolicyHost): void {
    this.#host = host
  }

  detach(): void {
    this.#host = undefined
  }

  readonly observes: ReadonlySet<PolicyFact['type']> = new Set(['progress', 'closed'])

  observe(fact: PolicyFact): void {
    if (fact.type === 'progress') this.#choker.received(fact.peer, fact.bytes)
    if (fact.type === 'closed') this.#choker.left(fact.peer)
  }

  unchoke(round: UnchokeRound): readonly PeerHandle[] {
    return this.#host === undefined ? round.proposed : this.#choker.round(round, this.#host)
  }
}
