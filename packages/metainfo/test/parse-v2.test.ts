import { describe, expect, test } from 'vitest'
import { type Encodable, encode } from '@bt/bencode'
import { createMetainfo, parseInfo, parseMetainfo } from '@bt/metainfo'
import {
  content,
  folderOf,
  hashes,
  parsed,
  refusal,
  refusalOf,
  utf8,
  v2File,
  v2Of,
} from './made.ts'

type Fields = { readonly [key: string]: Encodable | undefined }

describe('the version', () => {
  test('is looked at before anything else', () => {
    for (const version of [0, 3, -1, 2n ** 64n, '2', [2]]) {
      const broken = { 'meta version': version, 'piece length': 'x' }
      expect(refusal(broken), String(version)).toBe('UNSUPPORTED_VERSION info.meta version')
    }
    expect(refusal(v2Of({ a: v2File() }, { 'meta version': undefined }))).toBe(
      'UNSUPPORTED_VERSION info.meta version',
    )
  })

  test('1 is not assigned and means a v1 torrent', () => {
    expect(parsed(folderOf([{ length: 1, path: ['a'] }], { 'meta version': 1 })).version).toBe('1')
  })
})

describe('the file tree', () => {
  const badTree = (tree: Encodable): string => refusal(v2Of(tree))

  test('[B20] its shape is a dictionary of dictionaries, a file a leaf of its own', () => {
    const file = v2File() as Fields
    expect(badTree([])).toBe('BAD_FILE_TREE info.file tree')
    expect(refusal(v2Of({}, { 'file tree': undefined }))).toBe('BAD_FILE_TREE info.file tree')
    expect(badTree(file)).toBe('BAD_FILE_TREE info.file tree')
    expect(badTree({ a: { '': 'x' } })).toBe('BAD_FILE_TREE info.file tree.a.')
    expect(badTree({ a: 5 })).toBe('BAD_FILE_TREE info.file tree.a')
    expect(badTree({ a: { ...file, b: file } })).toBe('BAD_FILE_TREE info.file tree.a')
    expect(badTree({ a: { length: 5 } })).toBe('BAD_FILE_TREE info.file tree.a.length')
  })

  test('[B20] entries out of order are refused, as is one that occurs twice', () => {
    const torrent = Buffer.from(encode({ info: v2Of({ a: v2File(), b: v2File() }) })).toString(
      'latin1',
    )
    const swapped = torrent.replace('1:ad', '1:?d').replace('1:bd', '1:ad').replace('1:?d', '1:bd')
    expect(refusalOf(Buffer.from(swapped, 'latin1'))).toBe('UNSORTED_FILE_TREE info.file tree')
    expect(refusalOf(Buffer.from(torrent.replace('1:bd', '1:ad'), 'latin1'))).toBe('DUPLICATE_KEY')
  })

  test('[B20] 200 levels are too deep', () => {
    let tree: Encodable = v2File()
    for (let depth = 0; depth < 200; depth++) tree = { d: tree }
    expect(badTree(tree)).toBe('TOO_DEEP')
  })

  test('files stand in the order of its bytes', () => {
    const torrent = parsed(v2Of({ Z: { a: v2File() }, _: v2File(), a: v2File(), B: v2File() }))
    expect(torrent.files.map(({ path }) => path.join('/'))).toEqual(['B', 'Z/a', '_', 'a'])
    expect(torrent.geometry.pieceCount).toBe(4)
  })

  test('one file at its root is a single-file torrent whatever the name', () => {
    const torrent = parsed(v2Of({ 'a.txt': v2File() }))
    expect([torrent.layout, torrent.name, torrent.files[0]?.path]).toEqual([
      'file',
      'a.txt',
      ['a.txt'],
    ])
    expect(parsed(v2Of({ d: { 'a.txt': v2File() } })).layout).toBe('folder')
  })

  test('[B18] a file with content has a root of 32 bytes that are not all zero', () => {
    for (const root of [
      undefined,
      new Uint8Array(31).fill(1),
      new Uint8Array(33).fill(1),
      new Uint8Array(32),
      5,
    ]) {
      expect(badTree({ a: v2File({ 'pieces root': root }) })).toBe(
        'MISSING_PIECES_ROOT info.file tree.a..pieces root',
      )
    }
  })

  test('an empty file has no root and takes no piece', () => {
    const torrent = parsed(
      v2Of({ a: { '': { length: 0 } }, b: v2File(), c: v2File({ length: 0 }) }),
    )
    expect(torrent.geometry.pieceCount).toBe(1)
    expect(torrent.files.map(({ piecesRoot }) => piecesRoot === undefined)).toEqual([
      true,
      false,
      true,
    ])
    expect(torrent.pieceHashes(torrent.geometry.piece(0)).merkleRoot).toEqual(
      new Uint8Array(32).fill(7),
    )
  })

  test('there are no pad files in it', () => {
    expect(badTree({ a: v2File({ attr: 'p' }) })).toBe('BAD_PAD_FILE info.file tree.a..attr')
  })
})

