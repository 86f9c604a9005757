// A disk that fails while a store lives on it. Fault ids are those of the fault catalogue, layer F.

import type { StorageErrorCode } from '@bt/ports'
import { expect, test } from 'vitest'
import { LOADS_PER_LOOK } from '../src/store-limits.ts'
import { makeTorrent, oneFile } from './torrents.ts'
import { BLOCK, World, expectBytes, setBits } from './world.ts'

const CODES: readonly (readonly [string, StorageErrorCode])[] = [
  ['[F01]', 'DISK_FULL'],
  ['[F02]', 'NO_PERMISSION'],
  ['[F05] [F16]', 'WRITE_FAILED'],
  ['[F13]', 'OUTSIDE_ROOT'],
]

for (const [ids, code] of CODES) {
  test(`${ids} after ${code} a piece is not had, stays in memory, and is written after retry`, () => {
    const world = new World(oneFile(4 * BLOCK, BLOCK))
    const store = world.open()
    world.fetch(store, [0])
    const lift = world.host.disk.fail({ code, operations: ['write'] })
    world.fill(store, 1)
    world.fill(store, 2)
    const settled: number[] = []
    for (const piece of [1, 2]) store.settle(piece, () => settled.push(piece))
    world.idle()
    expect(store.condition).toMatchObject({ state: 'stopped', error: { code, file: 0 } })
    expect(world.conditions).toEqual([store.condition])
    expect(settled).toEqual([])
    expect(setBits(store.have)).toEqual([0])
    expect(store.bufferedBytes).toBe(2 * BLOCK)
    // No new piece begins; what is had is still served.
    expect(store.begin(3)).toBe(false)
    expect(store.lend(0, 0, BLOCK)).toBeDefined()
    // A retry that comes too early changes nothing.
    store.retry()
    world.idle()
    expect(store.condition.state).toBe('stopped')
    expect(settled).toEqual([])
    lift()
    store.retry()
    world.idle()
    expect(store.condition).toEqual({ state: 'ok' })
    expect(settled.toSorted((one, other) => one - other)).toEqual([1, 2])
    world.fetch(store, [3])
    expectBytes(world.onDisk(0), world.torrent.contents[0])
  })
}

test('[F01] a full disk that gets room again completes without a restart, and nothing is fetched twice', () => {
  const world = new World(oneFile(16 * BLOCK, BLOCK))
  const store = world.open({ memoryMaxBytes: 4 * BLOCK })
  world.host.disk.capacityBytes = 5 * BLOCK
  let fetched = 0
  for (let round = 0; store.have.count < 16; round++) {
    expect(round).toBeLessThan(50)
    for (const piece of world.pieces()) {
      if (store.have.has(piece) || !store.begin(piece)) continue
      if (world.fill(store, piece) !== 'complete') continue
      fetched++
      store.settle(piece, () => {})
    }
    world.idle()
    if (store.condition.state === 'ok') continue
    expect(store.condition.error.code).toBe('DISK_FULL')
    world.host.disk.capacityBytes += 3 * BLOCK
    store.retry()
    world.idle()
  }
  expect(fetched).toBe(16)
  expectBytes(world.onDisk(0), world.torrent.contents[0])
})

test('a stopped piece can be discarded; its settling then says so', () => {
  const world = new World(oneFile(BLOCK, BLOCK))
  const store = world.open()
  const lift = world.host.disk.fail({ code: 'DISK_FULL', operations: ['write'] })
  world.fill(store, 0)
  const ends: unknown[] = []
  store.settle(0, (error) => ends.push((error as { code?: string }).code))
  world.idle()
  store.discard(0)
  expect(ends).toEqual([])
  world.idle()
  expect(ends).toEqual(['DISCARDED'])
  expect(store.bufferedBytes).toBe(0)
  lift()
  store.retry()
  world.fetch(store)
  expect(store.have.count).toBe(1)
})

test('close while the disk is full answers resume data, and what waits ends with CLOSED', () => {
  const world = new World(oneFile(2 * BLOCK, BLOCK))
  const store = world.open()
  world.fetch(store, [0])
  world.host.disk.fail({ code: 'DISK_FULL', operations: ['write'] })
  world.fill(store, 1)
  const ends: unknown[] = []
  store.settle(1, (error) => ends.push((error as { code?: string }).code))
  world.idle()
  const resume = world.close(store)
  expect(ends).toEqual(['CLOSED'])
  const again = world.open({ resume })
  expect(setBits(again.have)).toEqual([])
  expect(setBits(again.doubtful)).toEqual([0])
})

test('close waits for what is being hashed and written', () => {
  const world = new World(oneFile(2 * BLOCK, BLOCK))
  const store = world.open()
  world.fill(store, 0)
  world.fill(store, 1)
  const settled: number[] = []
  store.settle(0, (error) => error ?? settled.push(0))
  store.settle(1, (error) => error ?? settled.push(1))
  world.close(store)
  expect(settled).toEqual([0, 1])
  expectBytes(world.onDisk(0), world.torrent.contents[0])
})

