import { Prng } from '@bt/primitives'
import { expect, test } from 'vitest'
import { AnnounceSchedule } from '../src/index.ts'

// A download that ends the program at once leaves no time for its own announce of 'completed': the tracker would never count it.

const url = 'http://192.0.2.1/announce'

function startedSchedule(): AnnounceSchedule {
  const schedule = new AnnounceSchedule([[url]], new Prng(1))
  schedule.next(0)
  schedule.succeeded(0, { intervalSeconds: 1800 })
  return schedule
}

test('who leaves with completed still unsaid says it before stopped', () => {
  const schedule = startedSchedule()
  schedule.completed(1000)
  expect(schedule.stop().map(({ event }) => event)).toEqual(['completed', 'stopped'])
})

test('who said completed says only stopped', () => {
  const schedule = startedSchedule()
  schedule.completed(1000)
  expect(schedule.next(1000)?.event).toBe('completed')
  schedule.succeeded(1000, { intervalSeconds: 1800 })
  expect(schedule.stop().map(({ event }) => event)).toEqual(['stopped'])
})
