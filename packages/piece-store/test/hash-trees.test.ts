import { HashTree, merkleLeaves, parseInfo } from '@bt/metainfo'
import { expect, test } from 'vitest'
import { type HashRange, type PieceStore } from '../src/index.ts'
import { type TestTorrent, oneFile } from './torrents.ts'
import { BLOCK, World, expectBytes } from './world.ts'

/** The same torrent as a v2 magnet gives it: without piece layers. */
function withoutLayers(torrent: TestTorrent): TestTorrent {
  const { infoBytes, wireHashes } = torrent.metainfo
  const hash = wireHashes[0]
  if (hash === undefined) throw new Error('no infohash')
  return { ...torrent, metainfo: parseInfo(infoBytes, hash) }
}

function layerRange(torrent: TestTorrent, index: number, length: number): HashRange {
  const piecesRoot = torrent.metainfo.files[0]?.piecesRoot as Uint8Array
  // 8 pieces of 4 leaves: layer 2 holds the pieces, layer 5 the root.
  return { piecesRoot, baseLayer: 2, index, length, proofLayers: 2 }
}

const LENGTH = 32 * BLOCK - 100

test('piece hashes learned from a peer that serves them make a v2 magnet verifiable, piece by piece', () => {
  const torrent = oneFile(LENGTH, 4 * BLOCK, '2')
  const seed: PieceStore = new World(torrent).open()
  const world = new World(withoutLayers(torrent))
  const store = world.open()
  expect(world.pieces().map((piece) => store.isVerifiable(piece))).toEqual(Array(8).fill(false))
  for (const index of [4, 0]) {
    const range = layerRange(torrent, index, 4)
    const hashes = seed.hashes(range)
    if (hashes === undefined) throw new Error('the seed does not know the piece layer')
    const forged = hashes.slice()
    forged[40] = (forged[40] as number) ^ 1
    expect(store.learnHashes(range, forged)).toBe(false)
    expect(store.learnHashes(range, hashes.subarray(0, 4 * 32))).toBe(false)
    expect(store.learnHashes(range, hashes)).toBe(true)
  }
  expect(world.pieces().map((piece) => store.isVerifiable(piece))).toEqual(Array(8).fill(true))
  world.fetch(store)
  expectBytes(world.onDisk(0), torrent.contents[0])
  expectBytes(store.hashes(layerRange(torrent, 4, 4)), seed.hashes(layerRange(torrent, 4, 4)))
})

test('a piece without a known hash is not settled', () => {
  const world = new World(withoutLayers(oneFile(LENGTH, 4 * BLOCK, '2')))
  const store = world.open()
  world.fill(store, 0)
  expect(() => store.settle(0, () => {})).toThrow('a piece that is verified has a hash')
})

test('leaf hashes are kept for whole pieces only, and answered again with their proof', () => {
  const torrent = oneFile(LENGTH, 4 * BLOCK, '2')
  const store = new World(torrent).open()
  const file = torrent.contents[0] as Uint8Array
  const leaves = merkleLeaves(file)
  const piecesRoot = torrent.metainfo.files[0]?.piecesRoot as Uint8Array
  const tree = new HashTree(
    { length: LENGTH, piecesRoot, pieceLength: 4 * BLOCK },
    torrent.metainfo.pieceLayer(0),
  )
  const half = { piecesRoot, baseLayer: 0, index: 8, length: 2, proofLayers: 3 }
  const halfAnswer = tree.answer(half, (piece) => leaves.subarray(piece * 128, piece * 128 + 128))
  expect(store.learnHashes(half, halfAnswer as Uint8Array)).toBe(true)
  expect(store.hashes(half)).toBeUndefined()
  const two = { piecesRoot, baseLayer: 0, index: 8, length: 8, proofLayers: 4 }
  const answer = tree.answer(two, (piece) => leaves.subarray(piece * 128, piece * 128 + 128))
  expect(store.learnHashes(two, answer as Uint8Array)).toBe(true)
  expectBytes(store.hashes(two), answer)
  expectBytes(store.hashes(half), halfAnswer)
  expect(store.hashes({ ...half, index: 0 })).toBeUndefined()
  expect(store.hashes({ ...half, piecesRoot: leaves.slice(0, 32) })).toBeUndefined()
})
