import { Bitfield, sha256 } from '@bt/primitives'
import { expect, test } from 'vitest'
import { fuzz } from '../../../tests/support/mutate.ts'
import { decodeResume, encodeResume } from '../src/resume-data.ts'
import { targets } from './fuzz-targets.ts'
import { oneFile } from './torrents.ts'
import { BLOCK, World, bits, setBits } from './world.ts'

const torrent = oneFile(10 * BLOCK, BLOCK)

function example(): Uint8Array {
  return encodeResume(torrent.metainfo, {
    durable: bits(10, [0, 3]),
    written: bits(10, [4]),
    inPart: bits(1, []),
    wanted: bits(1, [0]),
    stats: [{ length: 5 * BLOCK, modifiedMs: 1234.5 }, undefined],
  })
}

/** A store whose resume data this is, with two durable pieces, one written and one missing, on an unchanged disk. */
function prepared(): { readonly world: World; readonly resume: Uint8Array } {
  const world = new World(oneFile(4 * BLOCK, BLOCK))
  const store = world.open()
  world.fetch(store, [0, 1])
  world.checkpoint(store)
  world.fetch(store, [2])
  return { world, resume: world.close(store) }
}

test('what is encoded is decoded', () => {
  const read = decodeResume(torrent.metainfo, example())
  if (typeof read === 'string') throw new Error(read)
  expect(setBits(read.durable)).toEqual([0, 3])
  expect(setBits(read.written)).toEqual([4])
  expect(setBits(read.inPart)).toEqual([])
  expect(setBits(read.wanted)).toEqual([0])
  expect(read.stats).toEqual([{ length: 5 * BLOCK, modifiedMs: 1234.5 }, undefined])
})

test('[F08] resume data cut at any byte is refused', () => {
  const bytes = example()
  for (let length = 0; length < bytes.length; length++) {
    expect(typeof decodeResume(torrent.metainfo, bytes.slice(0, length))).toBe('string')
  }
  expect(typeof decodeResume(torrent.metainfo, new Uint8Array([...bytes, 0]))).toBe('string')
})

test('[F08] resume data with any one bit flipped is refused', () => {
  const bytes = example()
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice()
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    expect(typeof decodeResume(torrent.metainfo, flipped)).toBe('string')
  }
})

test('[F08] a mix of an old and a new generation is refused', () => {
  const { world, resume } = prepared()
  const again = world.open({ resume })
  world.recheck(again)
  const newer = world.checkpoint(again)
  expect(newer.length).toBe(resume.length)
  for (let cut = 1; cut < newer.length; cut++) {
    const mixed = resume.slice()
    mixed.set(newer.subarray(0, cut))
    const read = decodeResume(world.torrent.metainfo, mixed)
    // Cut where both agree it is one of them, whole.
    if (typeof read !== 'string')
      expect([setBits(read.durable)]).toContainEqual(setBits(read.durable))
  }
})

test('[F08] mutated resume data is refused, never misread', () => {
  fuzz(targets['resume-data'] as (typeof targets)[string], { inputs: 2000, seed: 8 })
})

test('[F09] resume data of another version is refused by name, even with a right checksum', () => {
  for (const version of [0, 2, 4_000_000_000]) {
    const bytes = example()
    new DataView(bytes.buffer).setUint32(8, version)
    bytes.set(sha256(bytes.subarray(0, bytes.length - 32)), bytes.length - 32)
    expect(decodeResume(torrent.metainfo, bytes)).toBe('RESUME_VERSION')
  }
})

test('resume data of another torrent is refused by name', () => {
  const other = oneFile(11 * BLOCK, BLOCK)
  expect(decodeResume(other.metainfo, example())).toBe('RESUME_OTHER_TORRENT')
})

test('a checksum that is right over spare bits that are wrong is refused', () => {
  const bytes = example()
  bytes[41] = (bytes[41] as number) | 1
  bytes.set(sha256(bytes.subarray(0, bytes.length - 32)), bytes.length - 32)
  expect(decodeResume(torrent.metainfo, bytes)).toBe('RESUME_CORRUPT')
})

