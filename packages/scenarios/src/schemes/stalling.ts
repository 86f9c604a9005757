// A member that claims pieces and never fetches them: the shipped policy, with a scope of nothing towards other sites.

import type { PieceScope, SwarmPolicy } from '@bt/swarm'
import { standIn } from '../stand-in.ts'

/** Takes every claim it is granted, and asks nobody outside for anything. */
export function stalling(policy: SwarmPolicy): SwarmPolicy {
  return standIn(policy, {
    scope: (peer): PieceScope | undefined => {
      const scope = policy.scope?.(peer)
      if (scope === undefined || scope.reason === 'local') return scope
      return { had: 'none', reason: scope.reason, interested: true }
    },
  })
}
