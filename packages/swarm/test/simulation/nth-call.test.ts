// Every port call of a download fails once, one after the other: nothing may hang, be believed wrongly, or be left.
import { describe, expect, test } from 'vitest'
import { type Node, World, makeContent } from './world.ts'

const LENGTH = 150_000

interface Outcome {
  readonly calls: number
  readonly failed: readonly string[]
}

/** A download in which call `number` of the leecher fails; 0: none. */
function transfer(number: number): Outcome {
  const world = new World('nth', makeContent([LENGTH], { pieceLength: 32_768 }), { everyMs: 5_000 })
  const seed = world.node({ seed: true, alone: true })
  world.run(500)
  const host = world.host()
  if (number > 0) host.calls.failAt(number)
  let leech: Node
  try {
    leech = world.node({ host })
  } catch (error) {
    // the listen itself failed: said at once, nothing to clean up but the seed
    expect(String((error as Error & { cause?: unknown }).cause ?? error)).toMatch(/listen|6881/)
    world.close([seed])
    return { calls: host.calls.made, failed: host.calls.failed.map(({ kind }) => kind) }
  }
  leech.swarm.addPeers([world.endpoint(seed)])
  world.simulation.runUntil(
    () => leech.swarm.isComplete || leech.swarm.state === 'failed',
    { timeMs: 120_000 },
    'completion or a named failure',
  )
  if (leech.swarm.state === 'failed') leech.swarm.resume()
  world.complete([leech], 120_000)
  world.expectContent(host)
  expect(leech.swarm.stats.pendingBytes).toBe(0)
  let closed = 0
  for (const node of [seed, leech]) node.session.stop(() => closed++)
  world.simulation.runUntil(() => closed === 2, { timeMs: world.simulation.clock.now() + 20_000 })
  expect(leech.session.connections).toBe(0)
  expect(leech.session.memoryBytes).toBe(0)
  const { stopped } = world.simulation.run({ timeMs: world.simulation.clock.now() + 3_600_000 })
  expect(stopped).toBe('idle')
  return { calls: host.calls.made, failed: host.calls.failed.map(({ kind }) => kind) }
}

describe('the n-th call fails', () => {
  test('each call of a download, failed once, delays it and does no more', () => {
    const { calls } = transfer(0)
    expect(calls).toBeGreaterThan(20)
    const kinds = new Set<string>()
    for (let number = 1; number <= calls; number++) {
      try {
        for (const kind of transfer(number).failed) kinds.add(kind)
      } catch (error) {
        throw new Error(`call ${number} of ${calls}`, { cause: error })
      }
    }
    expect([...kinds].sort()).toEqual(
      [
        'dial',
        'hash',
        'listen',
        'load',
        'open-storage',
        'save',
        'send',
        'stat',
        'sync',
        'write',
      ].sort(),
    )
  })
})
