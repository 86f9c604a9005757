import { describe, expect, test } from 'vitest'
import { decode, encode } from '@bt/bencode'
import {
  buildMetainfo,
  choosePieceLength,
  createMetainfo,
  merkleLeaves,
  type Metainfo,
  MetainfoBuilder,
  parseMetainfo,
} from '@bt/metainfo'
import { InvariantError, Prng, sha1 } from '@bt/primitives'
import { describeVectors } from '../../../tests/support/vectors.ts'
import { content, hashes } from './made.ts'

const VERSIONS = ['1', '2', 'hybrid'] as const

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'accepted'
}

function expectContent(torrent: Metainfo, contents: ReadonlyMap<string, Uint8Array>): void {
  const { geometry } = torrent
  const rebuilt = new MetainfoBuilder({
    name: torrent.name,
    layout: torrent.layout,
    version: torrent.version,
    pieceLength: geometry.pieceLength,
    isPrivate: torrent.isPrivate,
    files: torrent.files.filter((file) => !file.attributes?.includes('p')),
  })
  for (let index = geometry.pieceCount - 1; index >= 0; index--) {
    const piece = rebuilt.geometry.piece(index)
    const bytes = new Uint8Array(geometry.lengthOf(piece))
    for (const { file, offset, length, begin, pad } of geometry.fileSpans(piece)) {
      const data = contents.get(torrent.files[file]?.path.join('/') as string)
      if (!pad) bytes.set((data as Uint8Array).subarray(offset, offset + length), begin)
    }
    const leaves = merkleLeaves(bytes.subarray(0, geometry.dataLengthOf(piece)))
    rebuilt.addPiece(piece, { sha1: sha1(bytes), leaves })
  }
  expect(rebuilt.missingCount).toBe(0)
  expect(parseMetainfo(rebuilt.build()).infoBytes).toEqual(torrent.infoBytes)
}

