import type { InfoHash, PeerId } from '@bt/primitives'
import { expect, test } from 'vitest'
import { leadersToLink } from '../src/leader-links.ts'
import { LEADER_LINKS, LEADERS_MAX, LINKS_PER_LEADER } from '../src/limits.ts'

const HASH = 'ab'.repeat(20) as InfoHash
const id = (number: number): PeerId => number.toString(16).padStart(40, '0') as PeerId
const leaders = (count: number) => Array.from({ length: count }, (_, at) => ({ peerId: id(at) }))

test('a member links to all leaders while they are few', () => {
  expect(leadersToLink(leaders(LEADERS_MAX), id(99), HASH, 80)).toHaveLength(LEADERS_MAX)
})

test('in a large site to two of them, and all leaders get about as many', () => {
  const count = 10
  const links = new Map<PeerId, number>()
  for (let member = 100; member < 300; member++) {
    const chosen = leadersToLink(leaders(count), id(member), HASH, 80)
    expect(chosen).toHaveLength(LEADER_LINKS)
    for (const { peerId } of chosen) links.set(peerId, (links.get(peerId) ?? 0) + 1)
  }
  expect(links.size).toBe(count)
  expect(Math.max(...links.values())).toBeLessThan((2 * 200 * LEADER_LINKS) / count)
})

test('leaders link to one another', () => {
  expect(leadersToLink(leaders(10), id(3), HASH, 80)).toHaveLength(9)
})

test('who may have few links spends an eighth of them on leaders, and one at least', () => {
  const linked = (peersMax: number): number =>
    leadersToLink(leaders(LEADERS_MAX), id(99), HASH, peersMax).length
  expect(linked(LINKS_PER_LEADER * LEADERS_MAX)).toBe(LEADERS_MAX)
  expect(linked(LINKS_PER_LEADER * 2)).toBe(2)
  expect(linked(LINKS_PER_LEADER - 1)).toBe(1)
  expect(leadersToLink(leaders(LEADERS_MAX), id(1), HASH, 1)).toHaveLength(LEADERS_MAX - 1)
})

test('where those it links to do not let it in it tries the others, each in its turn', () => {
  const tried = new Set<PeerId>()
  for (let count = 0; count < LEADERS_MAX; count++) {
    const links = leadersToLink(leaders(LEADERS_MAX), id(99), HASH, 10, count)
    for (const { peerId } of links) tried.add(peerId)
  }
  expect(tried.size).toBe(LEADERS_MAX)
})
