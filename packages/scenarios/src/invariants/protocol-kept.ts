// Nothing is sent that breaks the protocol (I6): of two engines of ours neither ever blames the other's bytes.
//
// Silence breaks nothing: whoever lost power, or is cut off, says no more.

import type { Invariant } from '../run-view.ts'

/** Code of a WireError. */
const SILENT = 'TIMED_OUT'

export const protocolKept: Invariant = {
  name: 'protocol-kept',
  begin: () => ({
    started: ({ plan }, { swarm }, broken) => {
      swarm.on('peer', ({ change, endpoint, reason }) => {
        if (change !== 'closed' || reason?.name !== 'WireError') return
        if ((reason as Error & { readonly code?: string }).code === SILENT) return
        broken(`peer ${plan.number} closed ${endpoint.host}: ${reason.message}`)
      })
    },
  }),
}
