// The term that a member believes never goes back (I11), but that a member without a tracker ranks locally: term 0.

import type { Member } from '../member.ts'
import type { Invariant } from '../run-view.ts'

export const termsGrow: Invariant = {
  name: 'terms-grow',
  begin: () => {
    const seen = new Map<Member, { readonly session: unknown; readonly term: number }>()
    return {
      tick: ({ world }) => {
        for (const member of world.members) {
          const term = member.present[0]?.scheme.term?.()
          if (term === undefined || term === 0) continue
          const before = seen.get(member)
          if (before !== undefined && before.session === member.session && term < before.term) {
            return `peer ${member.plan.number} went from term ${before.term} back to ${term}`
          }
          seen.set(member, { session: member.session, term })
        }
        return undefined
      },
    }
  },
}
