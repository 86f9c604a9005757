// Who says that it has everything has the right bytes on its disk (I1).

import { bytesEqual } from '@bt/primitives'
import type { Invariant } from '../run-view.ts'

export const contentRight: Invariant = {
  name: 'content-right',
  begin: () => ({
    end: ({ world }) => {
      for (const { present, host, plan, isComplete } of world.members) {
        if (!isComplete) continue
        for (const { part } of present) {
          if (part.bytes === undefined) continue
          const there = host.disk.contents(part.path)
          if (there === undefined || !bytesEqual(there, part.bytes)) {
            return `peer ${plan.number} is complete and its disk does not hold ${part.path}`
          }
        }
      }
      return undefined
    },
  }),
}
