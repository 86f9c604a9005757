import { createHash } from 'node:crypto'
import { type Storage, StorageError, type StorageFile } from '@bt/ports'
import { Bitfield, Prng } from '@bt/primitives'
import { expect, test } from 'vitest'
import { RECHECK_DIGESTS_IN_FLIGHT, RECHECK_IN_FLIGHT } from '../src/store-limits.ts'
import { makeTorrent, oneFile, type TestTorrent } from './torrents.ts'
import { BLOCK, World, bits, expectBytes, setBits } from './world.ts'

test('a recheck counts up by one and finds exactly the pieces that are right', () => {
  const world = new World(oneFile(10 * BLOCK + 3, BLOCK))
  world.putFile(0)
  world.host.disk.damage('one', 4 * BLOCK)
  world.host.disk.damage('one', 10 * BLOCK + 2)
  const store = world.open()
  expect(store.doubtful.count).toBe(11)
  expect(world.recheck(store)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  expect(setBits(store.have)).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 9])
  expect(store.doubtful.count).toBe(0)
  expect(store.durable.count).toBe(0)
})

test('nothing is read of files that are missing or too short', () => {
  const world = new World(
    makeTorrent({
      pieceLength: BLOCK,
      files: [
        { path: ['a'], length: 4 * BLOCK },
        { path: ['b'], length: 4 * BLOCK },
      ],
    }),
  )
  world.host.disk.put('a', (world.torrent.contents[0] as Uint8Array).slice(0, 2 * BLOCK), 1)
  const store = world.open()
  expect(setBits(store.doubtful)).toEqual([0, 1])
  const reads = world.host.disk
  reads.fail({ code: 'READ_FAILED', operations: ['read'], path: 'b' })
  expect(world.recheck(store, Bitfield.full(8)).at(-1)).toBe(8)
  expect(setBits(store.have)).toEqual([0, 1])
})

test('a few pieces are read at once, and no more than memory allows', () => {
  for (const [memoryMaxBytes, expected] of [
    [64 * BLOCK, RECHECK_IN_FLIGHT],
    [2 * BLOCK, 2],
    [1, 1],
  ] as const) {
    const world = new World(oneFile(32 * BLOCK, BLOCK))
    world.putFile(0)
    let open = 0
    let greatest = 0
    const { hasher } = world.host.ports
    const digest = hasher.digest.bind(hasher)
    hasher.digest = (algorithm, bytes, done) => digest(algorithm, bytes, done)
    const store = world.open({ memoryMaxBytes })
    let checked = 0
    const before = world.host.calls.made
    store.recheck(
      store.doubtful,
      (count) => {
        checked = count
      },
      () => {},
    )
    world.simulation.run({
      when: () => {
        // Calls: two for each piece (a read, a digest), after the survey's.
        open = Math.ceil((world.host.calls.made - before - 3) / 2) - checked
        greatest = Math.max(greatest, open)
        return checked === 32
      },
    })
    expect(greatest).toBeGreaterThanOrEqual(Math.min(expected, 2) - 1)
    expect(greatest).toBeLessThanOrEqual(expected)
    expect(store.have.count).toBe(32)
  }
})

test('[F17] a recheck that is called off answers nothing, keeps what it found, and can be begun again', () => {
  for (let events = 0; events < 60; events += 3) {
    const world = new World(oneFile(16 * BLOCK, BLOCK))
    world.putFile(0)
    world.host.disk.damage('one', 9 * BLOCK)
    const store = world.open()
    let answered = false
    const counts: number[] = []
    const alarm = store.recheck(
      store.doubtful,
      (count) => counts.push(count),
      () => {
        answered = true
      },
    )
    world.simulation.run({ events })
    if (answered) continue
    alarm.cancel()
    const seen = counts.length
    world.idle()
    expect(answered).toBe(false)
    expect(counts.length).toBe(seen)
    expect(store.have.has(9)).toBe(false)
    world.recheck(store, Bitfield.full(16))
    expect(store.have.count).toBe(15)
    world.close(store)
  }
})

