// Members of a site that lie, withhold, are overrun or leave (layer M of the fault catalogue), in sites of a few hosts. Each
// may cost time and bytes, and never the download.
import { describe, expect, test } from 'vitest'
import { checkInvariants } from '../invariants.ts'
import { type Member, type MemberOptions, SiteWorld } from './site-world.ts'

const MINUTE = 60_000
const PIECES = 32

/** The first member of site 1 is special: it joins first and declares most, so that it leads. */
function crowdWith(seed: number, special: MemberOptions, hosts = 5): [SiteWorld, Member] {
  const world = new SiteWorld(seed, 2, PIECES)
  world.crowd(hosts, (site, at) => (site === 1 && at === 0 ? special : {}))
  const liar = world.members.find(({ site }) => site === 1) as Member
  return [world, liar]
}

/** Runs until all others have everything; whether the special one ever led, and how long it took. */
function completeWithout(
  world: SiteWorld,
  liar: Member,
  ms: number,
): { readonly led: boolean; readonly ms: number } {
  const begun = world.now
  let led = false
  const others = world.members.filter((member) => member !== liar)
  world.until(
    () => {
      led ||= liar.policy?.status.role === 'leader'
      return others.every(({ swarm }) => swarm.isComplete)
    },
    ms,
    'everybody else complete',
  )
  return { led, ms: world.now - begun }
}

describe('members that are not what they should be', () => {
  test('[M11] a leader that sends wrong pieces is banned by its site after a few, which goes on without it', () => {
    const [world, liar] = crowdWith(21, { spoils: true, declares: 4_000_000 })
    const { led } = completeWithout(world, liar, 5 * MINUTE)
    expect(led).toBe(true)
    for (const { site, swarm } of world.members) {
      if (site !== 1 || swarm === liar.swarm) continue
      // three strikes of a piece each, and as many pieces as were under way then
      expect(swarm.stats.wastedBytes).toBeLessThanOrEqual(16 * 32_768)
    }
  })

  test.each(['choking', 'taking'] as const)(
    '[M12] a leader that shows every piece and sends none, %s: its word stops counting, and others import',
    (withholds) => {
      const [world, liar] = crowdWith(22, { seed: true, withholds, declares: 4_000_000 })
      const { led } = completeWithout(world, liar, 5 * MINUTE)
      expect(led).toBe(true)
      const inSite = world.members.filter((member) => member.site === 1 && member !== liar)
      const crossed = inSite.reduce((sum, { witness }) => sum + witness.crossedBytes, 0)
      // not all: who chokes still gives the few pieces that BEP 6 allows
      expect(crossed).toBeGreaterThan(world.data.length / 2)
      expect(crossed).toBeLessThanOrEqual(2 * world.data.length)
    },
  )

  test('[M13] a leader that imports and gives nothing on is passed by', () => {
    const [world, liar] = crowdWith(23, { withholds: 'choking', declares: 4_000_000 })
    const { led } = completeWithout(world, liar, 5 * MINUTE)
    expect(led).toBe(true)
    checkInvariants(world, 'a leader that gives nothing on')
  })

  test('[M14] [M19] a leader with a hundredth of what it declares, asked by ten members, costs at most a few copies', () => {
    const [world, liar] = crowdWith(24, { upload: 20_000, declares: 2_000_000 }, 10)
    const { led } = completeWithout(world, liar, 5 * MINUTE)
    expect(led).toBe(true)
    world.complete(10 * MINUTE)
    checkInvariants(world, 'a slow leader')
    expect(world.redundancy).toBeLessThanOrEqual(1.5)
  })

  test.each([
    ['half', 25, PIECES / 2],
    ['half', 28, PIECES / 2],
    ['half', 30, PIECES / 2],
    ['everything', 25, PIECES],
  ])(
    '[M25] a leader that has %s and leaves in order (seed %i): nobody waits 2 s for a piece',
    (_, seed, count) => {
      const [world, leaver] = crowdWith(seed, { declares: 4_000_000 })
      world.until(() => leaver.swarm.have.count >= count, 5 * MINUTE, 'so many pieces')
      expect(leaver.policy?.status.role).toBe('leader')
      let stopped = false
      leaver.session.stop(() => {
        stopped = true
      })
      // the longest time without a new piece at any one of those who stay
      const others = world.members.filter((member) => member.site === 1 && member !== leaver)
      const last = new Map(others.map((member) => [member, [0, world.now] as [number, number]]))
      let longest = 0
      world.until(
        () => {
          for (const [member, [count, since]] of last) {
            const { have, isComplete } = member.swarm
            if (have.count === count && !isComplete) longest = Math.max(longest, world.now - since)
            else last.set(member, [have.count, world.now])
          }
          return others.every(({ swarm }) => swarm.isComplete)
        },
        5 * MINUTE,
        'the others complete',
      )
      world.run(10_000)
      expect(stopped).toBe(true)
      expect(longest).toBeLessThan(2_000)
      expect(world.redundancyOf(1)).toBeLessThanOrEqual(1.25)
    },
  )

  test('[M30] who does not want to lead never does: not by election, and not by rank when all leaders are gone', () => {
    const world = new SiteWorld(26, 2, PIECES)
    // of site 1 two may lead, and declare least
    world.crowd(5, (site, at) => (site === 1 && at > 1 ? { neverLeads: true, declares: 4e6 } : {}))
    const mayLead = world.members.filter(({ site }) => site === 1).slice(0, 2)
    const led = new Set<Member>()
    const look = (): boolean => {
      for (const member of world.living)
        if (member.policy?.status.role === 'leader') led.add(member)
      return world.living.every(({ swarm }) => swarm.isComplete)
    }
    world.until(() => look() || mayLead[0]!.swarm.have.count > 8, 5 * MINUTE, 'some pieces')
    for (const { host } of mayLead) host.crash()
    world.until(look, 10 * MINUTE, 'everybody else complete')
    for (const member of led) if (member.site === 1) expect(mayLead).toContain(member)
    expect(led.has(mayLead[0] as Member)).toBe(true)
  })
})
