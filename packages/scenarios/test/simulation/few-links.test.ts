// Sites whose members may have so few links that most of them are linked to no leader, calm and when all leaders die.
import { describe, expect, test } from 'vitest'
import { runSmall } from './small.ts'

const SET = [
  'sites.0.count=3',
  'sites.0.hosts=30',
  'pieces=30',
  'neighbours.max=10',
  'neighbours.out=6',
]

describe('at most ten links a member, thirty members a site', () => {
  test('claims are passed on to who decides: every piece enters every site once', () => {
    const result = runSmall('medium', 'owned', { set: SET, profile: 'fast' })
    expect(result.brokenInvariants).toEqual([])
    expect(result.completed).toBe(result.reachable)
    expect(result.redundancy).toBeLessThanOrEqual(1.05)
    expect(result.redundancyMax).toBeLessThanOrEqual(2)
  })

  test('[M03] the download completes when all leaders of a site die', () => {
    const result = runSmall('leaders-killed', 'owned', { set: SET, profile: 'fast' })
    expect(result.brokenInvariants).toEqual([])
    expect(result.completed).toBe(result.reachable)
    expect(result.longestWaitSeconds).toBeLessThanOrEqual(30)
  })
})
