// Goal: flat members answer as a plain map would, through growth, splits, deaths and rebuilding, in little memory.
// Method: random operations beside a model; bytes counted, not measured.
import { Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { EXPIRY_INTERVALS, INTERVAL_SECONDS } from '../src/index.ts'
import { SWEEP_SLOTS_MAX, SWEPT_GONE_SLOTS } from '../src/limits.ts'
import { capacityFor, nextCapacity, PART_SLOTS_MAX } from '../src/member-layout.ts'
import { PAGE_LENGTH, Slabs } from '../src/slabs.ts'
import { SwarmRegistry } from '../src/swarm-registry.ts'
import { Sweeper } from '../src/sweeper.ts'
import { addressOf, hostOf } from './world.ts'

const AGE = EXPIRY_INTERVALS * INTERVAL_SECONDS

function registryOf(seed: string, keeping = { peerIds: true, groups: true }) {
  const random = new Prng(seed)
  const registry = new SwarmRegistry(random, undefined, { keeping, ageSecondsMax: AGE })
  const { saying } = registry
  return {
    registry,
    say: (swarm: number, peer: number, isSeed = false, seenSeconds = 0): void => {
      saying.infoHash.fill(swarm)
      saying.key.set(addressOf({ host: hostOf(peer), port: 1 }), 0, 1 + (peer >> 20))
      saying.peerId.fill(peer & 255)
      saying.isSeed = isSeed
      saying.group = peer
      saying.seenSeconds = seenSeconds
    },
  }
}

describe('members', () => {
  test('are found with all they said, through splits and rebuilding', () => {
    const { registry, say } = registryOf('split')
    const random = new Prng('split model')
    const model = new Map<number, boolean>()
    for (let step = 0; step < 120_000; step++) {
      const peer = random.below(70_000)
      const isSeed = random.below(3) === 0
      say(1, peer, isSeed)
      if (random.below(5) === 0) {
        registry.remove()
        model.delete(peer)
      } else {
        registry.upsert()
        model.set(peer, isSeed)
      }
    }
    expect(registry.peerCount).toBe(model.size)
    const swarm = registry.current()
    expect(swarm?.parts().length).toBeGreaterThan(2)
    expect(swarm?.seeds).toBe([...model.values()].filter(Boolean).length)
    for (let peer = 0; peer < 70_000; peer++) {
      say(1, peer)
      const part = swarm?.partOf(registry.saying.key)
      const slot = part?.find(registry.saying.key) ?? -1
      if (slot >= 0 !== model.has(peer)) throw new Error(`peer ${peer} is lost or risen`)
      if (part === undefined || slot < 0) continue
      expect(part.isSeed(slot)).toBe(model.get(peer))
      expect(part.group(slot)).toBe(peer)
      expect(part.peerIdBytes(slot)?.[7]).toBe(peer & 255)
      expect(part.endpoint(slot).host).toBe(hostOf(peer))
    }
  })

  test('each part and place of a split swarm is told equally often', () => {
    const { registry, say } = registryOf('fair split')
    const peers = 60_000
    for (let peer = 0; peer < peers; peer++) {
      say(1, peer)
      registry.upsert()
    }
    const told = new Uint32Array(peers)
    registry.draw.state = 5
    say(1, peers)
    registry.saying.wanted = 200
    const { swarm, part, slot } = registry.upsert()
    const { hand } = registry
    for (let round = 0; round < 6000; round++) {
      hand.clear()
      swarm.deal(registry.saying, part, slot, registry.draw, hand)
      let total = 0
      hand.visit((members, at) => {
        const peer = members.group(at)
        told[peer] = (told[peer] as number) + 1
        total++
      })
      if (total !== 200) throw new Error(`round ${round}: ${total} told`)
    }
    const mean = (6000 * 200) / peers
    const chiSquare = told.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0)
    // 59,999 degrees of freedom: the deviation of their sum is 346; five of them.
    expect(Math.abs(chiSquare - peers)).toBeLessThan(1732)
  })

  test('capacities grow by a quarter, up to what a half-word can number', () => {
    let capacity = capacityFor(1)
    while (capacity < PART_SLOTS_MAX) {
      const next = nextCapacity(capacity)
      expect(next).toBeGreaterThan(capacity)
      if (capacity > 64) expect(next / capacity).toBeLessThan(1.27)
      capacity = next
    }
    expect(capacity).toBe(PART_SLOTS_MAX)
  })
})

