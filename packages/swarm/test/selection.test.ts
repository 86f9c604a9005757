import { createMetainfo, parseMetainfo } from '@bt/metainfo'
import { Bitfield } from '@bt/primitives'
import { expect, test } from 'vitest'
import { filePriorities, piecePriorities, wantedFiles } from '../src/selection.ts'
import { selectionOf, wireHashesOf } from '../src/torrent-options.ts'

const make = (version: '1' | 'hybrid') =>
  parseMetainfo(
    createMetainfo({
      name: 'n',
      layout: 'folder',
      version,
      pieceLength: 16_384,
      files: [20_000, 40_000, 100].map((length, at) => ({
        path: [`f${at}`],
        data: new Uint8Array(length),
      })),
    }),
  )

test('without a wish every file is wanted as usual', () => {
  const metainfo = make('1')
  const priorities = filePriorities(metainfo, undefined)
  expect(priorities).toEqual([4, 4, 4])
  expect(wantedFiles(metainfo, priorities)).toBeUndefined()
})

test('priorities are cut to 0 … 7, a bitfield means wanted or not', () => {
  const metainfo = make('1')
  expect(filePriorities(metainfo, [-3, 99, 2.7])).toEqual([0, 7, 2])
  expect(filePriorities(metainfo, new Bitfield(3, Uint8Array.of(0b01000000)))).toEqual([0, 4, 0])
})

test('a piece is as wanted as the most wanted file in it', () => {
  const { geometry } = make('1')
  expect([...piecePriorities(geometry, [0, 6, 1])]).toEqual([0, 6, 6, 6])
  expect([...piecePriorities(geometry, [5, 0, 1])]).toEqual([5, 5, 0, 1])
})

test("pad files are nobody's wish and in nobody's way", () => {
  const metainfo = make('hybrid')
  expect(metainfo.files.length).toBeGreaterThan(3)
  const priorities = filePriorities(metainfo, undefined)
  expect(priorities.filter((priority) => priority === 0)).toHaveLength(metainfo.files.length - 3)
  expect(wantedFiles(metainfo, priorities)).toBeUndefined()
})

test('the files that a magnet selects are wanted, unless the options say otherwise (BEP 53)', () => {
  const metainfo = make('1')
  const magnet = {
    ...(metainfo.infoHashV1 === undefined ? {} : { infoHashV1: metainfo.infoHashV1 }),
    trackers: [],
    peers: [],
    webSeeds: [],
    dhtNodes: [],
    select: [2],
  }
  expect(selectionOf(magnet, {})(metainfo)).toEqual([0, 0, 4])
  expect(selectionOf(magnet, { select: () => [1, 0, 0] })(metainfo)).toEqual([1, 0, 0])
  expect(selectionOf(metainfo, {})(metainfo)).toBeUndefined()
})

test('a hybrid is announced and shaken hands with under v1, then truncated v2', () => {
  const metainfo = make('hybrid')
  expect(wireHashesOf(metainfo)).toEqual(metainfo.wireHashes)
  expect(wireHashesOf(metainfo)).toHaveLength(2)
})