describe('piece layers', () => {
  const made = parseMetainfo(
    createMetainfo({
      name: 'a',
      version: '2',
      pieceLength: 16_384,
      files: [{ path: ['a'], data: content(40_000) }],
    }),
  )
  const root = made.files[0]?.piecesRoot as Uint8Array
  const layer = made.pieceLayer(0) as Uint8Array
  const info = v2Of({ a: v2File({ length: 40_000, 'pieces root': root }) })
  const withLayers = (layers: Encodable): string => refusal(info, { 'piece layers': layers })
  const key = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

  test('give the hash of each piece', () => {
    const torrent = parsed(info, { 'piece layers': { [key(root)]: layer } })
    expect(torrent.missingLayers()).toEqual([])
    for (let at = 0; at < 3; at++) {
      const { merkleRoot, merkleWidth, sha1 } = torrent.pieceHashes(torrent.geometry.piece(at))
      expect(merkleRoot).toEqual(layer.subarray(32 * at, 32 * at + 32))
      expect([merkleWidth, sha1]).toEqual([1, undefined])
    }
  })

  test('[B18] that are not exactly the ones needed are refused', () => {
    const wrong = layer.slice()
    wrong[95] = (wrong[95] as number) ^ 1
    const other = new Uint8Array(32).fill(9)
    for (const layers of [
      'x',
      [],
      {},
      { [key(root)]: 5 },
      { [key(root)]: wrong },
      { [key(root)]: layer.subarray(0, 64) },
      { [key(root)]: new Uint8Array(33) },
      { [key(root)]: layer, [key(other)]: layer },
      { [key(root)]: layer, short: layer },
      { [key(other)]: layer },
    ]) {
      expect(withLayers(layers)).toMatch(/^BAD_PIECE_LAYER piece layers/)
    }
  })

  test('two files of one content share a layer; two lengths of one root do not', () => {
    const file = v2File({ length: 40_000, 'pieces root': root })
    const layers = { 'piece layers': { [key(root)]: layer } }
    expect(parsed(v2Of({ a: file, b: file }), layers).pieceLayer(1)).toEqual(layer)
    const longer = v2File({ length: 40_001, 'pieces root': root })
    expect(refusal(v2Of({ a: file, b: longer }), layers)).toMatch(/^BAD_PIECE_LAYER/)
  })

  test('that are absent are missing, and can be learnt from peers', () => {
    const torrent = parsed(info)
    expect(torrent.missingLayers()).toEqual([0])
    const wrong = layer.slice()
    wrong[0] = (wrong[0] as number) ^ 1
    expect(torrent.addPieceLayer(0, wrong)).toBe(false)
    expect(torrent.addPieceLayer(1, layer)).toBe(false)
    expect(torrent.missingLayers()).toEqual([0])
    expect(torrent.addPieceLayer(0, layer)).toBe(true)
    expect(torrent.missingLayers()).toEqual([])
    expect(torrent.pieceHashes(torrent.geometry.piece(1)).merkleRoot).toEqual(
      layer.subarray(32, 64),
    )
  })
})