describe('memory', () => {
  test.each([
    ['without peer ids', false, 25],
    ['with peer ids', true, 45],
  ])('1,000 swarms of 100 that grow together hold few bytes a peer, %s', (_name, peerIds, most) => {
    const { registry, say } = registryOf('bytes', { peerIds, groups: false })
    for (let peer = 0; peer < 100; peer++)
      for (let swarm = 0; swarm < 1000; swarm++) {
        say(swarm, peer)
        registry.upsert()
      }
    expect(registry.heldBytes / registry.peerCount).toBeLessThan(most)
  })

  test('what expired is used again: ten generations hold two pages more than two at most', () => {
    const { registry, say } = registryOf('generations', { peerIds: false, groups: false })
    const sweeper = new Sweeper(registry)
    let held = 0
    for (let generation = 0; generation < 10; generation++) {
      for (let peer = 0; peer < 100; peer++)
        for (let swarm = 0; swarm < 200; swarm++) {
          say(swarm + 1000 * (generation % 3), peer, false, generation * (AGE + 2))
          registry.upsert()
        }
      for (let second = 0; second < 200; second++) {
        sweeper.begin()
        while (sweeper.step(generation * (AGE + 2), AGE));
      }
      expect(registry.peerCount).toBe(20_000)
      if (generation === 1) held = registry.heldBytes
    }
    expect(registry.heldBytes).toBeLessThanOrEqual(held + 2 * PAGE_LENGTH)
  })

  test('blocks do not overlap, and a page goes from one size to another', () => {
    const slabs = new Slabs()
    const random = new Prng('slabs')
    const taken: { block: ReturnType<Slabs['take']>; length: number; mark: number }[] = []
    for (let step = 0; step < 20_000; step++) {
      if (random.below(100) < (step < 10_000 ? 55 : 45) || taken.length === 0) {
        const length = 8 + random.below(random.below(50) === 0 ? 100_000 : 3000)
        const block = slabs.take(length)
        const mark = step & 255
        block.page.bytes.fill(mark, block.at, block.at + length)
        taken.push({ block, length, mark })
      } else {
        const at = random.below(taken.length)
        const [{ block, length, mark }] = taken.splice(at, 1) as [(typeof taken)[number]]
        const bytes = block.page.bytes.subarray(block.at, block.at + length)
        if (!bytes.every((byte) => byte === mark)) throw new Error(`step ${step}: overwritten`)
        slabs.give(block)
      }
    }
    for (const { block } of taken) slabs.give(block)
    const held = slabs.heldBytes
    for (let block = 0; block < 100; block++) slabs.take(4096)
    expect(slabs.heldBytes).toBe(held)
  })
})

describe('a sweep', () => {
  test('[H11] looks at no more than its budget in one step, and ends with everybody forgotten', () => {
    const { registry, say } = registryOf('steps', { peerIds: false, groups: false })
    for (let peer = 0; peer < 200_000; peer++) {
      say(peer % 3, peer)
      registry.upsert()
    }
    const sweeper = new Sweeper(registry)
    let steps = 0
    for (let second = 0; second < 60; second++) {
      sweeper.begin()
      for (let more = true; more; steps++) {
        const before = registry.peerCount
        more = sweeper.step(AGE + 1, AGE)
        // Each one that is forgotten counts for many that are looked at.
        expect(before - registry.peerCount).toBeLessThanOrEqual(SWEEP_SLOTS_MAX / SWEPT_GONE_SLOTS)
      }
    }
    expect(registry.peerCount).toBe(0)
    expect(registry.swarmCount).toBe(0)
    expect(steps).toBeGreaterThan(200_000 / (SWEEP_SLOTS_MAX / SWEPT_GONE_SLOTS))
  })

  test('[H11] ends at every size of a part, also where it is nearly full', () => {
    const { registry, say } = registryOf('full')
    const sweeper = new Sweeper(registry)
    for (let peer = 0; peer < PART_SLOTS_MAX; peer++) {
      say(1, peer)
      registry.upsert()
      if (peer % 100 !== 0 && peer < PART_SLOTS_MAX - 100) continue
      sweeper.begin()
      for (let steps = 0; sweeper.step(0, AGE); steps++) expect(steps).toBeLessThan(10)
    }
    expect(registry.peerCount).toBe(PART_SLOTS_MAX)
  })

  test('[H11] forgets nobody who was heard within the time, however the steps fall', () => {
    const { registry, say } = registryOf('kept', { peerIds: false, groups: false })
    for (let peer = 0; peer < 50_000; peer++) {
      say(peer % 7, peer, false, peer % 2 === 0 ? 0 : 10)
      registry.upsert()
    }
    const sweeper = new Sweeper(registry)
    for (let second = 0; second < 130; second++) {
      sweeper.begin()
      while (sweeper.step(AGE + 5, AGE));
    }
    expect(registry.peerCount).toBe(25_000)
  })
})
