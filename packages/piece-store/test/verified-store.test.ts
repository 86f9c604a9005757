import { expect, test } from 'vitest'
import { makeTorrent, oneFile } from './torrents.ts'
import { BLOCK, World, expectBytes, setBits } from './world.ts'

const SIZES = [1, BLOCK - 1, BLOCK, BLOCK + 1, 4 * BLOCK, 4 * BLOCK + 7, 9 * BLOCK]

for (const version of ['1', '2'] as const) {
  for (const size of SIZES) {
    test(`a v${version} file of ${size} bytes is written and read back`, () => {
      const world = new World(oneFile(size, 2 * BLOCK, version))
      const store = world.open()
      expect(store.have.count).toBe(0)
      world.fetch(store)
      expect(store.have.count).toBe(world.torrent.metainfo.geometry.pieceCount)
      expectBytes(world.onDisk(0), world.torrent.contents[0])
      const into = new Uint8Array(size)
      world.call((done) => store.readFile(0, 0, into, done))
      expectBytes(into, world.torrent.contents[0])
    })
  }
}

test('a piece is had before its settling answers', () => {
  const world = new World(oneFile(BLOCK, BLOCK))
  const store = world.open()
  expect(world.fill(store, 0)).toBe('complete')
  let had = false
  world.call((done) =>
    store.settle(0, (error) => {
      had = store.have.has(0)
      done(error)
    }),
  )
  expect(had).toBe(true)
})

test('blocks that come twice change nothing', () => {
  const world = new World(oneFile(2 * BLOCK, 2 * BLOCK))
  const store = world.open()
  const bytes = world.torrent.pieceBytes(0)
  expect(store.accept(0, 0, bytes.subarray(0, BLOCK))).toBe('not-begun')
  expect(store.begin(0)).toBe(true)
  expect(store.begin(0)).toBe(true)
  expect(store.bufferedBytes).toBe(2 * BLOCK)
  expect(store.accept(0, 0, bytes.subarray(0, BLOCK))).toBe('partial')
  expect(store.accept(0, 0, new Uint8Array(BLOCK))).toBe('duplicate')
  expect(store.accept(0, BLOCK, bytes.subarray(BLOCK))).toBe('complete')
  expect(world.settle(store, 0)).toEqual({ verdict: 'verified' })
  expect(store.bufferedBytes).toBe(0)
})

test('one block may be several units, or a whole piece', () => {
  const world = new World(oneFile(7 * BLOCK + 5, 4 * BLOCK))
  const store = world.open()
  store.begin(0)
  const first = world.torrent.pieceBytes(0)
  expect(store.accept(0, BLOCK, first.subarray(BLOCK, 2 * BLOCK))).toBe('partial')
  expect(store.accept(0, 0, first)).toBe('complete')
  store.begin(1)
  expect(store.accept(1, 0, world.torrent.pieceBytes(1))).toBe('complete')
  expect(world.settle(store, 0).verdict).toBe('verified')
  expect(world.settle(store, 1).verdict).toBe('verified')
})

test('a block outside of its piece, or off the grid, is a bug of ours', () => {
  const world = new World(oneFile(3 * BLOCK, 2 * BLOCK))
  const store = world.open()
  store.begin(0)
  expect(() => store.accept(0, 5, new Uint8Array(BLOCK))).toThrow('a block lies inside its piece')
  expect(() => store.accept(0, BLOCK, new Uint8Array(BLOCK + 1))).toThrow('a block lies inside')
  expect(() => store.accept(0, 0, new Uint8Array(BLOCK - 1))).toThrow('a block is whole')
  expect(() => store.settle(0, () => {})).toThrow('a piece that is settled is complete')
})

test('a hybrid is checked by both hashes and its pads are neither written nor awaited', () => {
  const world = new World(
    makeTorrent({
      version: 'hybrid',
      pieceLength: 2 * BLOCK,
      files: [
        { path: ['a'], length: 2 * BLOCK + 100 },
        { path: ['b'], length: BLOCK },
      ],
    }),
  )
  const store = world.open()
  world.fetch(store)
  expect(world.host.disk.paths()).toEqual(['a', 'b'])
  expectBytes(world.onDisk(0), world.torrent.contents[0])
  expectBytes(world.onDisk(2), world.torrent.contents[2])
  const lent = store.lend(1, 0, 2 * BLOCK)
  expectBytes(lent?.bytes, world.torrent.pieceBytes(1))
  lent?.release()
})

test('[F20] a piece that lies in 300 files with pads between comes back exactly, and no pad is written', () => {
  const files = Array.from({ length: 300 }, (_, at) =>
    at % 7 === 3
      ? { path: ['.pad', String(at)], length: 13, attributes: 'p' }
      : { path: ['d', `f${at}`], length: 50 + (at % 5) },
  )
  const world = new World(makeTorrent({ pieceLength: 4 * BLOCK, files }))
  const store = world.open()
  world.fetch(store)
  for (const [file, { length, attributes }] of files.entries()) {
    if (attributes === 'p') expect(world.onDisk(file)).toBeUndefined()
    else expect(world.onDisk(file)?.length).toBe(length)
  }
  const total = files.reduce((sum, { length }) => sum + length, 0)
  const into = new Uint8Array(total)
  const again = world.open()
  world.recheck(again)
  expect(again.have.count).toBe(1)
  world.call((done) => again.read(0, into, done))
  expectBytes(into, world.torrent.pieceBytes(0).subarray(0, total))
})

test('files of zero bytes come to be when all is had, links and pads never', () => {
  const world = new World(
    makeTorrent({
      pieceLength: BLOCK,
      files: [
        { path: ['empty'], length: 0 },
        { path: ['a'], length: BLOCK },
        { path: ['b', 'empty'], length: 0 },
        { path: ['c'], length: BLOCK },
      ],
    }),
  )
  const store = world.open()
  world.fetch(store, [0])
  expect(world.host.disk.paths()).toEqual(['a'])
  world.fetch(store, [1])
  expect([...world.host.disk.paths()].sort()).toEqual(['a', 'b/empty', 'c', 'empty'])
})

test('close gives back all memory and answers again when asked again', () => {
  const world = new World(oneFile(4 * BLOCK, BLOCK))
  const store = world.open()
  world.fetch(store, [0, 1])
  store.begin(2)
  const resume = world.close(store)
  expect(world.close(store)).toEqual(resume)
  expect(store.bufferedBytes).toBe(0)
  expect(store.begin(3)).toBe(false)
  expect(store.accept(2, 0, new Uint8Array(BLOCK))).toBe('not-begun')
  expect(world.failure((done) => store.load(0, 0, done)).code).toBe('CLOSED')
  expect(world.failure((done) => store.readFile(0, 0, new Uint8Array(1), done)).code).toBe('CLOSED')
  expect(world.failure((done) => store.checkpoint(done)).code).toBe('CLOSED')
  expect(world.failure((done) => store.recheck(store.have, () => {}, done)).code).toBe('CLOSED')
  expect(setBits(store.have)).toEqual([0, 1])
})
