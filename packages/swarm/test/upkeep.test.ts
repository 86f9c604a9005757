import { expect, test } from 'vitest'
import { EVICT_AFTER_MS, type Evictable, leastUseful } from '../src/peers/upkeep.ts'

const NOW = 1_000_000

interface Fact extends Evictable {
  readonly snubbed: boolean
}

function peer(
  number: number,
  ageMs: number,
  facts: Partial<Record<'am' | 'is' | 'snubbed', boolean>>,
): Fact {
  const session = { amInterested: facts.am ?? false, peerInterested: facts.is ?? false }
  return { number, openedAt: NOW - ageMs, session, snubbed: facts.snubbed ?? false }
}

const least = (...peers: Fact[]) => leastUseful(peers, NOW, ({ snubbed }) => snubbed)?.number

test('who neither wants nor has anything goes before who is snubbed, the oldest first', () => {
  const idle = [peer(1, 200_000, {}), peer(2, 300_000, {}), peer(3, 250_000, {})]
  expect(least(peer(4, 900_000, { am: true, snubbed: true }), ...idle)).toBe(2)
  expect(least(...idle.toReversed())).toBe(2)
  expect(
    least(
      peer(5, 200_000, { am: true, snubbed: true }),
      peer(6, 400_000, { am: true, snubbed: true }),
    ),
  ).toBe(6)
})

test('who trades, wants something or is new never goes', () => {
  expect(least(peer(1, 900_000, { am: true }))).toBeUndefined()
  expect(least(peer(1, 900_000, { is: true }))).toBeUndefined()
  expect(least(peer(1, 900_000, { am: true, is: true, snubbed: true }))).toBeUndefined()
  expect(least(peer(1, EVICT_AFTER_MS - 1, {}))).toBeUndefined()
  expect(least(peer(1, EVICT_AFTER_MS, {}))).toBe(1)
  expect(least()).toBeUndefined()
})
