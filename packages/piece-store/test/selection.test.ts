import { Prng } from '@bt/primitives'
import { expect, test } from 'vitest'
import { partFileLength } from '../src/index.ts'
import { makeTorrent, oneFile } from './torrents.ts'
import { BLOCK, World, bits, expectBytes, setBits } from './world.ts'

/** a: piece 0 and half of 1; b: the rest of 1, all of 2 and half of 3; c: the rest of 3, and 4. */
function threeFiles(): World {
  return new World(
    makeTorrent({
      pieceLength: 2 * BLOCK,
      files: [
        { path: ['a'], length: 3 * BLOCK },
        { path: ['b'], length: 4 * BLOCK },
        { path: ['c'], length: 3 * BLOCK },
      ],
    }),
  )
}

test('[F20] an unwanted file is never created; what it shares with a wanted one lies in the part file', () => {
  const world = threeFiles()
  const store = world.open({ wanted: bits(3, [0, 2]) })
  world.fetch(store, [0, 1, 3, 4])
  expect([...world.host.disk.paths()].sort()).toEqual(['.parts', 'a', 'c'])
  expectBytes(world.onDisk(0), world.torrent.contents[0])
  expectBytes(world.onDisk(2), world.torrent.contents[2])
  expect(world.host.disk.contents('.parts')?.length).toBeLessThanOrEqual(
    partFileLength(world.torrent.metainfo),
  )
  // Pieces that are shared are had and read whole, from both places.
  const resume = world.close(store)
  const again = world.open({ resume })
  world.recheck(again)
  expect(setBits(again.have)).toEqual([0, 1, 3, 4])
  for (const piece of [1, 3]) {
    world.call((done) => again.load(piece, 0, done))
    expectBytes(again.lend(piece, 0, 2 * BLOCK)?.bytes, world.torrent.pieceBytes(piece))
  }
})

test('when a file becomes wanted its bytes move out of the part file, and only the rest is fetched', () => {
  const world = threeFiles()
  const store = world.open({ wanted: bits(3, [0]), memoryMaxBytes: 1 })
  world.fetch(store, [0, 1])
  world.checkpoint(store)
  expect(store.durable.count).toBe(2)
  world.call((done) => store.select(bits(3, [0, 1]), done))
  expect(setBits(store.wanted)).toEqual([0, 1])
  expectBytes(world.onDisk(1)?.subarray(0, BLOCK), world.torrent.contents[1]?.subarray(0, BLOCK))
  // The moved bytes are not synced where they are now.
  expect(setBits(store.durable)).toEqual([0])
  world.fetch(store, [2, 3])
  expectBytes(world.onDisk(1), world.torrent.contents[1])
  const resume = world.checkpoint(store)
  expect(store.durable.count).toBe(4)
  world.close(store)
  const again = world.open({ resume })
  expect(setBits(again.have)).toEqual([0, 1, 2, 3])
})

test('the part file goes when nothing is in it any more and all is synced; older resume data then leads to a recheck', () => {
  const world = threeFiles()
  const store = world.open({ wanted: bits(3, [0]) })
  world.fetch(store, [0, 1])
  const older = world.checkpoint(store)
  world.call((done) => store.select(bits(3, [0, 1]), done))
  world.idle()
  expect(world.host.disk.paths()).toContain('.parts')
  world.checkpoint(store)
  world.idle()
  // The third file is unwanted and not there: its bytes would lie in the part file.
  expect(world.host.disk.paths()).toContain('.parts')
  world.call((done) => store.select(bits(3, [0, 1, 2]), done))
  world.checkpoint(store)
  world.idle()
  expect([...world.host.disk.paths()].sort()).toEqual(['a', 'b'])
  world.host.kill()
  world.host.restart()
  const again = world.open({ resume: older })
  world.recheck(again)
  expect(setBits(again.have)).toEqual([0, 1])
})

