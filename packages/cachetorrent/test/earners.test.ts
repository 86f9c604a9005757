import { describe, expect, test } from 'vitest'
import { Earners } from '../src/earners.ts'
import { EARNED_SLOTS, EARNED_WINDOW_MS, LOCAL_SLOTS, SLOT_MS } from '../src/limits.ts'
import { Rotation } from '../src/rotation.ts'
import { plainPeer } from './peers.ts'

const received = (number: number, bytes: number) => ({
  ...plainPeer(number, 4),
  receivedBytes: bytes,
})

describe('members that do not trust one another', () => {
  test('who sent most in the last window is best, and who sent nothing is none', () => {
    const peers = [1, 2, 3, 4, 5].map((number) => received(number, 0))
    const earners = new Earners()
    expect(earners.best(peers, 0)).toEqual([])
    for (const [at, peer] of peers.entries()) peer.receivedBytes = 1000 * at
    const best = earners.best(peers, EARNED_WINDOW_MS)
    expect(best).toEqual([peers[4], peers[3], peers[2]])
    expect(best).toHaveLength(EARNED_SLOTS)
    // what was long ago earns nothing
    expect(earners.best(peers, 2 * EARNED_WINDOW_MS)).toEqual([])
  })

  const slotsOf = (trust: 'site' | 'strangers'): number => {
    const rotation = new Rotation(0, 1000, trust)
    const peers = Array.from({ length: 20 }, (_, at) => received(at + 1, 0))
    const asking = peers.map((peer) => {
      return { peer, piece: 0, begin: 0, length: 1000, since: 0, held: false }
    })
    const generous = peers[19]!
    let rounds = 0
    for (let now = 0; now < 30 * SLOT_MS; now += 10_000) {
      generous.receivedBytes += 50_000
      rotation.next(asking, () => 'local', now)
      const unchoked = rotation.unchoke(peers, () => true, now)
      // an earner has another slot at once, its own goes with time
      expect(new Set(unchoked).size).toBeGreaterThanOrEqual(LOCAL_SLOTS)
      expect(new Set(unchoked).size).toBeLessThanOrEqual(LOCAL_SLOTS + EARNED_SLOTS)
      if (unchoked.includes(generous)) rounds++
    }
    return rounds / ((3 * SLOT_MS) / 1000)
  }

  test('keep a slot for who gives; where they trust one another its turn comes as any', () => {
    expect(slotsOf('strangers')).toBeGreaterThan(0.9)
    expect(slotsOf('site')).toBeLessThan(0.6)
  })
})
