// Through whom a member asks that is linked to no leader: a neighbour that sees one asks it in its own name (passed-on.ts), or
// asks through one in turn.
//
// One that was found is kept while it lives and is as near, so that claims need not move. Where a neighbour sees leaders they
// live, and nobody else leads.

import type { PeerId } from '@bt/primitives'
import type { Leadership } from './leadership.ts'
import { STEPS_MAX } from './limits.ts'
import type { Neighbour, Neighbours } from './neighbours.ts'

export interface GoBetweenParts {
  readonly neighbours: Pick<Neighbours, 'in' | 'named'>
  readonly leadership: Pick<
    Leadership,
    'arbiterOf' | 'isCutOff' | 'isPassedOver' | 'leads' | 'term'
  >
  /** No byte came from anybody for a while: what neighbours say of leaders may be wrong. */
  readonly isQuiet: (now: number) => boolean
}

export class GoBetween {
  readonly #parts: GoBetweenParts
  #last: PeerId | undefined

  constructor(parts: GoBetweenParts) {
    this.#parts = parts
  }

  /** The neighbour that is the fewest steps from a leader of our term, as it says; the same as before where others are no nearer. */
  find(now: number): Neighbour | undefined {
    const { neighbours, isQuiet } = this.#parts
    if (isQuiet(now)) return undefined
    let best = this.#last === undefined ? undefined : neighbours.named(this.#last)
    if (best !== undefined && !this.#suits(best, now)) best = undefined
    if (best === undefined || best.steps > 0) {
      for (const neighbour of neighbours.in('local')) {
        if (best !== undefined && neighbour.steps >= best.steps) continue
        if (this.#suits(neighbour, now)) best = neighbour
      }
    }
    this.#last = best?.peer.peerId
    return best
  }

  /** Whom we ask about a piece: who decides, or who asks for us; undefined: nobody yet. */
  whomToAsk(piece: number, now: number): PeerId | undefined {
    const { leadership } = this.#parts
    if (leadership.isCutOff) return this.find(now)?.peer.peerId
    return leadership.arbiterOf(piece, now)?.peerId
  }

  #suits(neighbour: Neighbour, now: number): boolean {
    const { leadership } = this.#parts
    const { peer, where, role, term, speaks, isSilent, steps } = neighbour
    if (where !== 'local' || !speaks || isSilent || steps >= STEPS_MAX || role === 'undecided')
      return false
    if (term !== leadership.term || leadership.leads(peer.peerId)) return false
    return !leadership.isPassedOver(peer.peerId, now)
  }
}
