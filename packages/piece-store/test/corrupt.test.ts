import { sha1 } from '@bt/primitives'
import { type PieceIndex, merkleLeaves } from '@bt/metainfo'
import { expect, test } from 'vitest'
import { makeTorrent, oneFile } from './torrents.ts'
import { BLOCK, World, expectBytes } from './world.ts'

function spoilt(bytes: Uint8Array, at: number): Uint8Array {
  const wrong = bytes.slice()
  wrong[at] = (wrong[at] as number) ^ 1
  return wrong
}

for (const version of ['1', '2'] as const) {
  test(`a corrupt v${version} piece is not written, not had, and says which bytes each block had`, () => {
    const world = new World(oneFile(3 * BLOCK + 5, 4 * BLOCK, version))
    const store = world.open()
    const wrong = spoilt(world.torrent.pieceBytes(0), BLOCK + 1)
    world.fill(store, 0, wrong)
    const settled = world.settle(store, 0)
    expect(settled.verdict).toBe('corrupt')
    const digests = settled.blockDigests ?? new Uint8Array(0)
    expect(digests.length).toBe(4 * 20)
    for (let block = 0; block < 4; block++) {
      const bytes = wrong.subarray(block * BLOCK, Math.min((block + 1) * BLOCK, wrong.length))
      expectBytes(digests.subarray(block * 20, block * 20 + 20), sha1(bytes))
    }
    expect(store.have.count).toBe(0)
    expect(world.host.disk.paths()).toEqual([])
    expect(store.bufferedBytes).toBe(3 * BLOCK + 5)
    expect(store.accept(0, 0, wrong.subarray(0, BLOCK))).toBe('duplicate')
    store.discard(0)
    expect(store.bufferedBytes).toBe(0)

    world.fill(store, 0)
    const again = world.settle(store, 0)
    expect(again.verdict).toBe('verified')
    // The one digest that differs between the tries is that of the block that was wrong.
    const differing = [0, 1, 2, 3].filter((block) =>
      digests
        .subarray(block * 20, block * 20 + 20)
        .some((byte, at) => byte !== again.blockDigests?.[block * 20 + at]),
    )
    expect(differing).toEqual([1])
  })
}

test('only the blocks named are missing again after a partial discard', () => {
  const world = new World(oneFile(4 * BLOCK, 4 * BLOCK))
  const store = world.open()
  const right = world.torrent.pieceBytes(0)
  world.fill(store, 0, spoilt(right, 2 * BLOCK))
  expect(world.settle(store, 0).verdict).toBe('corrupt')
  store.discard(0, [2])
  expect(store.accept(0, BLOCK, right.subarray(BLOCK, 2 * BLOCK))).toBe('duplicate')
  expect(store.accept(0, 2 * BLOCK, right.subarray(2 * BLOCK, 3 * BLOCK))).toBe('complete')
  expect(world.settle(store, 0).verdict).toBe('verified')
  expectBytes(world.onDisk(0), right)
})

test('with leaf hashes a wrong block is refused when it comes, and a corrupt piece names its wrong blocks', () => {
  const world = new World(oneFile(8 * BLOCK, 4 * BLOCK, '2'))
  const store = world.open()
  const right = world.torrent.pieceBytes(1)
  const wrong = spoilt(right, BLOCK)
  world.fill(store, 1, wrong)
  const leaves = merkleLeaves(world.torrent.contents[0] as Uint8Array)
  const piecesRoot = world.torrent.metainfo.files[0]?.piecesRoot as Uint8Array
  const range = { piecesRoot, baseLayer: 0, index: 4, length: 4, proofLayers: 0 }
  const own = leaves.subarray(4 * 32, 8 * 32)
  expect(store.learnHashes({ ...range, piecesRoot: sha1(right) }, own)).toBe(false)
  expect(store.learnHashes(range, leaves.subarray(0, 4 * 32))).toBe(false)
  expect(store.learnHashes(range, own)).toBe(true)
  const settled = world.settle(store, 1)
  expect(settled).toMatchObject({ verdict: 'corrupt', wrongBlocks: [1] })
  store.discard(1, [1])
  expect(store.accept(1, BLOCK, wrong.subarray(BLOCK, 2 * BLOCK))).toBe('corrupt')
  expect(store.accept(1, BLOCK, right.subarray(BLOCK, 2 * BLOCK))).toBe('complete')
  expect(world.settle(store, 1).verdict).toBe('verified')
  expectBytes(store.hashes(range), own)
})

test('a hybrid piece has to satisfy both hashes', () => {
  for (const wrong of ['sha1', 'merkleRoot'] as const) {
    const files = [{ path: ['a'], length: 2 * BLOCK }]
    const torrent = makeTorrent({ version: 'hybrid', pieceLength: 2 * BLOCK, files })
    const { metainfo } = torrent
    const hashesOf = metainfo.pieceHashes.bind(metainfo)
    Object.defineProperty(metainfo, 'pieceHashes', {
      value: (piece: PieceIndex) => {
        const hashes = hashesOf(piece)
        return { ...hashes, [wrong]: new Uint8Array(hashes[wrong]?.length ?? 0) }
      },
    })
    const world = new World(torrent)
    const store = world.open()
    world.fill(store, 0)
    expect(world.settle(store, 0).verdict).toBe('corrupt')
  }
})

test('a piece that is discarded while it is hashed or written is not had, and its settling says so', () => {
  for (const events of [0, 1, 2, 3]) {
    const world = new World(oneFile(2 * BLOCK, BLOCK))
    const store = world.open()
    world.fill(store, 0)
    let code: unknown
    store.settle(0, (error) => {
      code = (error as { code?: unknown } | undefined)?.code
    })
    world.simulation.run({ events })
    if (store.have.has(0)) continue
    store.discard(0)
    world.idle()
    expect(code).toBe('DISCARDED')
    expect(store.have.has(0)).toBe(false)
    expect(store.bufferedBytes).toBe(0)
    world.fetch(store)
    expectBytes(world.onDisk(0), world.torrent.contents[0])
  }
})

test('a piece whose hashing failed is neither right nor wrong: it is settled again', () => {
  const world = new World(oneFile(BLOCK, BLOCK))
  const store = world.open()
  world.fill(store, 0)
  world.host.calls.failAt(world.host.calls.made + 1)
  expect(world.failure((done) => store.settle(0, done)).code).toBe('FAILED')
  expect(store.have.count).toBe(0)
  expect(world.settle(store, 0).verdict).toBe('verified')
})
