// Honest peers are never banned (I8).

import type { Invariant } from '../run-view.ts'

export const honestNotBanned: Invariant = {
  name: 'honest-not-banned',
  begin: () => {
    const banned: { readonly by: number; readonly host: string }[] = []
    return {
      started: ({ plan }, { swarm }) => {
        swarm.on('peer', ({ change, endpoint }) => {
          if (change === 'banned') banned.push({ by: plan.number, host: endpoint.host })
        })
      },
      tick: ({ world }) => {
        for (const { by, host } of banned.splice(0)) {
          const peer = world.truth.peerAt(host)
          if (peer === undefined || world.members[peer]?.plan.actor?.kind === 'corrupt') continue
          return `peer ${by} banned peer ${peer}, which is honest`
        }
        return undefined
      },
    }
  },
}
