// One engine, two profiles: the same world with bytes and with objects and lengths.
import { syntheticMetainfo } from '@bt/metainfo'
import { fastProfile } from '@bt/swarm'
import { describe, expect, test } from 'vitest'
import { type Content, makeContent, type Node, type NodeOptions, World } from './world.ts'

const PIECES = 40
const PIECE_LENGTH = 32_768
const RATE = { uploadBytesPerSecond: 200_000, downloadBytesPerSecond: 800_000 }

function lengths(blockLength: number): Content {
  const metainfo = syntheticMetainfo({
    name: 'lengths',
    pieceCount: PIECES,
    pieceLength: PIECE_LENGTH,
    blockLength,
  })
  return { ...makeContent([1]), metainfo, files: [] }
}

function fastNode(world: World, options: NodeOptions, spoils?: (piece: number) => boolean): Node {
  const host = options.host ?? world.host(options.hostOptions)
  const fast = fastProfile(host.ports, spoils === undefined ? {} : { spoils })
  return world.node({
    ...options,
    host,
    seed: false,
    session: { ...options.session, ...fast.session },
    torrent: {
      ...options.torrent,
      ...fast.torrent,
      found: options.seed === true ? 'trust' : 'absent',
    },
  })
}

interface Outcome {
  /** Milliseconds until each leech was complete, in order. */
  readonly times: readonly number[]
  readonly downloadedBytes: number
  readonly traceHash: string
  readonly events: number
}

function run(world: World, make: (options: NodeOptions) => Node): Outcome {
  const seed = make({ seed: true, hostOptions: RATE })
  const leeches = Array.from({ length: 8 }, () => make({ hostOptions: RATE }))
  const times: number[] = []
  for (const { swarm } of leeches) {
    swarm.on('complete', () => times.push(world.simulation.clock.now()))
  }
  world.complete(leeches, 300_000)
  const { events, traceHash } = world.simulation.run({ events: 0 })
  const downloadedBytes = leeches.reduce((sum, { swarm }) => sum + swarm.stats.downloadedBytes, 0)
  world.close([seed, ...leeches])
  return { times, downloadedBytes, traceHash, events }
}

function wire(seed: number): Outcome {
  const world = new World(seed, makeContent([PIECES * PIECE_LENGTH], { pieceLength: PIECE_LENGTH }))
  return run(world, (options) => world.node(options))
}

function fast(seed: number, blockLength: number): Outcome {
  const world = new World(seed, lengths(blockLength))
  return run(world, (options) => fastNode(world, options))
}

describe('the fast profile', () => {
  test('ends as the wire profile does, in about the same virtual time', () => {
    for (const seed of [1, 2]) {
      const bytes = wire(seed)
      const blocks = fast(seed, 16_384)
      const pieces = fast(seed, PIECE_LENGTH)
      const last = bytes.times.at(-1) as number
      for (const outcome of [blocks, pieces]) {
        expect(outcome.times.length).toBe(8)
        expect(outcome.times.at(-1)).toBeGreaterThan(0.7 * last)
        expect(outcome.times.at(-1)).toBeLessThan(1.4 * last)
        expect(outcome.downloadedBytes).toBeLessThan(1.1 * bytes.downloadedBytes)
      }
    }
  })

  test('gives the same run for the same seed', () => {
    expect(fast(3, PIECE_LENGTH)).toEqual(fast(3, PIECE_LENGTH))
  })

  test('finds and bans a peer that serves wrong lengths, and completes from the others', () => {
    const world = new World(4, lengths(16_384))
    const seed = fastNode(world, { seed: true, hostOptions: { uploadBytesPerSecond: 100_000 } })
    const spoiler = fastNode(world, { seed: true }, (piece) => piece % 2 === 0)
    const leech = fastNode(world, {})
    world.complete([leech], 120_000)
    const corrupt = leech.log.filter(({ event }) => event === 'corrupt').length
    expect(corrupt).toBeGreaterThan(0)
    const banned = leech.log.filter(
      ({ event, facts }) => event === 'peer' && 'change' in facts && facts.change === 'banned',
    )
    expect(banned.map(({ facts }) => facts)).toMatchObject([
      { endpoint: { host: spoiler.host.address } },
    ])
    world.close([seed, spoiler, leech])
  })

  test('obeys a download limit', () => {
    const world = new World(5, lengths(PIECE_LENGTH))
    const seed = fastNode(world, { seed: true })
    const limits = { downloadBytesPerSecond: 200_000 }
    const leech = fastNode(world, { torrent: { limits } })
    world.complete([leech], 120_000)
    const seconds = world.simulation.clock.now() / 1000
    expect(seconds).toBeGreaterThan((PIECES * PIECE_LENGTH) / 200_000 - 2)
    world.close([seed, leech])
  })
})
