// Random small swarms under faults: first everything may happen, then the network heals and all must finish.
//
// Goal: the invariants of invariants.ts at any moment, completion after the healing (I12), the same run for the same
// seed (I13), nothing left after the close (I14). Method: everything is drawn from the seed. SEED=n repeats one.
import type { Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { fakeServer } from './fake-peer.ts'
import { checkContent, checkInvariants } from './invariants.ts'
import { type Node, World, makeContent } from './world.ts'

/** More with SEEDS=n (a documented command runs 5,000). */
const SEEDS = Number(process.env['SEEDS'] ?? 50)
const SECOND = 1_000
const FAULTS_MS = 60 * SECOND

const pick = <T>(random: Prng, from: readonly T[]): T => from[random.below(from.length)] as T

interface Run {
  readonly traceHash: string
  readonly events: number
}

class RandomSwarm {
  readonly #seed: number
  readonly #world: World
  readonly #random: Prng
  readonly #nodes: Node[] = []
  readonly #honest = new Set<string>()
  readonly #wasMagnet = new Map<number, boolean>()

  constructor(seed: number) {
    this.#seed = seed
    const shape = new World(seed, makeContent([1])).simulation.random('shape')
    const lengths = Array.from({ length: 1 + shape.below(3) }, () => 1 + shape.below(500_000))
    const content = makeContent(lengths, {
      pieceLength: pick(shape, [16_384, 32_768, 65_536]),
      version: pick(shape, ['1', '1', '2', 'hybrid'] as const),
      seed,
    })
    const faults = shape.below(2) === 0 ? {} : { dialFailure: shape.below(30) / 100 }
    this.#world = new World(seed, content, { faults, everyMs: 5_000 + shape.below(20_000) })
    this.#random = this.#world.simulation.random('deeds')
  }

  run(): Run {
    const world = this.#world
    const random = this.#random
    this.#populate()
    const liars = random.below(3)
    for (let count = 0; count < liars; count++) this.#addLiar()
    const steps = 6
    for (let step = 0; step < steps; step++) {
      world.run(FAULTS_MS / steps)
      this.#check(`seed ${this.#seed}, step ${step}`)
      this.#deed()
    }
    this.#heal()
    world.complete(this.#nodes, 900 * SECOND)
    this.#check(`seed ${this.#seed}, at the end`)
    for (const { host, swarm } of this.#nodes) {
      world.expectContent(host)
      expect(swarm.stats.pendingBytes, 'nothing is unjudged at the end (I4)').toBe(0)
    }
    world.close(this.#nodes)
    const { stopped, traceHash, events } = world.simulation.run({
      timeMs: world.simulation.clock.now() + 3_600 * SECOND,
    })
    expect(stopped, `seed ${this.#seed}: nothing is left to happen (I14)`).toBe('idle')
    return { traceHash, events }
  }

  #populate(): void {
    const random = this.#random
    const seeds = 1 + random.below(2)
    const all = seeds + 2 + random.below(5)
    for (let at = 0; at < all; at++) {
      const seed = at < seeds
      const hostOptions = {
        uploadBytesPerSecond: pick(random, [20_000, 100_000, 1_000_000]),
        downloadBytesPerSecond: pick(random, [50_000, 1_000_000, Number.POSITIVE_INFINITY]),
        latencyMs: 1 + random.below(200),
      }
      const magnet = !seed && this.#world.content.metainfo.version !== '2' && random.below(3) === 0
      const memoryMaxBytes = pick(random, [65_536, 262_144, 64 * 1024 * 1024])
      const torrent = seed && random.below(4) === 0 ? { superSeed: true } : {}
      const node = this.#world.node({
        seed,
        hostOptions,
        magnet,
        session: { memoryMaxBytes },
        torrent,
      })
      this.#wasMagnet.set(at, magnet)
      this.#honest.add(node.host.address)
      this.#nodes.push(node)
    }
  }

  #addLiar(): void {
    const host = this.#world.host({ uploadBytesPerSecond: pick(this.#random, [50_000, 500_000]) })
    const { metainfo, files } = this.#world.content
    const kind = this.#random.below(3)
    fakeServer({
      host,
      metainfo,
      files,
      script: {
        answer: (_, honest) => {
          if (kind === 0) return 'silent'
          if (kind === 1) return 'reject'
          return honest().fill(0)
        },
      },
    })
    for (const { swarm } of this.#nodes) {
      if (this.#random.below(2) === 0) swarm.addPeers([{ host: host.address, port: 6881 }])
    }
  }

  /** One thing happens to somebody. */
  #deed(): void {
    const random = this.#random
    const world = this.#world
    const at = random.below(this.#nodes.length)
    const node = this.#nodes[at] as Node
    switch (random.below(7)) {
      case 0:
        node.host.crash()
        this.#restart(at)
        break
      case 1:
        node.host.kill()
        this.#restart(at)
        break
      case 2: {
        const other = this.#nodes[random.below(this.#nodes.length)] as Node
        if (other !== node) world.network.partition([node.host], [other.host])
        break
      }
      case 3:
        node.swarm.pause()
        break
      case 4:
        node.host.disk.capacityBytes = 100_000 + random.below(500_000)
        break
      case 5:
        node.host.disk.fail({ code: pick(random, ['WRITE_FAILED', 'READ_FAILED']), times: 3 })
        break
      default:
        node.host.setRates({ uploadBytesPerSecond: 5_000 + random.below(50_000) })
    }
  }

  #restart(at: number): void {
    const { host } = this.#nodes[at] as Node
    host.restart()
    const magnet = this.#wasMagnet.get(at) ?? false
    this.#nodes[at] = this.#world.node({ host, magnet })
  }

  #heal(): void {
    this.#world.network.heal()
    for (const { host, swarm } of this.#nodes) {
      host.disk.capacityBytes = Number.POSITIVE_INFINITY
      host.setRates({ uploadBytesPerSecond: 500_000 })
      swarm.resume()
    }
  }

  #check(where: string): void {
    checkInvariants(this.#world, this.#nodes, this.#honest, where)
    checkContent(this.#world, this.#nodes, where)
  }
}

function runSwarm(seed: number): Run {
  return new RandomSwarm(seed).run()
}

describe('random swarms under faults', () => {
  const only = process.env['SEED']
  const seeds =
    only === undefined ? Array.from({ length: SEEDS }, (_, at) => at + 1) : [Number(only)]
  for (const seed of seeds) {
    test(`[I1] [I4] [I5] [I6] [I8] [I12] [I14] hold, and all complete after healing (seed ${seed})`, () => {
      runSwarm(seed)
    })
  }

  for (const seed of [3, 14, 15]) {
    test(`[I13] [L10] the same seed is the same run, to the event (seed ${seed})`, () => {
      expect(runSwarm(seed)).toEqual(runSwarm(seed))
    })
  }
})