test('[F17] a process that dies during a recheck has no false piece afterwards', () => {
  const world = new World(oneFile(8 * BLOCK, BLOCK))
  world.putFile(0)
  world.host.disk.damage('one', 6 * BLOCK)
  const store = world.open()
  store.recheck(
    store.doubtful,
    () => {},
    () => {},
  )
  world.simulation.run({ when: () => store.have.count >= 3 })
  const resume = world.checkpoint(store)
  world.host.kill()
  world.host.restart()
  const again = world.open({ resume })
  world.recheck(again)
  expect(again.have.has(6)).toBe(false)
  expect(again.have.count).toBe(7)
})

test('pieces under download are left alone and counted; one that was had and is wrong now is lost', () => {
  const world = new World(oneFile(4 * BLOCK, BLOCK))
  const store = world.open({ memoryMaxBytes: 2 * BLOCK })
  world.fetch(store, [0, 1])
  world.fill(store, 2)
  world.host.disk.damage('one', BLOCK)
  expect(world.recheck(store, Bitfield.full(4))).toEqual([1, 2, 3, 4])
  expect(setBits(store.have)).toEqual([0])
  expect(world.lost.map(({ pieces }) => pieces)).toEqual([[1]])
  expect(world.settle(store, 2).verdict).toBe('verified')
  world.fetch(store, [1, 3])
  expectBytes(world.onDisk(0), world.torrent.contents[0])
})

test('a download that settles a piece while it is being rechecked is not undone', () => {
  for (let events = 0; events < 30; events++) {
    const world = new World(oneFile(4 * BLOCK, BLOCK))
    world.host.disk.put('one', new Uint8Array(4 * BLOCK), 1)
    const store = world.open()
    store.recheck(
      store.doubtful,
      () => {},
      () => {},
    )
    world.simulation.run({ events })
    world.fetch(store, [2])
    world.idle()
    expect(setBits(store.have)).toEqual([2])
  }
})

for (const version of ['1', '2', 'hybrid'] as const) {
  test(`a recheck of random damage in v${version} says of every piece what comparing its bytes says`, () => {
    const random = new Prng(`damage/${version}`)
    for (let round = 0; round < 10; round++) {
      const files = Array.from({ length: 1 + random.below(6) }, (_, at) => ({
        path: [`f${at}`],
        length: 1 + random.below(5 * BLOCK),
      }))
      const torrent = makeTorrent({ pieceLength: 2 * BLOCK, files, version, seed: round })
      const world = new World(torrent)
      for (const file of torrent.contents.keys()) {
        if (torrent.metainfo.files[file]?.attributes?.includes('p') === true) continue
        world.putFile(file, 1)
        if (random.below(2) === 0) continue
        const path = (torrent.metainfo.files[file]?.path ?? []).join('/')
        world.host.disk.damage(path, random.below(torrent.contents[file]?.length ?? 1))
      }
      const store = world.open()
      world.recheck(store, Bitfield.full(store.have.length))
      const { geometry } = torrent.metainfo
      for (const piece of world.pieces()) {
        const right = geometry.fileSpans(geometry.piece(piece)).every((span) => {
          if (span.pad) return true
          const end = span.offset + span.length
          const now = world.onDisk(span.file)?.subarray(span.offset, end)
          return String(now) === String(torrent.contents[span.file]?.subarray(span.offset, end))
        })
        expect(store.have.has(piece)).toBe(right)
      }
    }
  })
}

test('a verdict on bytes from before a download does not undo it, however late it comes', () => {
  const world = new World(oneFile(2 * BLOCK, BLOCK))
  world.host.disk.put('one', new Uint8Array(2 * BLOCK), 1)
  const { hasher } = world.host.ports
  const digest = hasher.digest.bind(hasher)
  const held: (() => void)[] = []
  hasher.digest = (algorithm, bytes, done) => {
    if (bytes.length < BLOCK || held.length > 0) digest(algorithm, bytes, done)
    else held.push(() => digest(algorithm, bytes, done))
  }
  const store = world.open()
  let ended = false
  store.recheck(
    bits(2, [0]),
    () => {},
    () => {
      ended = true
    },
  )
  world.idle()
  expect(held.length).toBe(1)
  world.fetch(store, [0])
  held[0]?.()
  world.idle()
  expect(ended).toBe(true)
  expect(setBits(store.have)).toEqual([0])
  expect(world.lost).toEqual([])
})

