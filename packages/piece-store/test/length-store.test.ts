import { syntheticMetainfo } from '@bt/metainfo'
import type { Done, Storage } from '@bt/ports'
import { SimNetwork, Simulation } from '@bt/simulator'
import { describe, expect, test } from 'vitest'
import {
  type LengthStoreOptions,
  noStorage,
  openLengthStore,
  type PieceStore,
  type Settled,
} from '../src/index.ts'
import { setBits } from './world.ts'

const BLOCK = 16_384
const RIGHT = { length: BLOCK, genuine: true }
const WRONG = { length: BLOCK, genuine: false }

class World {
  readonly #simulation = new Simulation(1)
  readonly store: PieceStore

  constructor(facts: { readonly trustData?: boolean } & LengthStoreOptions = {}) {
    const network = new SimNetwork(this.#simulation)
    const { clock, hasher } = network.addHost(network.addSite('site')).ports
    const metainfo = syntheticMetainfo({
      name: 'lengths',
      pieceCount: 4,
      pieceLength: 2 * BLOCK,
      blockLength: BLOCK,
    })
    const disk = this.call((done: Done<Storage>) => noStorage(clock).open([], done))
    const { trustData = false, ...options } = facts
    this.store = this.call((done: Done<PieceStore>) =>
      openLengthStore(options)(
        metainfo,
        { storage: disk, hasher },
        { memoryMaxBytes: 0, trustData },
        done,
      ),
    )
  }

  /** What a call answers, which it must not do before it returns. */
  call<T>(run: (done: Done<T>) => void): T {
    let answer: { readonly error: Error | undefined; readonly value: T } | undefined
    run((error, value) => {
      answer = { error, value }
    })
    if (answer !== undefined) throw new Error('it answered inside the call')
    this.#simulation.runUntil(() => answer !== undefined, { timeMs: 1_000 })
    const { error, value } = answer as unknown as { error: Error | undefined; value: T }
    if (error !== undefined) throw error
    return value
  }

  settle(piece: number): Settled {
    return this.call((done: Done<Settled>) => this.store.settle(piece, done))
  }
}

describe('a store of lengths', () => {
  test('has a piece once all its blocks came genuine and it was settled', () => {
    const world = new World()
    const { store } = world
    expect(store.accept(1, 0, RIGHT)).toBe('not-begun')
    expect(store.begin(1)).toBe(true)
    expect(store.bufferedBytes).toBe(2 * BLOCK)
    expect(store.accept(1, BLOCK, RIGHT)).toBe('partial')
    expect(store.accept(1, BLOCK, RIGHT)).toBe('duplicate')
    expect(store.accept(1, 0, RIGHT)).toBe('complete')
    expect(store.have.count).toBe(0)
    expect(store.lend(1, 0, BLOCK)).toBeUndefined()
    expect(world.settle(1)).toEqual({ verdict: 'verified' })
    expect(setBits(store.have)).toEqual([1])
    expect(store.durable.has(1)).toBe(true)
    expect(store.bufferedBytes).toBe(0)
    expect(store.lend(1, 0, BLOCK)?.bytes).toEqual(RIGHT)
  })

  test('takes blocks of several units at once', () => {
    const { store } = new World()
    store.begin(0)
    expect(store.accept(0, 0, { length: 2 * BLOCK, genuine: true })).toBe('complete')
  })

  test('finds a piece corrupt when one block was not genuine, with digests that tell who it was', () => {
    const world = new World()
    const { store } = world
    store.begin(2)
    store.accept(2, 0, RIGHT)
    store.accept(2, BLOCK, WRONG)
    const first = world.settle(2)
    store.discard(2)
    store.begin(2)
    store.accept(2, 0, RIGHT)
    store.accept(2, BLOCK, WRONG)
    const second = world.settle(2)
    store.discard(2)
    store.begin(2)
    store.accept(2, 0, RIGHT)
    store.accept(2, BLOCK, RIGHT)
    const third = world.settle(2)
    expect([first, second, third].map(({ verdict }) => verdict)).toEqual([
      'corrupt',
      'corrupt',
      'verified',
    ])
    const digests = [first, second, third].map(({ blockDigests }) => blockDigests as Uint8Array)
    const block = (at: number, number: number): string =>
      String(digests[at]?.subarray(20 * number, 20 * number + 20))
    expect(block(0, 0)).toBe(block(2, 0))
    expect(block(0, 1)).not.toBe(block(2, 1))
    expect(block(0, 1)).not.toBe(block(1, 1))
  })

  test('gives back single blocks, and a piece that was given up while it settled', () => {
    const world = new World()
    const { store } = world
    store.begin(0)
    store.accept(0, 0, RIGHT)
    store.accept(0, BLOCK, RIGHT)
    store.discard(0, [1])
    expect(store.accept(0, BLOCK, RIGHT)).toBe('complete')
    expect(() =>
      world.call((done: Done<Settled>) => {
        store.settle(0, done)
        store.discard(0)
      }),
    ).toThrow('given up')
    expect(store.have.count).toBe(0)
    expect(store.bufferedBytes).toBe(0)
  })

  test('of a seed has everything, and serves wrong what it is told to spoil', () => {
    const { store } = new World({ trustData: true, spoils: (piece) => piece === 3 })
    expect(store.have.count).toBe(4)
    expect(store.lend(0, 0, BLOCK)?.bytes).toEqual(RIGHT)
    expect(store.lend(3, 0, BLOCK)?.bytes).toEqual(WRONG)
  })

  test('has no bytes to read, no hashes, and nothing to recheck or keep', () => {
    const world = new World({ trustData: true })
    const { store } = world
    expect(() => world.call((done) => store.read(0, new Uint8Array(1), done))).toThrow('no bytes')
    expect(() => world.call((done) => store.readFile(0, 0, new Uint8Array(1), done))).toThrow()
    world.call((done) => void store.recheck(store.have, () => {}, done))
    expect(world.call((done: Done<Uint8Array>) => store.checkpoint(done)).length).toBe(0)
    world.call((done: Done<Uint8Array>) => store.close(done))
  })
})
