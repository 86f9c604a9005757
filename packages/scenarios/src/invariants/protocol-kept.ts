// Nothing is sent that breaks the protocol (I6): of two engines of ours neither ever blames the other's bytes.

import type { Invariant } from '../run-view.ts'

export const protocolKept: Invariant = {
  name: 'protocol-kept',
  begin: () => ({
    started: ({ plan }, { swarm }, broken) => {
      swarm.on('peer', ({ change, endpoint, reason }) => {
        if (change !== 'closed' || reason?.name !== 'WireError') return
        broken(`peer ${plan.number} closed ${endpoint.host}: ${reason.message}`)
      })
    },
  }),
}
