// Sites in which only a share of the members may import (rule 5), on the shipped engine and tracker in the simulator.
import { describe, expect, test } from 'vitest'
import { checkInvariants } from '../invariants.ts'
import { type Member, type MemberOptions, SiteWorld } from './site-world.ts'

const MINUTE = 60_000
const PIECES = 64
const HOSTS = 10

/** Of ten in each site two may import: those who have twice the uplink, who join last. */
function world(seed: number): SiteWorld {
  const limited = new SiteWorld(seed, 3, PIECES, 32_768, {}, { leaderPercent: 20 })
  limited.crowd(HOSTS, (_, at) => ({ upload: at >= HOSTS - 2 ? 800_000 : 400_000 }))
  return limited
}

const crossed = (members: readonly Member[]): number =>
  members.reduce((sum, { witness }) => sum + witness.crossedBytes, 0)
const mayImport = ({ policy }: Member): boolean => policy?.status.mayImport === true

describe('sites of which a fifth may import', () => {
  test('import each piece once, nearly all of it through those who are ranked first', () => {
    const limited = world(31)
    limited.complete(10 * MINUTE)
    checkInvariants(limited, 'a fifth imports')
    expect(limited.redundancy).toBeLessThanOrEqual(1.05)
    for (const site of [1, 2]) {
      const members = limited.members.filter((member) => member.site === site)
      // the first to join were ranked first until others came, and learn of it when they ask again
      const asked = members.filter((member) => crossed([member]) > 0)
      expect(asked.length).toBeLessThan(HOSTS / 2)
      expect(asked.length).toBeGreaterThanOrEqual(2)
    }
  })

  test('go on when all who may are gone, leaders among them', () => {
    const limited = world(32)
    const count = (): number =>
      limited.members.reduce((sum, { swarm }) => sum + swarm.have.count, 0)
    const whole = limited.members.length * PIECES
    limited.until(() => count() > 0.3 * whole, 5 * MINUTE, 'a third of all pieces')
    const importers = limited.members.filter((one) => one.site === 1 && mayImport(one))
    const others = limited.members.filter((one) => one.site === 1 && !mayImport(one))
    expect(importers.length).toBeLessThan(HOSTS)
    const before = crossed(others)
    for (const { host } of importers) host.crash()
    limited.complete(10 * MINUTE)
    checkInvariants(limited, 'importers gone')
    expect(crossed(others)).toBeGreaterThan(before)
    expect(limited.redundancyOf(1)).toBeLessThanOrEqual(1.5)
  })

  test('go on when all who may live and bring nothing: the others wait in vain, and then import under claims', () => {
    const limited = new SiteWorld(33, 2, PIECES, 32_768, {}, { leaderPercent: 20 })
    const strong = (at: number): MemberOptions =>
      at < 2 ? { stalls: true, upload: 800_000 } : { upload: 400_000 }
    limited.crowd(HOSTS, (site, at) => (site === 1 ? strong(at) : {}))
    const others = limited.members.filter((one) => one.site === 1).slice(2)
    limited.run(5_000)
    expect(others.some(mayImport)).toBe(false)
    const ms = limited.complete(10 * MINUTE)
    checkInvariants(limited, 'importers bring nothing')
    expect(crossed(others)).toBeGreaterThanOrEqual(limited.data.length)
    // half a minute of patience, and then as fast as any; one piece each half minute would take minutes
    expect(ms).toBeLessThan(120_000)
  })
})
