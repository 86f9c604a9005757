import { Bitfield, type PeerId } from '@bt/primitives'
import { expect, test } from 'vitest'
import { Hearing, type HearingParts } from '../src/hearing.ts'
import { BUSY_MS_MAX } from '../src/limits.ts'
import { Neighbours } from '../src/neighbours.ts'
import { scopeOf } from '../src/scopes.ts'
import { plainPeer } from './peers.ts'

test('who says to be busy is asked for nothing until then, and for a minute at most', () => {
  const neighbours = new Neighbours({
    ourSite: () => undefined,
    siteName: undefined,
    siteOf: undefined,
  })
  const peer = plainPeer(1, 8)
  const neighbour = neighbours.opened(peer, 0)
  neighbour.where = 'local'
  const alarms: { readonly at: number; readonly run: () => void }[] = []
  let changes = 0
  const parts = {
    host: {
      now: () => 1000,
      self: { peerId: 'aa'.repeat(20) as PeerId },
      at: (at: number, run: () => void) => alarms.push({ at, run }),
      changed: () => changes++,
    },
    neighbours,
    leadership: { term: 1 },
    signs: { heard: () => {} },
    hasReply: () => true,
    isCached: () => true,
  }
  const hearing = new Hearing(parts as unknown as HearingParts)
  const facts = { mode: 'cached', isEnding: false, may: new Bitfield(8) } as const
  const scope = (): unknown => scopeOf(neighbour, facts)?.had
  hearing.heard(peer, { kind: 'busy', waitMs: 0 })
  expect(scope()).toBe('all')
  for (let word = 0; word < 1000; word++) hearing.heard(peer, { kind: 'busy', waitMs: 500 + word })
  expect(scope()).toBe('none')
  expect([alarms.length, alarms[0]?.at, changes]).toEqual([1, 1500, 1])
  alarms[0]?.run()
  expect(scope()).toBe('all')
  hearing.heard(peer, { kind: 'busy', waitMs: 1e9 })
  expect(alarms[1]?.at).toBe(1000 + BUSY_MS_MAX)
  neighbours.closed(peer)
  alarms[1]?.run()
  expect(changes).toBe(3)
})
