// Who is named as a leader is a member of that site which has announced itself (the second half of I11).

import type { Invariant } from '../run-view.ts'

export const leadersKnown: Invariant = {
  name: 'leaders-known',
  begin: () => {
    /** The true site of every peer id there ever was. */
    const siteOf = new Map<string, number>()
    return {
      started: ({ plan, session }) => {
        if (session !== undefined) siteOf.set(session.peerId, plan.site)
      },
      tick: ({ world }) => {
        for (const { present, plan } of world.members) {
          for (const leader of present[0]?.scheme.leaders?.() ?? []) {
            const site = siteOf.get(leader)
            if (site === plan.site) continue
            const where = site === undefined ? 'is nobody' : `is of site ${site}`
            return `peer ${plan.number} of site ${plan.site} follows leader ${leader}, who ${where}`
          }
        }
        return undefined
      },
    }
  },
}
