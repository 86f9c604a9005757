// The tour: everything that it shows has happened.
import { expect, it } from 'vitest'
import { bt } from './bt.ts'

it('bt demo verifies every byte, and each piece comes once into the site without a copy', async () => {
  const { code, events, stderr } = await bt(['demo', '--size', '4MiB', '--peers', '4', '--json'])
  expect([code, stderr]).toEqual([0, ''])
  const named = (name: string) => events.filter(({ event }) => event === name)
  expect(named('complete')).toHaveLength(4)
  expect(named('verified')).toMatchObject([{ hosts: 4, bytes: 4 * 4 * 1024 * 1024 }])
  expect(named('leaders').map(({ site }) => site)).toEqual(['Lisbon', 'Oslo'])
  for (const { leaders } of named('leaders')) expect(leaders).not.toEqual([])
  const [crossed] = named('crossed')
  expect(crossed?.['ratio']).toBeGreaterThanOrEqual(1)
  expect(crossed?.['ratio']).toBeLessThan(1.1)
  const inwards = named('link').find(({ from, to }) => from === 'Lisbon' && to === 'Oslo')
  expect(Number(inwards?.['bytes']) / (4 * 1024 * 1024)).toBeLessThan(1.15)
}, 40_000)
