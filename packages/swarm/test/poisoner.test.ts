// Picker and trust together against poisoners: goal: identified after few failed pieces, little waste, no honest peer
// ever convicted. Method: a swarm of seeds that answer in random order, some of which spoil one block of what they send.
import { Prng, sha1 } from '@bt/primitives'
import { expect, test } from 'vitest'
import { Trust } from '../src/peers/trust.ts'
import { World, geometryOf } from './picker-world.ts'

const PIECES = 150
const BLOCKS = 16
const HONEST = 20

interface Outcome {
  readonly failedPieces: number
  /** Failed pieces when the first poisoner was convicted; undefined: none was. */
  readonly failedAtFirst: number | undefined
  readonly wastedShare: number
  readonly banned: readonly string[]
  readonly convicted: ReadonlySet<string>
}

function digestOf(text: string): Uint8Array {
  return sha1(new TextEncoder().encode(text))
}

/** Downloads everything; `liars` spoil each block they send with a chance of one in `every`. */
function download(seed: number, liars: number, every: number): Outcome {
  const random = new Prng(`poisoner ${seed}`)
  const world = new World(geometryOf(PIECES, BLOCKS), seed)
  const trust = new Trust<string>()
  const names = [
    ...Array.from({ length: HONEST }, (_, at) => `p${at}`),
    ...Array.from({ length: liars }, (_, at) => `liar${at}`),
  ]
  for (const name of names) world.seed(name, random.below(2) === 0 ? 20_000 : 500_000)
  const content = new Map<string, string>()
  const banned: string[] = []
  const convicted = new Set<string>()
  let failedPieces = 0
  let failedAtFirst: number | undefined
  const judge = (found: readonly { peer: string; ban: boolean }[]): void => {
    for (const { peer, ban } of found) {
      convicted.add(peer)
      failedAtFirst ??= failedPieces
      if (ban && world.peers.has(peer)) {
        banned.push(peer)
        world.leave(peer)
        trust.left(peer)
      }
    }
    for (const peer of trust.takeParoleChanges()) {
      if (world.peers.has(peer)) world.picker.setParole(peer, trust.onParole(peer, peer))
    }
  }
  for (let step = 0; world.picker.wantedLeft > 0; step++) {
    if (step > 200_000) throw new Error(`seed ${seed}: not done`)
    world.now += 5
    const alive = [...world.peers.keys()]
    const name = alive[random.below(alive.length)] as string
    const peer = world.peer(name)
    if (peer.asks.size < 6) world.pick(name, 6 - peer.asks.size)
    const [key] = peer.asks.keys()
    if (key === undefined) continue
    const [piece, begin] = key.split(':').map(Number) as [number, number]
    const block = begin / world.geometry.blockLength
    peer.asks.delete(key)
    const arrival = world.picker.arrived(name, piece, begin)
    for (const other of arrival.cancel) world.peer(other).asks.delete(key)
    if (arrival.kind !== 'fresh') continue
    world.here.add(key)
    const spoils = name.startsWith('liar') && random.below(every) === 0
    content.set(key, spoils ? `BAD ${step}` : key)
    trust.contributed(piece, block, name, name)
    if (!world.isWhole(piece)) continue
    world.picker.checking(piece)
    const digests = new Uint8Array(20 * BLOCKS)
    let isRight = true
    for (let at = 0; at < BLOCKS; at++) {
      const its = `${piece}:${at * world.geometry.blockLength}`
      digests.set(digestOf(content.get(its) as string), 20 * at)
      if (content.get(its) !== its) isRight = false
    }
    if (isRight) {
      world.verify(piece)
      judge(trust.verified(piece, trust.needsDigests(piece) ? digests : undefined))
    } else {
      failedPieces++
      const { suspects, convicted: found } = trust.failed(piece, { blockDigests: digests })
      world.spoil(piece)
      if (suspects.length === 1)
        world.picker.spoiledBy((suspects[0] as { peer: string }).peer, piece)
      judge(found)
    }
  }
  return { failedPieces, failedAtFirst, wastedShare: failedPieces / PIECES, banned, convicted }
}

function percentile95(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[
    Math.floor(0.95 * (values.length - 1))
  ] as number
}

test('[E01] one poisoner among twenty is identified within three failed pieces, honest peers never are', () => {
  const outcomes = Array.from({ length: 40 }, (_, seed) => download(seed, 1, 8))
  for (const { convicted } of outcomes) expect([...convicted]).toEqual(['liar0'])
  expect(
    percentile95(outcomes.map(({ failedAtFirst }) => failedAtFirst ?? 99)),
  ).toBeLessThanOrEqual(3)
  const mean = outcomes.reduce((sum, { wastedShare }) => sum + wastedShare, 0) / outcomes.length
  expect(mean).toBeLessThan(0.03)
})

test('[E03] three poisoners among twenty are all banned, and the download ends', () => {
  for (let seed = 0; seed < 15; seed++) {
    const { banned, convicted, failedPieces } = download(1_000 + seed, 3, 4)
    expect(banned.toSorted()).toEqual(['liar0', 'liar1', 'liar2'])
    expect(convicted.size).toBe(3)
    expect(failedPieces).toBeLessThan(20)
  }
})