test('a file that was unselected before anything of it was written is not written; one with bytes on disk stays', () => {
  const world = threeFiles()
  const store = world.open()
  world.fetch(store, [0])
  world.call((done) => store.select(bits(3, [2]), done))
  world.fetch(store, [1, 3, 4])
  expect([...world.host.disk.paths()].sort()).toEqual(['.parts', 'a', 'c'])
  expectBytes(world.onDisk(0), world.torrent.contents[0])
  world.call((done) => store.select(bits(3, [0, 1, 2]), done))
  world.fetch(store, [2])
  for (const file of [0, 1, 2]) expectBytes(world.onDisk(file), world.torrent.contents[file])
})

test('a piece that was under way when its only file was unselected goes to the part file', () => {
  const world = threeFiles()
  const store = world.open()
  world.fill(store, 2)
  world.call((done) => store.select(bits(3, [0]), done))
  expect(world.settle(store, 2).verdict).toBe('verified')
  expect(world.host.disk.paths()).toEqual(['.parts'])
  // Its place in the part file is its own: the shared pieces beside it do not touch it.
  world.fetch(store, [1, 3])
  const resume = world.close(store)
  const again = world.open({ resume, wanted: bits(3, [1]) })
  world.recheck(again)
  expect(setBits(again.have)).toEqual([1, 2, 3])
  expectBytes(world.onDisk(1), world.torrent.contents[1])
})

test('a piece whose write is under way when its files are selected otherwise ends up where it belongs', () => {
  for (let events = 0; events < 12; events++) {
    const world = threeFiles()
    const store = world.open({ wanted: bits(3, [0]), memoryMaxBytes: 1 })
    world.fill(store, 1)
    store.settle(1, () => {})
    world.simulation.run({ events })
    world.call((done) => store.select(bits(3, [0, 1]), done))
    world.idle()
    expect(setBits(store.have)).toEqual([1])
    expectBytes(world.onDisk(1), world.torrent.contents[1]?.subarray(0, BLOCK))
    world.call((done) => store.load(1, 0, done))
    expectBytes(store.lend(1, 0, 2 * BLOCK)?.bytes, world.torrent.pieceBytes(1))
  }
})

test('the part file stays while anything that is had is not synced', () => {
  const world = threeFiles()
  const store = world.open({ wanted: bits(3, [0, 2]) })
  world.fetch(store, [0, 1, 3, 4])
  world.call((done) => store.select(bits(3, [0, 1, 2]), done))
  world.fill(store, 2)
  store.checkpoint(() => {})
  store.settle(2, () => {})
  world.idle()
  expect(store.durable.count).toBe(4)
  expect(world.host.disk.paths()).toContain('.parts')
  world.checkpoint(store)
  world.idle()
  expect(world.host.disk.paths()).not.toContain('.parts')
})

test('without a part file everything has to be wanted', () => {
  const world = threeFiles()
  const error = world.failure((done) =>
    world.startOpen({ partFile: false, wanted: bits(3, [0]) }, done),
  )
  expect(error).toMatchObject({ code: 'NO_PART_FILE', file: 1 })
  const store = world.open({ partFile: false })
  expect(world.failure((done) => store.select(bits(3, [1]), done)).code).toBe('NO_PART_FILE')
  world.fetch(store)
  expect(store.have.count).toBe(5)
})

test('[F18] a move that the disk refuses waits for retry; nothing is lost on either side', () => {
  const world = threeFiles()
  const store = world.open({ wanted: bits(3, [0, 2]), memoryMaxBytes: 1 })
  world.fetch(store, [0, 1, 3, 4])
  const lift = world.host.disk.fail({ code: 'DISK_FULL', operations: ['write'], path: 'b' })
  let selected = false
  store.select(bits(3, [0, 1, 2]), () => {
    selected = true
  })
  world.idle()
  expect(selected).toBe(false)
  expect(store.condition.state).toBe('stopped')
  expect(store.have.count).toBe(4)
  world.call((done) => store.load(1, 0, done))
  expectBytes(store.lend(1, 0, 2 * BLOCK)?.bytes, world.torrent.pieceBytes(1))
  lift()
  store.retry()
  world.idle()
  expect(selected).toBe(true)
  world.fetch(store, [2])
  expectBytes(world.onDisk(1), world.torrent.contents[1])
})

