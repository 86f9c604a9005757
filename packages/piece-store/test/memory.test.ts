import { expect, test } from 'vitest'
import { MemoryBudget } from '../src/index.ts'
import { makeTorrent, oneFile } from './torrents.ts'
import { BLOCK, World, expectBytes } from './world.ts'

test('begin answers false when the budget is used up, and evicts nothing', () => {
  const world = new World(oneFile(8 * BLOCK, 2 * BLOCK))
  const store = world.open({ memoryMaxBytes: 5 * BLOCK })
  expect([0, 1, 2].map((piece) => store.begin(piece))).toEqual([true, true, false])
  expect(store.bufferedBytes).toBe(4 * BLOCK)
  expect(world.fill(store, 0)).toBe('complete')
  store.discard(1)
  expect(store.begin(2)).toBe(true)
  expect(world.settle(store, 0).verdict).toBe('verified')
})

test('one piece is always allowed, however small the budget', () => {
  const world = new World(oneFile(8 * BLOCK, 4 * BLOCK))
  const store = world.open({ memoryMaxBytes: 1 })
  expect(store.begin(0)).toBe(true)
  expect(store.begin(1)).toBe(false)
  world.fetch(store, [0, 1])
  expect(store.have.count).toBe(2)
})

test('[F21] while a disk takes five seconds a write, memory stays below the budget and nothing new begins', () => {
  const world = new World(oneFile(64 * BLOCK, 2 * BLOCK))
  const budget = new MemoryBudget(8 * BLOCK)
  const store = world.open({ memory: budget })
  world.host.disk.operationMs = 5000
  let settled = 0
  let greatest = 0
  const begin = (): void => {
    for (let piece = 0; piece < 32; piece++) {
      if (store.have.has(piece) || !store.begin(piece)) continue
      const bytes = world.torrent.pieceBytes(piece)
      if (store.accept(piece, 0, bytes) === 'complete') store.settle(piece, () => settled++)
      greatest = Math.max(greatest, budget.usedBytes)
    }
  }
  budget.onFreed(begin)
  begin()
  expect(store.bufferedBytes).toBe(8 * BLOCK)
  world.idle()
  expect(settled).toBe(32)
  expect(greatest).toBe(8 * BLOCK)
  expect(store.bufferedBytes).toBe(0)
})

test('buffers are used again: a long download allocates no more than the budget', () => {
  const world = new World(oneFile(64 * BLOCK, BLOCK))
  const { hasher } = world.host.ports
  let allocated = 0
  const allocate = hasher.allocate.bind(hasher)
  hasher.allocate = (length) => {
    allocated += length
    return allocate(length)
  }
  const store = world.open({ memoryMaxBytes: 8 * BLOCK })
  world.fetch(store)
  expect(allocated).toBeLessThanOrEqual(8 * BLOCK)
  expect(world.onDisk(0)?.length).toBe(64 * BLOCK)
})

test('the pads of a piece are zeros even in a buffer that held other bytes', () => {
  const files = [
    { path: ['a'], length: 2 * BLOCK },
    { path: ['b'], length: BLOCK + 9 },
    { path: ['c'], length: 1 },
  ]
  const world = new World(makeTorrent({ version: 'hybrid', pieceLength: 2 * BLOCK, files }))
  // Memory for one piece: every piece has the buffer of the one before.
  const store = world.open({ memoryMaxBytes: 2 * BLOCK })
  world.fetch(store)
  const pad = new Uint8Array(BLOCK - 9).fill(7)
  world.call((done) => store.readFile(2, 0, pad, done))
  expectBytes(pad, new Uint8Array(BLOCK - 9))
})

test('two stores share one budget, and each may always begin one piece', () => {
  const budget = new MemoryBudget(4 * BLOCK)
  const one = new World(oneFile(8 * BLOCK, 2 * BLOCK), 1)
  const other = new World(oneFile(8 * BLOCK, 2 * BLOCK), 2)
  const first = one.open({ memory: budget })
  const second = other.open({ memory: budget })
  expect([first.begin(0), first.begin(1), first.begin(2)]).toEqual([true, true, false])
  expect([second.begin(0), second.begin(1)]).toEqual([true, false])
  const told: string[] = []
  budget.onFreed(() => told.push('freed'))
  first.discard(0)
  expect(told).toEqual(['freed'])
  first.discard(1)
  expect(told).toEqual(['freed'])
  expect(second.begin(1)).toBe(true)
  one.close(first)
  other.close(second)
  expect(budget.usedBytes).toBe(0)
})

test('what one store caches is given up when another needs it', () => {
  const budget = new MemoryBudget(8 * BLOCK)
  const one = new World(oneFile(8 * BLOCK, 2 * BLOCK), 1)
  const other = new World(oneFile(8 * BLOCK, 2 * BLOCK), 2)
  const first = one.open({ memory: budget })
  const second = other.open({ memory: budget })
  one.fetch(first)
  expect(first.lend(3, 0, BLOCK)).toBeDefined()
  expect([0, 1, 2].map((piece) => second.begin(piece))).toEqual([true, true, true])
  expect(second.begin(3)).toBe(false)
  // The piece that is lent stays.
  expect(first.lend(3, 0, BLOCK)).toBeDefined()
  expect(first.lend(2, 0, BLOCK)).toBeUndefined()
  expect(budget.usedBytes).toBe(8 * BLOCK)
})

test('a loan that outlives its store gives its memory back when it is released', () => {
  const budget = new MemoryBudget(8 * BLOCK)
  const world = new World(oneFile(2 * BLOCK, BLOCK))
  const store = world.open({ memory: budget })
  world.fetch(store)
  const lent = store.lend(0, 0, BLOCK)
  world.close(store)
  expect(budget.usedBytes).toBe(BLOCK)
  expectBytes(lent?.bytes, world.torrent.pieceBytes(0))
  lent?.release()
  lent?.release()
  expect(budget.usedBytes).toBe(0)
})
