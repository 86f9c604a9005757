// No piece has two open claims in one site and term, and a site with a living copy opens none on it (§2.5).
//
// Asked of the holders. A copy counts from when its owner was in the same term: who was never met is not had. A claim that carries any other reason than being the first says itself why there are two; and so
// does the arbiter that marked its grant (it granted while leaders were not agreed on, or after a lapse).

import type { Member } from '../member.ts'
import type { Invariant, RunView } from '../run-view.ts'

const FIRST_COPY = 'claim'
/** Milliseconds for which a copy may not have been heard of: haves stand behind blocks on slow lines, and leases go on for 10 s. */
export const HEARD_BY_MS = 30_000

export const oneClaim: Invariant = {
  name: 'one-claim',
  begin: () => {
    /** Of each site, since when a member of each term has had each piece. */
    const hadSince = new Map<number, Map<string, number>>()
    return {
      tick: (view) => {
        for (const { number } of view.world.layout.sites) {
          const members = view.world.members.filter(
            (one) => one.plan.site === number && claims(one),
          )
          const since = sinceHad(members, hadSince.get(number), view)
          hadSince.set(number, since)
          const wrong = look(members, since, view.nowMs)
          if (wrong !== undefined) return `site ${number}: ${wrong}`
        }
        return undefined
      },
    }
  },
}

/** Of those who spoil what they send nobody takes anything; who stalls is a member like any other. */
function claims({ present, plan }: Member): boolean {
  return present[0]?.scheme.claims !== undefined && plan.actor?.kind !== 'corrupt'
}

function sinceHad(
  members: readonly Member[],
  before: ReadonlyMap<string, number> | undefined,
  { scenario, nowMs }: RunView,
): Map<string, number> {
  const since = new Map<string, number>()
  for (const { present, plan } of members) {
    // a seed shows its pieces site by site, and its own site is one of them
    if (plan.isSeed) continue
    const share = present[0]
    const term = share?.scheme.term?.()
    for (let piece = 0; piece < scenario.pieces; piece++) {
      const key = `${term} ${piece}`
      if (share?.swarm.have.has(piece) === true) since.set(key, before?.get(key) ?? nowMs)
    }
  }
  return since
}

function look(
  members: readonly Member[],
  hadSince: ReadonlyMap<string, number>,
  nowMs: number,
): string | undefined {
  const holders = new Map<string, Member>()
  for (const member of members) {
    const scheme = member.present[0]?.scheme
    for (const { piece, reason, sinceMs, term } of scheme?.claims?.() ?? []) {
      if (reason !== FIRST_COPY || isExcused(members, piece)) continue
      const key = `${term} ${piece}`
      const had = hadSince.get(key)
      const { number } = member.plan
      if (had !== undefined && sinceMs - had > HEARD_BY_MS) {
        return `peer ${number} holds a claim on piece ${piece}, which was here for ${sinceMs - had} ms`
      }
      const other = holders.get(key)
      if (other !== undefined) {
        return `peers ${other.plan.number} and ${number} both hold a claim on piece ${piece} at ${nowMs} ms`
      }
      holders.set(key, member)
    }
  }
  return undefined
}

/** One of the site wrote down why the piece may come twice. */
function isExcused(members: readonly Member[], piece: number): boolean {
  return members.some(({ present }) => {
    const reasons = present[0]?.scheme.reasonsOf?.(piece) ?? []
    for (const reason of reasons) if (reason !== FIRST_COPY) return true
    return false
  })
}
