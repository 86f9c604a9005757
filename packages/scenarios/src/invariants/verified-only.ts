// No piece is served that did not verify (§2.5).

import type { Invariant } from '../run-view.ts'

export const verifiedOnly: Invariant = {
  name: 'verified-only',
  begin: () => ({
    fact: ({ plan }, fact, { swarm }) => {
      if (fact.type !== 'served' || swarm.have.has(fact.piece)) return undefined
      return `peer ${plan.number} served piece ${fact.piece}, which it does not have`
    },
  }),
}
