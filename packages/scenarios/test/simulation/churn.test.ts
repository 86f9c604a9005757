// Storms of members that come and go, in small sites.
import { expect, test } from 'vitest'
import { runSmall } from './small.ts'

test('[M23] half of all members lose power every minute and come back: everybody completes within the rules', () => {
  const set = [
    'sites.0.count=3',
    'sites.0.hosts=8',
    'pieces=60',
    'faults.0.percentPerMinute=50',
    'faults.0.awaySeconds=20',
    'faults.0.forSeconds=120',
    'faults.0.when.seconds=20',
  ]
  const result = runSmall('churn', 'owned', { set })
  expect(result.brokenInvariants).toEqual([])
  expect(result.completed).toBe(result.reachable)
  expect(result.completed).toBe(23)
})