test('[F18] a process that dies at any moment of a move loses nothing that was synced', () => {
  const probe = threeFiles()
  const count = (world: World, fail: number | undefined): number => {
    const store = world.open({ wanted: bits(3, [0, 2]) })
    world.fetch(store, [0, 1, 3, 4])
    const resume = world.checkpoint(store)
    const first = world.host.calls.made
    store.select(bits(3, [0, 1, 2]), () => {})
    world.simulation.run({ when: () => fail !== undefined && world.host.calls.made > first + fail })
    const made = world.host.calls.made - first
    world.host.crash({ disk: 'torn' })
    world.host.restart()
    const again = world.open({ resume, wanted: bits(3, [0, 1, 2]) })
    world.recheck(again)
    expect(setBits(again.have)).toEqual([0, 1, 3, 4])
    world.fetch(again, [2])
    for (const file of [0, 1, 2]) expectBytes(world.onDisk(file), world.torrent.contents[file])
    return made
  }
  const calls = count(probe, undefined)
  expect(calls).toBeGreaterThan(3)
  for (let fail = 0; fail < calls; fail++) count(threeFiles(), fail)
})

test('random selections over random files keep every piece readable and every unwanted file away', () => {
  const seed = Number(process.env['SEED'] ?? 20)
  for (let round = 0; round < 20; round++) {
    const random = new Prng(`${seed}/${round}`)
    const files = Array.from({ length: 2 + random.below(8) }, (_, at) => ({
      path: [`f${at}`],
      length: random.below(3) === 0 ? random.below(100) : random.below(5 * BLOCK),
    }))
    files.push({ path: ['last'], length: BLOCK })
    const world = new World(makeTorrent({ pieceLength: 2 * BLOCK, files, seed: round }))
    const pick = () =>
      bits(
        files.length,
        [...files.keys()].filter(() => random.below(2) === 0),
      )
    let wanted = pick()
    const everWanted = new Set(setBits(wanted))
    let store = world.open({ wanted, memoryMaxBytes: 1 })
    const { geometry } = world.torrent.metainfo
    for (let step = 0; step < 12; step++) {
      const what = random.below(4)
      if (what === 0) {
        wanted = pick()
        for (const file of setBits(wanted)) everWanted.add(file)
        world.call((done) => store.select(wanted, done))
      } else if (what === 1) {
        const resume = random.below(2) === 0 ? world.checkpoint(store) : world.close(store)
        world.host.kill()
        world.host.restart()
        const had = setBits(store.have)
        store = world.open({ resume, memoryMaxBytes: 1 })
        world.recheck(store)
        expect(setBits(store.have), `seed ${seed}, round ${round}, step ${step}`).toEqual(had)
      } else {
        for (const file of setBits(wanted)) {
          const { first, end } = geometry.piecesOf(file)
          for (let piece = first; piece < end; piece++) {
            if (!store.have.has(piece) && random.below(2) === 0) world.fetch(store, [piece])
          }
        }
      }
    }
    for (const path of world.host.disk.paths()) {
      const file = files.findIndex((one) => one.path[0] === path)
      expect(file < 0 || everWanted.has(file), `seed ${seed}, round ${round}: ${path}`).toBe(true)
    }
    for (const piece of setBits(store.have)) {
      world.call((done) => store.load(piece, 0, done))
      const lent = store.lend(piece, 0, geometry.lengthOf(geometry.piece(piece)))
      expectBytes(lent?.bytes, world.torrent.pieceBytes(piece))
      lent?.release()
    }
  }
})

test('a selection of another length is a bug of ours', () => {
  const world = new World(oneFile(BLOCK, BLOCK))
  const store = world.open()
  expect(() => store.select(bits(2, []), () => {})).toThrow('a bit for each file')
})
