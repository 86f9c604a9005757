// Every byte is right, waste, or not yet judged, and counted once (I4); at the end nothing is left unjudged.

import type { Invariant, RunView } from '../run-view.ts'

export const bytesAccounted: Invariant = {
  name: 'bytes-accounted',
  begin: () => ({
    tick: (view) => look(view, false),
    end: (view) => look(view, view.isOver),
  }),
}

function look(view: RunView, isLast: boolean): string | undefined {
  for (const { present, plan } of view.world.members) {
    for (const { swarm } of present) {
      const { downloadedBytes, verifiedBytes, wastedBytes, pendingBytes } = swarm.counts
      if (downloadedBytes !== verifiedBytes + wastedBytes + pendingBytes || pendingBytes < 0) {
        return (
          `peer ${plan.number}: ${downloadedBytes} received, but ${verifiedBytes} right, ` +
          `${wastedBytes} wasted, ${pendingBytes} pending`
        )
      }
      if (isLast && pendingBytes > 0) return `peer ${plan.number}: ${pendingBytes} never judged`
    }
  }
  return undefined
}