describe('hybrids', () => {
  const list = (...files: (readonly [string, number] | number)[]): Fields[] =>
    files.map((file) =>
      typeof file === 'number'
        ? { attr: 'p', length: file, path: ['.pad', String(file)] }
        : { length: file[1], path: file[0].split('/') },
    )
  const tree = { a: v2File(), d: { b: v2File({ length: 20 }) }, e: { '': { length: 0 } } }
  const hybrid = (files: Fields[], more: Fields = {}): Encodable => {
    const total = files.reduce((sum, file) => sum + Number(file['length']), 0)
    return v2Of(tree, { files, pieces: hashes(Math.ceil(total / 16_384)), ...more })
  }

  test('[B17] that say the same twice are one torrent, with a tail pad or without', () => {
    for (const tail of [[], [16_364]]) {
      const torrent = parsed(hybrid(list(['a', 10], 16_374, ['d/b', 20], ['e', 0], ...tail)))
      expect(torrent.version).toBe('hybrid')
      expect(torrent.geometry.pieceCount).toBe(2)
      expect(torrent.geometry.contentLength).toBe(30)
      expect(torrent.pieceHashes(torrent.geometry.piece(1))).toEqual({
        sha1: hashes(2).subarray(20),
        merkleRoot: new Uint8Array(32).fill(7),
        merkleWidth: 1,
      })
      expect(parseInfo(torrent.infoBytes, torrent.infoHashV2 as never).files).toEqual(torrent.files)
    }
  })

  test('[B17] that differ in files, sizes, order or alignment are refused', () => {
    for (const files of [
      list(['a', 10], 16_374, ['d/b', 21], ['e', 0]),
      list(['a', 11], 16_373, ['d/b', 20], ['e', 0]),
      list(['a', 10], 16_374, ['d/b', 20]),
      list(['a', 10], 16_374, ['d/b', 20], ['e', 0], ['f', 0]),
      list(['d/b', 20], 16_364, ['a', 10], ['e', 0]),
      list(['a', 10], 16_374, ['d', 20], ['e', 0]),
      list(['a', 10], 16_374, ['d/c', 20], ['e', 0]),
      list(['a', 10], ['d/b', 20], ['e', 0]),
      list(['a', 10], 16_373, ['d/b', 20], ['e', 0]),
      list(5, ['a', 10], 16_369, ['d/b', 20], ['e', 0]),
      list(['a', 10], 16_374, 16_384, ['d/b', 20], ['e', 0]),
      list(['a', 10], 16_374, ['d/b', 20], ['e', 0], 16_365),
    ]) {
      expect(refusal(hybrid(files)), JSON.stringify(files)).toMatch(/^INCONSISTENT_V1_V2/)
    }
  })

  test('[B17] one file in v1 is one file of that name in v2', () => {
    const v1 = { length: 10, pieces: hashes(1) }
    expect(parsed(v2Of({ root: v2File() }, v1)).layout).toBe('file')
    expect(refusal(v2Of({ other: v2File() }, v1))).toMatch(/^INCONSISTENT_V1_V2/)
    expect(refusal(v2Of({ root: { root: v2File() } }, v1))).toMatch(/^INCONSISTENT_V1_V2/)
    const listed = parsed(v2Of({ a: v2File() }, { files: list(['a', 10]), pieces: hashes(1) }))
    expect([listed.layout, listed.name]).toEqual(['folder', 'root'])
  })

  test('[B19] that lack a part of v1 are refused', () => {
    expect(refusal(v2Of({ root: v2File() }, { length: 10 }))).toBe('BAD_PIECES info.pieces')
    expect(refusal(v2Of({ root: v2File() }, { pieces: hashes(1) }))).toBe('BAD_LENGTH info.length')
    expect(
      refusal(hybrid(list(['a', 10], 16_374, ['d/b', 20], ['e', 0]), { pieces: hashes(1) })),
    ).toBe('PIECE_COUNT_MISMATCH info.pieces')
  })

  test('names compare as bytes, or by path.utf-8', () => {
    const v1 = { length: 10, path: ['legacy'], 'path.utf-8': ['é'] }
    const torrent = parsed(
      v2Of(new Map([[Buffer.from(utf8('é')).toString('latin1'), v2File()]]), {
        files: [v1],
        pieces: hashes(1),
      }),
    )
    expect(torrent.files[0]?.path).toEqual(['é'])
  })
})
