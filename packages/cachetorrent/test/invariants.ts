// What must hold at the end of every simulated run of owned mode (§2.5).
import { expect } from 'vitest'
import type { SiteWorld } from './simulation/site-world.ts'

/** Reasons for which a piece may have entered a site more than once. */
const SECOND_COPY = [
  'again',
  'standby',
  'plain',
  'no-arbiter',
  'stalled',
  'late',
  'duplicate',
  'split-view',
  'given-back',
  'corrupt',
]

export function checkInvariants(world: SiteWorld, where: string): void {
  for (const member of world.living) {
    const { stats } = member.swarm
    const { policy, witness } = member
    expect(stats.pendingBytes, `${where}: nothing is unjudged`).toBe(0)
    expect(
      stats.verifiedBytes + stats.wastedBytes,
      `${where}: every byte is right or waste, and counted once`,
    ).toBe(stats.downloadedBytes)
    if (policy === undefined) continue
    // every byte that truly crossed stands in the ledger; a stock client of the site counts as outside, too
    const { crossedBytes } = policy.status
    expect(crossedBytes, `${where}: the ledger`).toBeGreaterThanOrEqual(witness.crossedBytes)
    if (!world.hasStock) expect(crossedBytes, `${where}: the ledger`).toBe(witness.crossedBytes)
  }
  for (let site = 1; site < world.siteCount; site++) {
    for (let piece = 0; piece < world.metainfo.geometry.pieceCount; piece++) {
      const times = world.timesEntered(site, piece)
      if (times <= 1) continue
      expect(
        hasReason(world, site, piece),
        `${where}: piece ${piece} entered site ${site} ${times} times without a reason`,
      ).toBe(true)
    }
  }
}

function hasReason(world: SiteWorld, site: number, piece: number): boolean {
  for (const { site: at, policy, host } of world.members) {
    if (at !== site) continue
    // the dead took their books with them, and a stock client keeps none
    if (policy === undefined || !host.alive) return true
    if (policy.status.grantedAgain.has(piece)) return true
    const reasons = policy.reasonsOf(piece)
    if (SECOND_COPY.some((reason) => (reasons as ReadonlySet<string>).has(reason))) return true
  }
  return world.sawSeveralTerms(site)
}
