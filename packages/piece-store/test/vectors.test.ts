// Content that others made torrents of, by libtorrent and webtorrent: what they hashed is what we find.

import { parseMetainfo } from '@bt/metainfo'
import { Bitfield, sha1, sha256, toHex } from '@bt/primitives'
import { expect, test } from 'vitest'
import { describeVectors } from '../../../tests/support/vectors.ts'
import type { TestTorrent } from './torrents.ts'
import { World, expectBytes } from './world.ts'

interface Payload {
  readonly path: string
  readonly length: number
  readonly stream_seed: string
  readonly sha1: string
}

/** SHA-256 of the seed and a counter, again and again (vectors/README.md). */
function stream(seed: string, length: number): Uint8Array {
  const prefix = new TextEncoder().encode(seed)
  const input = new Uint8Array(prefix.length + 8)
  input.set(prefix)
  const bytes = new Uint8Array(Math.ceil(length / 32) * 32)
  for (let k = 0; k * 32 < length; k++) {
    new DataView(input.buffer).setUint32(prefix.length + 4, k)
    bytes.set(sha256(input), k * 32)
  }
  return bytes.slice(0, length)
}

/** Fetches every piece from `contents`, then finds it all again by a recheck of what was written. */
function roundTrip(bytes: Uint8Array, contents: ReadonlyMap<string, Uint8Array>): World {
  const metainfo = parseMetainfo(bytes)
  const byFile = metainfo.files.map(
    ({ path, length }) => contents.get(path.join('/')) ?? new Uint8Array(length),
  )
  const torrent: TestTorrent = {
    metainfo,
    contents: byFile,
    pieceBytes: (piece) => {
      const index = metainfo.geometry.piece(piece)
      const whole = new Uint8Array(metainfo.geometry.lengthOf(index))
      for (const { file, offset, length, begin } of metainfo.geometry.fileSpans(index)) {
        whole.set((byFile[file] as Uint8Array).subarray(offset, offset + length), begin)
      }
      return whole
    },
  }
  const world = new World(torrent)
  const store = world.open()
  world.fetch(store)
  world.close(store)
  const again = world.open()
  world.recheck(again, Bitfield.full(again.have.length))
  expect(again.have.count).toBe(metainfo.geometry.pieceCount)
  return world
}

describeVectors('pieces of torrents that other programs made', (vectors) => {
  const kats = vectors.manifest().filter(({ file }) => file.startsWith('torrents/payload-kat/'))
  for (const { file, expected } of kats) {
    test(`[F20] ${file} is fetched, written and found again, byte for byte`, () => {
      const payload = expected['payload'] as readonly Payload[]
      const contents = new Map<string, Uint8Array>()
      for (const { path, length, stream_seed, sha1: digest } of payload) {
        const bytes = stream(stream_seed, length)
        expect(toHex(sha1(bytes))).toBe(digest)
        contents.set(path, bytes)
      }
      const world = roundTrip(vectors.bytes(file), contents)
      for (const [path, bytes] of contents) expectBytes(world.host.disk.contents(path), bytes)
      expect(world.host.disk.paths().length).toBe(contents.size)
    })
  }

  for (const [torrent, paths] of [
    ['leaves', ['Leaves of Grass by Walt Whitman.epub']],
    ['alice', ['alice.txt']],
    ['folder', ['folder/file.txt']],
    ['numbers', ['numbers/1.txt', 'numbers/2.txt', 'numbers/3.txt']],
  ] as const) {
    test(`${torrent}.torrent of webtorrent is fetched, written and found again`, () => {
      const contents = new Map(
        paths.map((path) => [path.split('/').at(-1) as string, vectors.bytes(`payload/${path}`)]),
      )
      const file = `torrents/webtorrent-fixtures/${torrent}.torrent`
      const world = roundTrip(vectors.bytes(file), contents)
      for (const [path, bytes] of contents) expectBytes(world.host.disk.contents(path), bytes)
    })
  }
})
