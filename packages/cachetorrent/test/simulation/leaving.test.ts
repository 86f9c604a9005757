// Members that leave, as `bt download` does when everything is here: nobody waits for what left with them.
import { expect, test } from 'vitest'
import { type Member, SiteWorld } from './site-world.ts'

const MINUTE = 60_000
const PIECES = 77

interface Outcome {
  readonly lastMs: number
  /** The longest time without a new piece at any one of them. */
  readonly longestMs: number
  readonly world: SiteWorld
}

/** A seed elsewhere, and six members that leave, one way or the other, as soon as they have everything. */
function allLeave(seed: number, leave: (member: Member, at: number) => void): Outcome {
  const world = new SiteWorld(seed, 2, PIECES, 262_144)
  world.join(0, { seed: true, upload: 50_000_000 })
  world.run(500)
  const members: Member[] = []
  for (let at = 0; at < 6; at++) {
    members.push(world.join(1, { upload: 5_000_000 }))
    world.run(50)
  }
  const begun = world.now
  const last = members.map(() => ({ count: 0, at: begun }))
  const gone = new Set<Member>()
  let longestMs = 0
  world.until(
    () => {
      for (const [at, member] of members.entries()) {
        if (gone.has(member)) continue
        const { count } = member.swarm.have
        const before = last[at] as { count: number; at: number }
        if (before.count > 0) longestMs = Math.max(longestMs, world.now - before.at)
        if (count !== before.count) last[at] = { count, at: world.now }
        if (count < PIECES) continue
        gone.add(member)
        leave(member, at)
      }
      return gone.size === members.length
    },
    2 * MINUTE,
    'all have left',
  )
  return { lastMs: world.now - begun, longestMs, world }
}

test.each([1, 2, 3, 4])(
  '[M25] all leave as soon as they are complete (seed %i): nobody waits 2 s for a piece, and none is lost with them',
  (seed) => {
    let closed = 0
    const { world, longestMs, lastMs } = allLeave(seed, ({ session }) => {
      session.stop(() => closed++)
    })
    expect(longestMs).toBeLessThan(2_000)
    expect(lastMs).toBeLessThan(8_000)
    for (let piece = 0; piece < PIECES; piece++) {
      const reasons = new Set(
        world.members.flatMap(({ policy }) => [...(policy?.reasonsOf(piece) ?? [])]),
      )
      // the site has less to serve with than the seed: a few may cross twice (rule 9), none because its only copy left
      if (world.timesEntered(1, piece) > 1) expect(reasons).toContain('spill')
    }
    expect(world.redundancyOf(1)).toBeLessThanOrEqual(1.05)
    world.run(10_000)
    expect(closed).toBe(6)
  },
)

test('who has what others lack stays for it 5 s at most', () => {
  const world = new SiteWorld(5, 2, PIECES, 262_144)
  const [seed, , slow] = [
    world.join(0, { seed: true, upload: 5_000_000 }),
    world.join(0, { upload: 50_000 }),
    world.join(1, { upload: 50_000 }),
  ]
  world.until(() => slow.swarm.have.count > 0, MINUTE, 'a first piece')
  const begun = world.now
  let closedAt = 0
  expect(seed.policy?.onlyOurs).toBeGreaterThan(0)
  seed.session.stop(() => {
    closedAt = world.now
  })
  world.run(20_000)
  expect(closedAt - begun).toBeGreaterThan(4_900)
  expect(closedAt - begun).toBeLessThan(5_500)
})

test('who is alone, or has nothing that others lack, leaves at once', () => {
  const world = new SiteWorld(6, 2, 8, 32_768)
  world.crowd(3)
  world.complete(5 * MINUTE)
  for (const { session, policy } of world.members) {
    const begun = world.now
    let closedAt = 0
    expect(policy?.onlyOurs).toBe(0)
    session.stop(() => {
      closedAt = world.now
    })
    world.until(() => closedAt > 0, MINUTE, 'closed')
    expect(closedAt - begun).toBeLessThan(500)
  }
})