test('a piece whose hashing failed stays doubtful', () => {
  const world = new World(oneFile(2 * BLOCK, BLOCK))
  world.putFile(0)
  const { hasher } = world.host.ports
  const digest = hasher.digest.bind(hasher)
  let broken = true
  hasher.digest = (algorithm, bytes, done) => {
    digest(algorithm, bytes, (error, value) => {
      done(broken && bytes.length > 0 ? new Error('no thread left') : error, value)
    })
  }
  const store = world.open()
  world.recheck(store)
  expect(store.have.count).toBe(0)
  expect(setBits(store.doubtful)).toEqual([0, 1])
  broken = false
  world.recheck(store)
  expect(store.have.count).toBe(2)
})

test('what a recheck found is durable only after a sync of its files', () => {
  const world = new World(oneFile(2 * BLOCK, BLOCK))
  world.putFile(0)
  const store = world.open()
  world.recheck(store)
  const lift = world.host.disk.fail({ code: 'WRITE_FAILED', operations: ['sync'] })
  expect(world.failure((done) => store.checkpoint(done)).code).toBe('WRITE_FAILED')
  expect(store.durable.count).toBe(0)
  lift()
  world.checkpoint(store)
})

test('an empty recheck answers', () => {
  const world = new World(oneFile(BLOCK, BLOCK))
  const store = world.open()
  expect(world.recheck(store, bits(1, []))).toEqual([])
})

test('a piece that could not be read in a recheck stays doubtful, and is found by the next one', () => {
  const world = new World(oneFile(4 * BLOCK, BLOCK))
  world.putFile(0)
  const store = world.open()
  world.host.disk.fail({ code: 'READ_FAILED', operations: ['read'], times: 1 })
  world.recheck(store)
  expect(store.have.count).toBe(3)
  expect(store.doubtful.count).toBe(1)
  world.recheck(store, store.doubtful)
  expect(store.have.count).toBe(4)
  expect(store.doubtful.count).toBe(0)
})

test('a storage that hashes by itself is asked for digests: no buffers, the same answers', () => {
  const torrent = makeTorrent({
    pieceLength: BLOCK,
    files: [
      { path: ['a'], length: 40 * BLOCK },
      { path: ['b'], length: 2 * BLOCK + 5 },
    ],
  })
  for (const hashes of [true, false]) {
    const world = new DigestingWorld(torrent, hashes)
    world.putFile(0)
    world.putFile(1)
    world.host.disk.damage('a', 7 * BLOCK)
    world.host.disk.damage('b', 2 * BLOCK)
    const store = world.open({ memoryMaxBytes: 1 })
    world.recheck(store)
    expect(setBits(store.doubtful)).toEqual([])
    expect(setBits(store.have)).toEqual(
      Array.from({ length: 43 }, (_, piece) => piece).filter((piece) => ![7, 42].includes(piece)),
    )
    expect(world.mostOpen).toBe(hashes ? RECHECK_DIGESTS_IN_FLIGHT : 0)
    world.close(store)
  }
})

test('a digest that could not be made leaves its piece doubtful', () => {
  const world = new DigestingWorld(oneFile(4 * BLOCK, BLOCK), true)
  world.putFile(0)
  const store = world.open()
  world.failing = new StorageError('READ_FAILED', 'the medium reports an error')
  world.recheck(store)
  expect(setBits(store.doubtful)).toEqual([0, 1, 2, 3])
  expect(store.have.count).toBe(0)
})

/** Its storage answers `digest`, as that of the real runtime does. */
class DigestingWorld extends World {
  readonly #hashes: boolean
  mostOpen = 0
  failing: StorageError | undefined

  constructor(torrent: TestTorrent, hashes: boolean) {
    super(torrent)
    this.#hashes = hashes
  }

  override storage(files: readonly StorageFile[]): Storage {
    const storage = super.storage(files)
    if (!this.#hashes) return storage
    let open = 0
    storage.digest = (run, _wants, done) => {
      this.mostOpen = Math.max(this.mostOpen, ++open)
      const bytes = new Uint8Array(run.length + run.zeros)
      storage.read(run.file, run.offset, bytes.subarray(0, run.length), (error) => {
        open--
        const sha1 = new Uint8Array(createHash('sha1').update(bytes).digest())
        done(this.failing ?? error, { sha1 })
      })
    }
    return storage
  }
}
