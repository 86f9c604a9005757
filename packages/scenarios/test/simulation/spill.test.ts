// Gate G10 at a small size: a site whose uplinks are half of the others' imports second copies, and is done with the rest.
import { describe, expect, test } from 'vitest'
import type { RunResult } from '../../src/index.ts'
import { runSmall } from './small.ts'

const SET = ['sites.0.count=2', 'sites.0.hosts=8', 'sites.1.hosts=8', 'pieces=80']
const run = (name: string, ...more: readonly string[]): RunResult => {
  const set = [...SET.slice(0, name === 'medium' ? 2 : 3), SET[3] as string, ...more]
  return runSmall(name, 'owned', { set, profile: 'fast' })
}
const SLOW = 2

describe('a site of half the uplink', () => {
  const auto = run('half-uplink')
  const once = run('half-uplink', 'crossBudget=1')

  test('imports each piece once where that is asked for, and takes its time', () => {
    expect(once.brokenInvariants).toEqual([])
    expect(once.perSite[SLOW]?.redundancy).toBeLessThan(1.1)
    expect(once.crossings['spill']).toBeUndefined()
  })

  test('by default imports what its uplinks lack, with the reason, and is done sooner', () => {
    expect(auto.brokenInvariants).toEqual([])
    const [slow, slowOnce] = [auto.perSite[SLOW], once.perSite[SLOW]]
    expect(slow?.lastSeconds).toBeLessThan(0.9 * (slowOnce?.lastSeconds as number))
    // R*(1.15 T*) of 8 members, and what was in doubt
    expect(slow?.redundancy).toBeGreaterThan(1.5)
    expect(slow?.redundancy).toBeLessThan(4)
    const bytes = 80 * 245_000
    expect(auto.crossings['spill']).toBeGreaterThan(0.5 * bytes)
    // and nobody else
    expect(auto.perSite[1]?.redundancy).toBeLessThan(1.2)
  })

  test('is known by what its members sent where nobody says what it can', () => {
    // two announces later than where it is said: a minute of some three that one copy takes
    const more = ['declares=0', 'pieces=200']
    const measured = run('half-uplink', ...more)
    const late = run('half-uplink', ...more, 'crossBudget=1')
    expect(measured.brokenInvariants).toEqual([])
    expect(measured.perSite[SLOW]?.lastSeconds).toBeLessThan(
      0.9 * (late.perSite[SLOW]?.lastSeconds as number),
    )
    expect(measured.crossings['spill']).toBeGreaterThan(0.5 * 200 * 245_000)
    expect(measured.perSite[1]?.redundancy).toBeLessThan(1.2)
  })

  test.each([1, 0])('where all are alike nothing spills (declares=%i)', (declares) => {
    const equal = run('medium', `declares=${declares}`)
    expect(equal.crossings['spill']).toBeUndefined()
    expect(equal.redundancy).toBeLessThan(1.1)
  })
})