test('[F03] a piece that can not be read is not lent, is no longer had, and is checked again', () => {
  const world = new World(oneFile(4 * BLOCK, BLOCK))
  world.putFile(0)
  const store = world.open()
  world.recheck(store)
  world.host.disk.fail({ code: 'READ_FAILED', operations: ['read'], times: 1 })
  let hadWhenAnswered = true
  const error = world.failure((done) =>
    store.load(2, 0, (failure) => {
      hadWhenAnswered = store.have.has(2)
      done(failure, undefined)
    }),
  )
  expect(error).toMatchObject({ code: 'READ_FAILED', file: 0 })
  expect(hadWhenAnswered).toBe(false)
  expect(store.lend(2, 0, BLOCK)).toBeUndefined()
  expect(world.lost).toEqual([{ pieces: [2], error }])
  expect(setBits(store.have)).toEqual([0, 1, 3])
  expect(setBits(store.doubtful)).toEqual([2])
  expect(store.condition.state).toBe('ok')
  expect(world.recheck(store)).toEqual([1])
  expect(store.have.count).toBe(4)
})

test('[F04] after a failed sync nothing becomes durable, not even by a later sync that works', () => {
  const world = new World(oneFile(4 * BLOCK, BLOCK))
  const store = world.open()
  world.fetch(store, [0])
  world.checkpoint(store)
  world.fetch(store, [1])
  world.host.disk.fail({ code: 'WRITE_FAILED', operations: ['sync'], times: 1 })
  expect(world.failure((done) => store.checkpoint(done)).code).toBe('WRITE_FAILED')
  expect(setBits(store.durable)).toEqual([0])
  world.fetch(store, [2])
  const resume = world.checkpoint(store)
  expect(setBits(store.durable)).toEqual([0, 2])
  expect(setBits(store.have)).toEqual([0, 1, 2])
  world.close(store)
  const again = world.open({ resume })
  expect(setBits(again.have)).toEqual([0, 2])
  expect(setBits(again.doubtful)).toEqual([1])
})

test('[F05] a write that failed half-way is never counted', () => {
  const world = new World(oneFile(2 * BLOCK, 2 * BLOCK))
  const store = world.open()
  world.host.disk.capacityBytes = BLOCK
  world.fill(store, 0)
  store.settle(0, () => {})
  world.idle()
  expect(store.condition).toMatchObject({ error: { code: 'DISK_FULL' } })
  expect(world.onDisk(0)?.length).toBe(BLOCK)
  expect(store.have.count).toBe(0)
  const resume = world.close(store)
  const again = world.open({ resume })
  world.recheck(again)
  expect(again.have.count).toBe(0)
})

test('[F11] a file that another program changed is hashed again at the next checkpoint, and only wrong pieces are lost', () => {
  const world = new World(oneFile(4 * BLOCK, BLOCK))
  const store = world.open({ memoryMaxBytes: 1 })
  world.fetch(store)
  world.checkpoint(store)
  const changed = (world.torrent.contents[0] as Uint8Array).slice()
  changed[2 * BLOCK] = (changed[2 * BLOCK] as number) ^ 1
  world.host.disk.put('one', changed, 5)
  world.checkpoint(store)
  world.idle()
  expect(setBits(store.have)).toEqual([0, 1, 3])
  expect(world.lost.map(({ pieces, error }) => [pieces, error.code])).toEqual([
    [[2], 'CHANGED_UNDER_US'],
  ])
  expect(store.condition.state).toBe('ok')
})

test('[F11] a file that another program cut is noticed: what is had of it is lost and writing stops until retry', () => {
  const world = new World(oneFile(4 * BLOCK, BLOCK))
  const store = world.open({ memoryMaxBytes: 1 })
  world.fetch(store, [0, 1, 2])
  world.checkpoint(store)
  world.host.disk.put('one', new Uint8Array(BLOCK), 5)
  world.checkpoint(store)
  expect(store.have.count).toBe(0)
  expect(store.condition).toMatchObject({ error: { code: 'CHANGED_UNDER_US', file: 0 } })
  expect(world.conditions.length).toBe(1)
  expect(store.begin(3)).toBe(false)
  store.retry()
  world.fetch(store)
  expectBytes(world.onDisk(0), world.torrent.contents[0])
})

test('[F11] a seed that only reads notices a changed file after some loads', () => {
  const world = new World(oneFile(4 * BLOCK, BLOCK))
  world.putFile(0)
  const store = world.open({ memoryMaxBytes: 1 })
  world.recheck(store)
  const changed = (world.torrent.contents[0] as Uint8Array).slice()
  changed.fill(1, 3 * BLOCK)
  world.host.disk.put('one', changed, 5)
  for (let load = 0; load < LOADS_PER_LOOK; load++) {
    world.call((done) => store.load([0, 1, 2][load % 3] as number, 0, done))
  }
  world.idle()
  expect(setBits(store.have)).toEqual([0, 1, 2])
})

