// A swarm as hooks see it during their call.

import type { SwarmView } from './hooks.ts'
import type { Swarm } from './swarm.ts'

export function viewOf(swarm: Swarm): SwarmView {
  return {
    size: swarm.size,
    *members(group) {
      for (const number of swarm.numbers()) {
        if (group === undefined) yield number
        else {
          const { part, slot } = swarm.at(number)
          if (part.group(slot) === group) yield number
        }
      }
    },
    endpoint(number) {
      const { part, slot } = swarm.at(number)
      return part.endpoint(slot)
    },
    isSeed(number) {
      const { part, slot } = swarm.at(number)
      return part.isSeed(slot)
    },
  }
}
