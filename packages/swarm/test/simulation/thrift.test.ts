// What a swarm wastes and how soon it gets going: bounds on what was seen in fast, short transfers.
import { Bitfield } from '@bt/primitives'
import type { PieceScope, PolicyFact, SwarmPolicy } from '@bt/swarm'
import { describe, expect, test } from 'vitest'
import { World, makeContent } from './world.ts'

const SECOND = 1_000
const PIECE = 262_144

describe('a short transfer among many, in the simulator', () => {
  test.each([
    { name: 'equal lines', rates: [2_000_000] },
    { name: 'lines of very different speed', rates: [4_000_000, 400_000, 1_000_000] },
    { name: 'no limit but the seed', rates: [Number.POSITIVE_INFINITY] },
  ])('one seed and six leeches waste at most 3 % on 64 pieces: $name', ({ rates }) => {
    for (let seed = 1; seed <= 3; seed++) {
      const content = makeContent([64 * PIECE], { pieceLength: PIECE })
      const world = new World(`${seed}`, content, { everyMs: 2_000 })
      const source = world.node({ seed: true, hostOptions: { uploadBytesPerSecond: 4_000_000 } })
      const leeches = Array.from({ length: 6 }, (_, at) => {
        const rate = rates[at % rates.length] as number
        return world.node({ hostOptions: { uploadBytesPerSecond: rate } })
      })
      world.complete(leeches, 300 * SECOND)
      const stats = leeches.map(({ swarm }) => swarm.stats)
      const wasted = stats.reduce((sum, { wastedBytes }) => sum + wastedBytes, 0)
      expect(wasted / (6 * 64 * PIECE), `seed ${seed}`).toBeLessThanOrEqual(0.03)
      world.close([source, ...leeches])
    }
  })

  test('leeches serve each other within two seconds, long before the first round of ten', () => {
    const content = makeContent([64 * PIECE], { pieceLength: PIECE })
    const world = new World(41, content)
    const source = world.node({ seed: true, hostOptions: { uploadBytesPerSecond: 1_000_000 } })
    world.run(500)
    const started = world.simulation.clock.now()
    const leeches = Array.from({ length: 4 }, () => world.node())
    for (const leech of leeches) {
      leech.swarm.addPeers(
        [source, ...leeches]
          .filter((other) => other !== leech)
          .map((other) => world.endpoint(other)),
      )
    }
    world.simulation.runUntil(
      () => leeches.every(({ swarm }) => swarm.stats.uploadedBytes > 0),
      { timeMs: started + 4 * SECOND },
      'every leech having served another',
    )
    world.close([source, ...leeches])
  })
})

describe('[speed] requests to a peer of our kind, in the simulator', () => {
  /** Bytes of each block that a seed served. */
  function served(bytesPerSecond: number, scope?: SwarmPolicy['scope']): readonly number[] {
    const lengths: number[] = []
    const observe = (fact: PolicyFact): void => {
      if (fact.type === 'served') lengths.push(fact.bytes)
    }
    const world = new World(51, makeContent([64 * PIECE], { pieceLength: PIECE }))
    const hostOptions = { uploadBytesPerSecond: bytesPerSecond }
    const seed = world.node({ seed: true, hostOptions, torrent: { policy: { observe } } })
    const policy = scope === undefined ? {} : { policy: { scope } }
    const leech = world.node({ torrent: policy })
    world.complete([leech], 300 * SECOND)
    expect(leech.swarm.stats.wastedBytes).toBe(0)
    world.expectContent(leech.host)
    world.close([seed, leech])
    return lengths
  }

  test('ask for four blocks at once where it is fast, for one where it is slow', () => {
    const fast = served(20_000_000)
    expect(Math.max(...fast)).toBe(65_536)
    expect(fast.length).toBeLessThan(64 * 6)
    expect(new Set(served(1_000_000))).toEqual(new Set([16_384]))
  })

  test('ask for one at a time where a policy says what may be asked', () => {
    const scope = (): PieceScope => ({ had: Bitfield.full(64), reason: 'all' })
    expect(new Set(served(20_000_000, scope))).toEqual(new Set([16_384]))
  })
})