test('our own writes between checkpoints are never taken for those of another program', () => {
  const world = new World(oneFile(12 * BLOCK, BLOCK))
  const store = world.open({ memoryMaxBytes: 4 * BLOCK })
  // Whoever suspects a file reads it again, and would find this.
  world.host.disk.fail({ code: 'READ_FAILED', operations: ['read'] })
  world.host.disk.operationMs = 3
  for (let piece = 0; piece < 12; piece += 2) {
    for (const one of [piece, piece + 1]) {
      world.fill(store, one)
      store.settle(one, () => {})
    }
    world.simulation.run({ events: 3 + (piece % 5) })
    store.checkpoint(() => {})
    if (piece % 4 === 0) world.idle()
  }
  world.idle()
  world.checkpoint(store)
  expect(world.lost).toEqual([])
  expect(store.have.count).toBe(12)
  expect(store.durable.count).toBe(12)
})

test('a checkpoint that finds a file gone does not fail for ever', () => {
  const world = new World(
    makeTorrent({
      pieceLength: BLOCK,
      files: [
        { path: ['a'], length: BLOCK },
        { path: ['b'], length: BLOCK },
      ],
    }),
  )
  const store = world.open()
  world.fetch(store)
  world.host.disk.delete('a')
  world.host.disk.fail({ code: 'NOT_HERE', operations: ['sync'], path: 'a' })
  expect(world.failure((done) => store.checkpoint(done)).code).toBe('NOT_HERE')
  expect(setBits(store.have)).toEqual([1])
  world.checkpoint(store)
  expect(store.condition.state).toBe('stopped')
})

test('[F12] a file that vanished is not made anew before retry', () => {
  const world = new World(
    makeTorrent({
      pieceLength: BLOCK,
      files: [
        { path: ['a'], length: 2 * BLOCK },
        { path: ['b'], length: 2 * BLOCK },
      ],
    }),
  )
  const store = world.open({ memoryMaxBytes: 1 })
  world.fetch(store, [0, 2])
  world.checkpoint(store)
  world.host.disk.delete('a')
  world.fill(store, 1)
  let settled = false
  store.settle(1, () => {
    settled = true
  })
  world.idle()
  expect(settled).toBe(false)
  expect(world.host.disk.paths()).toEqual(['b'])
  expect(store.condition).toMatchObject({ state: 'stopped', error: { code: 'NOT_HERE', file: 0 } })
  expect(setBits(store.have)).toEqual([2])
  expect(world.lost.map(({ pieces }) => pieces)).toEqual([[0]])
  store.retry()
  world.idle()
  expect(settled).toBe(true)
  world.fetch(store, [0, 3])
  expectBytes(world.onDisk(0), world.torrent.contents[0])
})

test('[F12] a read that finds its file gone loses every piece of that file at once', () => {
  const world = new World(oneFile(4 * BLOCK, BLOCK))
  world.putFile(0)
  const store = world.open()
  world.recheck(store)
  world.host.disk.delete('one')
  expect(world.failure((done) => store.load(1, 0, done)).code).toBe('NOT_HERE')
  expect(store.have.count).toBe(0)
  expect(store.condition).toMatchObject({ error: { code: 'NOT_HERE' } })
})

test('[F22] with verifyOnRead a flipped bit is noticed, not lent, and the piece is fetched again', () => {
  const world = new World(oneFile(2 * BLOCK, BLOCK))
  world.putFile(0)
  const store = world.open({ verifyOnRead: true, memoryMaxBytes: 1 })
  world.recheck(store)
  world.host.disk.damage('one', BLOCK + 77)
  world.call((done) => store.load(0, 0, done))
  expect(world.failure((done) => store.load(1, 0, done)).code).toBe('CHANGED_UNDER_US')
  expect(store.lend(1, 0, BLOCK)).toBeUndefined()
  expect(setBits(store.have)).toEqual([0])
  world.fetch(store, [1])
  expectBytes(world.onDisk(0), world.torrent.contents[0])
  const into = new Uint8Array(BLOCK)
  world.host.disk.damage('one', 3)
  expect(world.failure((done) => store.readFile(0, 0, into, done)).code).toBe('CHANGED_UNDER_US')
})

test('[F23] a folder that can not be looked at is refused when the store is opened', () => {
  const world = new World(oneFile(BLOCK, BLOCK))
  world.host.disk.fail({ code: 'NO_PERMISSION', operations: ['stat'] })
  const error = world.failure((done) => world.startOpen({}, done))
  expect(error.code).toBe('NO_PERMISSION')
  expect(error.message).toContain('looking at "one" failed: permission was refused')
})

test('an error of the disk says what was done, to which file, and what to do', () => {
  const world = new World(oneFile(BLOCK, BLOCK))
  const store = world.open()
  world.host.disk.fail({ code: 'DISK_FULL', operations: ['write'] })
  world.fill(store, 0)
  store.settle(0, () => {})
  world.idle()
  expect(store.condition.state === 'stopped' && store.condition.error.message).toBe(
    'writing "one" failed: the disk is full: make room, then retry (write of one failed: DISK_FULL)',
  )
})
