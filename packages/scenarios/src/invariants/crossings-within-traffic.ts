// No site is said to have received more payload from others than the network carried into it: the two are counted apart.

import type { Invariant } from '../run-view.ts'

export const crossingsWithinTraffic: Invariant = {
  name: 'crossings-within-traffic',
  begin: () => ({
    end: ({ world }) => {
      for (const { number } of world.layout.sites) {
        const payload = world.truth.inBytes[number] as number
        const carried = world.wireInBytes(number)
        if (payload > carried) {
          return `site ${number}: ${payload} bytes of payload counted, ${carried} bytes carried`
        }
      }
      return undefined
    },
  }),
}