describe('a torrent of content', () => {
  test('reads back as it was made, in every version', () => {
    const contents = new Map(
      Object.entries({ b: 40_000, 'a/x.txt': 7, empty: 0, 'a.txt': 32_768, 'é/ç': 70_000 }).map(
        ([path, length]) => [path, content(length)],
      ),
    )
    const files = [...contents].map(([path, data]) => ({ path: path.split('/'), data }))
    for (const version of VERSIONS) {
      const bytes = createMetainfo({
        name: 'folder',
        version,
        pieceLength: 32_768,
        files,
        announceTiers: [['http://a/', 'udp://b:1'], ['http://c/']],
        webSeeds: ['http://w/'],
        dhtNodes: [{ host: 'n', port: 5 }],
        comment: 'é',
        createdBy: 'bt',
        creationDate: 1_700_000_000,
        isPrivate: true,
      })
      expect(encode(decode(bytes))).toEqual(bytes)
      const torrent = parseMetainfo(bytes)
      expect(torrent).toMatchObject({
        version,
        name: 'folder',
        layout: 'folder',
        isPrivate: true,
        announceTiers: [['http://a/', 'udp://b:1'], ['http://c/']],
        webSeeds: ['http://w/'],
        dhtNodes: [{ host: 'n', port: 5 }],
        comment: 'é',
        createdBy: 'bt',
        creationDate: 1_700_000_000,
      })
      expect(torrent.geometry.contentLength).toBe(142_775)
      expectContent(torrent, contents)
    }
  })

  test('keeps its order in v1 and takes the order of bytes in v2 and hybrid', () => {
    const files = ['b', 'a/z', 'a.txt', 'C', 'é', 'z'].map((path) => ({
      path: path.split('/'),
      data: content(5, path),
    }))
    const orderOf = (version: '1' | '2' | 'hybrid'): string[] =>
      parseMetainfo(createMetainfo({ name: 'n', version, files }))
        .files.filter((file) => !file.attributes?.includes('p'))
        .map(({ path }) => path.join('/'))
    expect(orderOf('1')).toEqual(['b', 'a/z', 'a.txt', 'C', 'é', 'z'])
    expect(orderOf('2')).toEqual(['C', 'a/z', 'a.txt', 'b', 'z', 'é'])
    expect(orderOf('hybrid')).toEqual(orderOf('2'))
  })

  test('of one file whose path is its name is a single file, otherwise a folder', () => {
    const data = content(100)
    for (const version of VERSIONS) {
      const single = parseMetainfo(
        createMetainfo({ name: 'a', version, files: [{ path: ['a'], data }] }),
      )
      expect([single.layout, single.files.length]).toEqual(['file', 1])
    }
    for (const version of ['1', 'hybrid'] as const) {
      const folder = parseMetainfo(
        createMetainfo({ name: 'd', version, files: [{ path: ['a'], data }] }),
      )
      expect([folder.layout, folder.name, folder.files[0]?.path]).toEqual(['folder', 'd', ['a']])
      const alike = parseMetainfo(
        createMetainfo({ name: 'a', version, layout: 'folder', files: [{ path: ['a'], data }] }),
      )
      expect(alike.layout).toBe('folder')
    }
  })

  test('carries attributes and links, which take no bytes', () => {
    const files = [
      { path: ['run'], data: content(10), attributes: 'x' },
      { path: ['to'], data: new Uint8Array(0), attributes: 'l', symlink: ['run'] },
    ]
    for (const version of VERSIONS) {
      const torrent = parseMetainfo(createMetainfo({ name: 'd', version, files }))
      expect(torrent.files.filter((file) => !file.attributes?.includes('p'))).toMatchObject([
        { attributes: 'x', length: 10 },
        { attributes: 'l', length: 0, symlink: ['run'] },
      ])
    }
  })

  test('of random shapes reads back in every version', () => {
    for (let seed = 0; seed < 30; seed++) {
      const random = new Prng(`build ${seed}`)
      const contents = new Map<string, Uint8Array>([['0', content(1 + random.below(60_000), seed)]])
      for (let file = random.below(6); file > 0; file--) {
        contents.set(`${random.below(3)}x/${file}`, content(random.below(50_000), file))
      }
      const files = [...contents].map(([path, data]) => ({ path: path.split('/'), data }))
      const pieceLength = 16_384 << random.below(3)
      const version = VERSIONS[random.below(3)] as '1' | '2' | 'hybrid'
      expectContent(
        parseMetainfo(createMetainfo({ name: 'r', version, pieceLength, files })),
        contents,
      )
    }
  })
})

