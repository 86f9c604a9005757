// After its session stopped, a host holds no timer, socket or descriptor (I14). Asked after everything was closed.

import type { Invariant } from '../run-view.ts'

export const nothingLeft: Invariant = {
  name: 'nothing-left',
  begin: () => ({
    end: ({ world }) => {
      for (const { host, plan } of world.members) {
        if (!host.alive) continue
        const left = Object.entries(host.open).filter(([, count]) => count !== 0)
        if (left.length === 0) continue
        const what = left.map(([name, count]) => `${count} ${name}`).join(', ')
        return `peer ${plan.number} was closed and still holds ${what}`
      }
      return undefined
    },
  }),
}