test('durable pieces are had at once after a restart; what was only written is doubtful until it is hashed', () => {
  const { world, resume } = prepared()
  const reads = world.host.calls.made
  const store = world.open({ resume })
  expect(world.host.calls.made - reads).toBeLessThan(10)
  expect(store.resumed).toEqual({ state: 'used', generation: 0 })
  expect(setBits(store.have)).toEqual([0, 1])
  expect(setBits(store.durable)).toEqual([0, 1])
  expect(setBits(store.doubtful)).toEqual([2])
  world.recheck(store)
  expect(setBits(store.have)).toEqual([0, 1, 2])
  expect(setBits(store.durable)).toEqual([0, 1])
  world.checkpoint(store)
  expect(setBits(store.durable)).toEqual([0, 1, 2])
})

test('[F08] the generation before is used when the newest is torn; without any everything is doubtful', () => {
  const { world, resume } = prepared()
  const torn = resume.slice(0, 50)
  const store = world.open({ resume: [torn, resume] })
  expect(store.resumed).toEqual({ state: 'used', generation: 1 })
  expect(setBits(store.have)).toEqual([0, 1])
  const without = world.open({ resume: [torn, new Uint8Array(0)] })
  expect(without.resumed).toEqual({ state: 'refused', why: 'RESUME_CORRUPT' })
  expect(without.have.count).toBe(0)
  expect(setBits(without.doubtful)).toEqual([0, 1, 2])
  world.recheck(without)
  expect(setBits(without.have)).toEqual([0, 1, 2])
  expect(world.open().resumed).toEqual({ state: 'absent' })
})

test('[F10] pieces of a file that is missing are not had', () => {
  const { world, resume } = prepared()
  world.host.disk.delete('one')
  const store = world.open({ resume })
  expect(store.have.count + store.doubtful.count).toBe(0)
})

test('[F10] pieces of a file that is shorter or newer are hashed before they are had', () => {
  for (const [length, modifiedMs] of [
    [BLOCK, 0],
    [3 * BLOCK, 99],
    [4 * BLOCK, 99],
  ] as const) {
    const { world, resume } = prepared()
    const bytes = (world.torrent.contents[0] as Uint8Array).slice(0, length)
    bytes[5] = (bytes[5] as number) ^ 1
    world.host.disk.put('one', bytes, modifiedMs)
    const store = world.open({ resume })
    expect(store.have.count).toBe(0)
    expect(store.doubtful.count).toBe(length / BLOCK)
    world.recheck(store)
    expect(store.have.has(0)).toBe(false)
    expect(store.have.count).toBe(length / BLOCK - 1)
  }
})

test('pieces written after the last checkpoint are found again after a kill, not fetched again', () => {
  const world = new World(oneFile(8 * BLOCK, BLOCK))
  const store = world.open()
  world.fetch(store, [0, 1])
  const resume = world.checkpoint(store)
  world.fetch(store, [5, 6])
  world.host.kill()
  world.host.restart()
  const again = world.open({ resume })
  world.recheck(again)
  expect(setBits(again.have)).toEqual([0, 1, 5, 6])
})

test('what was doubtful and not checked before the end is doubtful after it', () => {
  const world = new World(oneFile(4 * BLOCK, BLOCK))
  world.putFile(0)
  const store = world.open()
  expect(store.doubtful.count).toBe(4)
  const again = world.open({ resume: world.close(store) })
  expect(again.have.count).toBe(0)
  expect(again.doubtful.count).toBe(4)
})

test('with trustData whole files are had without a hash, and short ones as far as they go', () => {
  const world = new World(oneFile(4 * BLOCK, BLOCK))
  world.host.disk.put('one', (world.torrent.contents[0] as Uint8Array).slice(0, 3 * BLOCK), 1)
  const store = world.open({ trustData: true })
  expect(setBits(store.have)).toEqual([0, 1, 2])
  expect(store.durable.count).toBe(0)
  world.checkpoint(store)
  expect(store.durable.count).toBe(3)
})

test('a torrent without wanted files in its resume data keeps its selection', () => {
  const { world } = prepared()
  const store = world.open({ wanted: new Bitfield(1) })
  const resume = world.close(store)
  const again = world.open({ resume })
  expect(again.wanted.count).toBe(0)
})