describe('what cannot stand in a torrent', () => {
  const build = (path: string[], more: object = {}): string =>
    codeOf(() => new MetainfoBuilder({ name: 'n', files: [{ path, length: 1 }], ...more }))

  test('is refused before anything is hashed', () => {
    expect(build(['a'])).toBe('accepted')
    for (const path of [[], [''], ['.'], ['a', '..'], ['a/b'], ['a\0']])
      expect(build(path)).toBe('BAD_PATH')
    expect(build(['a'], { name: '' })).toBe('MISSING_NAME')
    expect(build(['a'], { name: '../a' })).toBe('BAD_PATH')
    expect(build(['a'], { layout: 'file' })).toBe('BAD_PATH')
    expect(build(['a'], { files: [] })).toBe('NO_FILES')
    expect(build(['a'], { files: [{ path: ['a'], length: 0 }] })).toBe('NO_CONTENT')
    expect(build(['a'], { files: [{ path: ['a'], length: 0.5 }] })).toBe('BAD_LENGTH')
    const a = { path: ['a'], length: 1 }
    expect(build(['a'], { files: [a, a] })).toBe('PATH_COLLISION')
    expect(build(['a'], { files: [a, { path: ['a', 'b', 'c'], length: 1 }] })).toBe(
      'PATH_COLLISION',
    )
    expect(build(['a'], { files: [a, { path: ['l'], length: 0, symlink: ['..', 'x'] }] })).toBe(
      'BAD_SYMLINK',
    )
    expect(build(['a'], { files: [a, { path: ['l'], length: 1, symlink: ['a'] }] })).toBe(
      'BAD_SYMLINK',
    )
  })

  test('is told of piece lengths and counts too', () => {
    for (const pieceLength of [0, -1, 0.5, 2 ** 29 + 1])
      expect(build(['a'], { pieceLength })).toBe('BAD_PIECE_LENGTH')
    expect(build(['a'], { pieceLength: 1_000 })).toBe('accepted')
    for (const pieceLength of [1_000, 8_192, 49_152]) {
      expect(build(['a'], { pieceLength, version: '2' })).toBe('BAD_PIECE_LENGTH')
      expect(build(['a'], { pieceLength, version: 'hybrid' })).toBe('BAD_PIECE_LENGTH')
    }
    const files = [{ path: ['a'], length: 2 ** 21 + 1 }]
    expect(build(['a'], { files, pieceLength: 1 })).toBe('TOO_MANY_PIECES')
    const pieceHashes = new Uint8Array(20 * (2 ** 21 + 1))
    expect(codeOf(() => buildMetainfo({ name: 'a', files, pieceLength: 1, pieceHashes }))).toBe(
      'TOO_MANY_PIECES',
    )
  })

  test('a piece is added once, with the digests of its version, before the end', () => {
    const builder = new MetainfoBuilder({
      name: 'a',
      version: 'hybrid',
      files: [{ path: ['a'], length: 5 }],
    })
    const piece = builder.geometry.piece(0)
    expect(() => builder.build()).toThrow(InvariantError)
    expect(() => builder.addPiece(piece, { leaves: new Uint8Array(32) })).toThrow(InvariantError)
    expect(() => builder.addPiece(piece, { sha1: new Uint8Array(20) })).toThrow(InvariantError)
    expect(() => builder.hashPiece(piece, content(4))).toThrow(InvariantError)
    builder.hashPiece(piece, content(5))
    expect(() => builder.hashPiece(piece, content(5))).toThrow(InvariantError)
    expect(parseMetainfo(builder.build()).version).toBe('hybrid')
  })

  test('what is hashed already is written as it is', () => {
    const files = [{ path: ['a'], length: 20_000 }]
    const bytes = buildMetainfo({ name: 'a', files, pieceLength: 16_384, pieceHashes: hashes(2) })
    const torrent = parseMetainfo(bytes)
    expect(torrent.pieceHashes(torrent.geometry.piece(1)).sha1).toEqual(hashes(2).subarray(20))
    expect(() => buildMetainfo({ name: 'a', files, pieceLength: 16_384 })).toThrow(InvariantError)
  })
})

test('the piece length chosen gives at most 2,048 pieces up to 32 GiB, and never more than 2^21', () => {
  expect(choosePieceLength(0)).toBe(16_384)
  expect(choosePieceLength(2 ** 25)).toBe(16_384)
  expect(choosePieceLength(2 ** 25 + 1)).toBe(32_768)
  expect(choosePieceLength(2 ** 30)).toBe(2 ** 19)
  expect(choosePieceLength(2 ** 40)).toBe(2 ** 24)
  expect(choosePieceLength(2 ** 46)).toBe(2 ** 25)
})

describeVectors('torrents of libtorrent rebuilt', (vectors) => {
  for (const entry of vectors.manifest()) {
    if (!entry.file.startsWith('torrents/payload-kat/')) continue
    test(`${entry.file} comes out byte for byte`, () => {
      const bytes = vectors.bytes(entry.file)
      const torrent = parseMetainfo(bytes)
      const { geometry, version } = torrent
      const all = Array.from(
        { length: geometry.pieceCount },
        (_, at) => torrent.pieceHashes(geometry.piece(at)).sha1,
      )
      const rebuilt = buildMetainfo({
        name: torrent.name,
        layout: torrent.layout,
        version,
        files: torrent.files,
        pieceLength: geometry.pieceLength,
        createdBy: torrent.createdBy as string,
        ...(version !== '2' && { pieceHashes: new Uint8Array(Buffer.concat(all as Uint8Array[])) }),
        pieceLayers: torrent.files.map((_, at) => torrent.pieceLayer(at)),
      })
      expect(Buffer.from(rebuilt).toString('latin1')).toBe(Buffer.from(bytes).toString('latin1'))
    })
  }
})
