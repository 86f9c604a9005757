// Classic mode, and what it was compared with, in small: shipped engine, tracker and tracker client in the simulator.
import { describe, expect, test } from 'vitest'
import { ClassicWorld } from './classic-world.ts'

const MINUTE = 60_000
const SMALL = { sites: 3, hosts: 8, pieces: 40, neighbours: 6, leaderPercent: 25 }

describe('classic mode in the simulator', () => {
  test('followers never download across sites, and R is near the number of leaders with a slow seed', () => {
    const world = new ClassicWorld({ ...SMALL, seed: 1, seedUpload: 60_000 })
    world.complete(60 * MINUTE)
    const roles = world.members.map(({ policy }) => policy?.role)
    expect(roles.filter((role) => role === 'leader')).toHaveLength(3 * 2)
    for (const member of world.members) {
      if (member.policy?.role === 'follower') expect(world.crossedBytes(member)).toBe(0)
      expect(member.policy?.refused).toBe(0)
    }
    expect(world.redundancy).toBeGreaterThan(1.6)
    expect(world.redundancy).toBeLessThan(2.2)
  })

  test('what leaders forward is asked of them before they have it', () => {
    const world = new ClassicWorld({ ...SMALL, seed: 2 })
    world.complete(60 * MINUTE)
    const held = world.members.map(({ policy }) => policy?.heldCount ?? 0)
    expect(Math.max(...held)).toBeGreaterThan(0)
  })

  test('with several ranges a peer leads in one at most, and imports nothing else', () => {
    const world = new ClassicWorld({ ...SMALL, seed: 3, ranges: 2 })
    world.complete(60 * MINUTE)
    const leaders = world.members.filter(({ policy }) => policy?.role === 'leader')
    expect(leaders).toHaveLength(3 * 4)
    for (const { imported } of leaders) {
      const pieces = [...imported]
      const range = (pieces[0] as number) < 20 ? 0 : 1
      expect(pieces.every((piece) => Math.floor(piece / 20) === range)).toBe(true)
    }
    for (const member of world.members) {
      if (member.policy?.role === 'follower') expect(world.crossedBytes(member)).toBe(0)
    }
  })

  test('biased neighbours import less than random ones, and classic less than both', () => {
    const of = (more: object): number => {
      const world = new ClassicWorld({ ...SMALL, seed: 4, leaderPercent: undefined, ...more })
      world.complete(60 * MINUTE)
      return world.redundancy
    }
    const plain = of({})
    const biased = of({ biasPercent: 20 })
    const both = of({ biasPercent: 20, leaderPercent: 25 })
    expect(biased).toBeLessThan(0.85 * plain)
    expect(both).toBeLessThan(0.85 * biased)
  })

  test('the same seed gives the same run', () => {
    const hash = (): string => {
      const world = new ClassicWorld({ ...SMALL, seed: 5, hosts: 4, neighbours: 4 })
      world.complete(60 * MINUTE)
      return world.simulation.run({ timeMs: world.now }).traceHash
    }
    expect(hash()).toBe(hash())
  })
})
