// Queues and buffers are below their caps (I5): connections, and memory for pieces under way.

import { MEMORY_MAX_BYTES } from '@bt/swarm'
import type { Invariant } from '../run-view.ts'

export const capsKept: Invariant = {
  name: 'caps-kept',
  begin: () => ({
    tick: ({ world, scenario }) => {
      for (const { session, present, plan } of world.members) {
        if (session !== undefined && session.memoryBytes > MEMORY_MAX_BYTES) {
          return `peer ${plan.number} holds ${session.memoryBytes} bytes of pieces in memory`
        }
        for (const { swarm } of present) {
          const { peersConnected } = swarm.counts
          if (peersConnected <= scenario.neighbours.max) continue
          return `peer ${plan.number} has ${peersConnected} connections, ${scenario.neighbours.max} allowed`
        }
      }
      return undefined
    },
  }),
}
