// Crowds in which everybody leaves as soon as everything is there, in small sites.
import { expect, test } from 'vitest'
import { runSmall } from './small.ts'

test('[M25] all leave when they are complete: everybody completes within the rules, and no copy is lost with them', () => {
  const set = ['sites.0.count=3', 'sites.0.hosts=8', 'pieces=60', 'crossBudget=1']
  const result = runSmall('leavers', 'owned', { set })
  expect(result.brokenInvariants).toEqual([])
  expect(result.completed).toBe(23)
  expect(result.redundancy).toBeLessThanOrEqual(1.02)
})

test('plain BitTorrent completes as well: the seed stays', () => {
  const set = ['sites.0.count=3', 'sites.0.hosts=8', 'pieces=60']
  const result = runSmall('leavers', 'bittorrent', { set })
  expect(result.brokenInvariants).toEqual([])
  expect(result.completed).toBe(23)
})
