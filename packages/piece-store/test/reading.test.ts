import { Prng } from '@bt/primitives'
import { expect, test } from 'vitest'
import { makeTorrent, oneFile } from './torrents.ts'
import { BLOCK, World, bits, expectBytes } from './world.ts'

const MIB = 1024 * 1024

test('a fresh piece is lent without a read; a cold one after one read of the whole piece', () => {
  const world = new World(oneFile(8 * BLOCK, 4 * BLOCK))
  const store = world.open()
  world.fetch(store)
  const made = world.host.calls.made
  const lent = store.lend(1, BLOCK, BLOCK)
  expectBytes(lent?.bytes, world.torrent.pieceBytes(1).subarray(BLOCK, 2 * BLOCK))
  lent?.release()
  expect(world.host.calls.made).toBe(made)
  world.close(store)

  const again = world.open()
  world.recheck(again)
  expect(again.lend(0, 0, BLOCK)).toBeUndefined()
  const before = world.host.calls.made
  world.call((done) => again.load(0, 0, done))
  expect(world.host.calls.made - before).toBe(1)
  for (let block = 0; block < 4; block++) {
    const one = again.lend(0, block * BLOCK, BLOCK)
    expectBytes(
      one?.bytes,
      world.torrent.pieceBytes(0).subarray(block * BLOCK, (block + 1) * BLOCK),
    )
    one?.release()
  }
})

test('loads of the same run share one read, and answer all who wait', () => {
  const world = new World(oneFile(4 * BLOCK, 4 * BLOCK))
  world.putFile(0)
  const store = world.open()
  world.recheck(store)
  const before = world.host.calls.made
  const answers: (Error | undefined)[] = []
  for (let block = 0; block < 4; block++) {
    store.load(0, block * BLOCK, (error) => answers.push(error))
  }
  world.idle()
  expect(answers).toEqual([undefined, undefined, undefined, undefined])
  expect(world.host.calls.made - before).toBe(1)
})

test('of a large piece only a part is read ahead, and any range a peer may ask for is found after one load', () => {
  const world = new World(oneFile(2 * MIB, 2 * MIB))
  world.putFile(0)
  const store = world.open({ readAheadBytes: 256 * 1024 })
  world.recheck(store)
  const random = new Prng(5)
  for (let round = 0; round < 100; round++) {
    const length = (1 + random.below(8)) * BLOCK
    const begin = random.below((2 * MIB - length) / 1024) * 1024
    world.call((done) => store.load(0, begin, done))
    const lent = store.lend(0, begin, length)
    expectBytes(lent?.bytes, world.torrent.pieceBytes(0).subarray(begin, begin + length))
    lent?.release()
  }
})

test('what was read before a piece was lost is never lent after it is had again', () => {
  const world = new World(oneFile(4 * BLOCK, 4 * BLOCK))
  world.putFile(0)
  const store = world.open()
  world.recheck(store)
  world.host.disk.damage('one', 5)
  // One run is in the cache already, another is being read when the piece is found to be wrong.
  world.call((done) => store.load(0, 0, done))
  store.lend(0, 0, BLOCK)?.release()
  world.recheck(store, bits(1, [0]))
  expect(store.have.count).toBe(0)
  expect(store.lend(0, 0, BLOCK)).toBeUndefined()
  world.fetch(store)
  const lent = store.lend(0, 0, BLOCK)
  expectBytes(lent?.bytes, world.torrent.pieceBytes(0).subarray(0, BLOCK))
})

test('a read that was under way when its piece was lost is not kept', () => {
  const world = new World(oneFile(64 * BLOCK, 32 * BLOCK))
  world.putFile(0)
  const store = world.open({ readAheadBytes: 8 * BLOCK })
  world.recheck(store)
  const ends: unknown[] = []
  world.host.disk.fail({ code: 'READ_FAILED', operations: ['read'], times: 1 })
  store.load(0, 0, (error) => ends.push((error as { code?: string } | undefined)?.code))
  store.load(0, 8 * BLOCK, (error) => ends.push(error))
  world.idle()
  expect(ends).toEqual([undefined, 'READ_FAILED'])
  world.recheck(store)
  expect(store.have.count).toBe(2)
  expect(store.lend(0, 8 * BLOCK, BLOCK)).toBeUndefined()
})

test('when all memory is lent a load says so, loses nothing, and works again after a release', () => {
  const world = new World(oneFile(8 * BLOCK, 2 * BLOCK))
  world.putFile(0)
  const store = world.open({ memoryMaxBytes: 2 * BLOCK })
  world.recheck(store)
  const lent = [0, 1].map((piece) => {
    world.call((done) => store.load(piece, 0, done))
    return store.lend(piece, 0, BLOCK)
  })
  expect(world.failure((done) => store.load(2, 0, done)).code).toBe('BUSY')
  expect(store.have.count).toBe(4)
  for (const one of lent) one?.release()
  world.call((done) => store.load(2, 0, done))
  expect(store.lend(2, 0, BLOCK)).toBeDefined()
})

test('what is not had is neither lent nor read', () => {
  const world = new World(oneFile(2 * BLOCK, BLOCK))
  const store = world.open()
  world.fetch(store, [0])
  world.fill(store, 1)
  expect(store.lend(1, 0, BLOCK)).toBeUndefined()
  expect(world.failure((done) => store.load(1, 0, done)).code).toBe('NOT_HERE')
  const into = new Uint8Array(BLOCK + 1)
  expect(world.failure((done) => store.readFile(0, 0, into, done)).code).toBe('NOT_HERE')
  world.call((done) => store.readFile(0, 0, into.subarray(0, BLOCK), done))
  world.call((done) => store.readFile(0, 7, into.subarray(0, 0), done))
})

for (const version of ['1', '2', 'hybrid'] as const) {
  test(`random ranges of files and of the whole content read right in v${version}, with and without verifying`, () => {
    const files = [5, 0, 3 * BLOCK, BLOCK + 1, 2 * BLOCK - 1, 40_000].map((length, at) => ({
      path: [`f${at}`],
      length,
    }))
    const world = new World(makeTorrent({ pieceLength: 2 * BLOCK, files, version }))
    const { contents } = world.torrent
    const whole = new Uint8Array(contents.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const bytes of contents) {
      whole.set(bytes, at)
      at += bytes.length
    }
    const first = world.open()
    world.fetch(first)
    world.close(first)
    for (const verifyOnRead of [false, true]) {
      const store = world.open({ verifyOnRead, memoryMaxBytes: 4 * BLOCK })
      world.recheck(store)
      const random = new Prng(`${version}/${verifyOnRead}`)
      for (let round = 0; round < 60; round++) {
        const offset = random.below(whole.length)
        const into = new Uint8Array(random.below(whole.length - offset + 1))
        world.call((done) => store.read(offset, into, done))
        expectBytes(into, whole.subarray(offset, offset + into.length))
        const file = random.below(contents.length)
        const own = contents[file] as Uint8Array
        const from = random.below(own.length + 1)
        const part = new Uint8Array(random.below(own.length - from + 1))
        world.call((done) => store.readFile(file, from, part, done))
        expectBytes(part, own.subarray(from, from + part.length))
      }
      world.close(store)
    }
  })
}
