import { describe, expect, test } from 'vitest'
import { BencodeError, encode } from '@bt/bencode'
import { MetainfoError, parseInfo, parseMetainfo } from '@bt/metainfo'
import { type InfoHash, parseInfoHash, sha1, sha256, toHex, truncateInfoHash } from '@bt/primitives'
import {
  content,
  folderOf,
  hashes,
  infoOf,
  parsed,
  refusal,
  refusalOf,
  torrentOf,
  utf8,
  v2File,
  v2Of,
} from './made.ts'

const file = (length: number, ...path: string[]): { length: number; path: string[] } => ({
  length,
  path,
})

describe('infohashes', () => {
  test('are of the bytes of info as they stand', () => {
    const info = encode(infoOf())
    const torrent = parseMetainfo(torrentOf(infoOf()))
    expect(torrent.infoBytes).toEqual(info)
    expect(torrent.infoHashV1).toBe(toHex(sha1(info)))
    expect(torrent.wireHashes).toEqual([torrent.infoHashV1])
    expect(torrent.infoHashV2).toBeUndefined()
  })

  test('of keys out of order too, never of a re-encoding', () => {
    const info = `d6:lengthi10e12:piece lengthi16384e4:name1:a6:pieces20:${'x'.repeat(20)}e`
    const torrent = parseMetainfo(utf8(`d8:url-list0:4:info${info}e`))
    expect(torrent.infoHashV1).toBe(toHex(sha1(utf8(info))))
  })

  test('a v2 torrent is known on the wire by the first 20 bytes', () => {
    const torrent = parsed(v2Of({ a: v2File() }))
    expect(torrent.infoHashV2).toBe(toHex(sha256(torrent.infoBytes)))
    expect(torrent.wireHashes).toEqual([torrent.infoHashV2?.slice(0, 40)])
    expect(torrent.infoHashV1).toBeUndefined()
  })

  test('a hybrid has both, v1 first', () => {
    const torrent = parsed({ ...v2Of({ a: v2File() }), files: [file(10, 'a')], pieces: hashes(1) })
    expect(torrent.version).toBe('hybrid')
    expect(torrent.wireHashes).toEqual([
      toHex(sha1(torrent.infoBytes)),
      torrent.infoHashV2?.slice(0, 40),
    ])
  })

  test('the caller may reuse the bytes', () => {
    const bytes = torrentOf(infoOf())
    const torrent = parseMetainfo(bytes)
    bytes.fill(0)
    expect(torrent.infoBytes).toEqual(encode(infoOf()))
    expect(torrent.pieceHashes(torrent.geometry.piece(0)).sha1).toEqual(hashes(1))
  })
})

describe('the document', () => {
  test('[B16] what is no dictionary of an info dictionary is told as such', () => {
    expect(refusalOf(utf8('le'))).toBe('NOT_A_DICT')
    expect(refusalOf(utf8('i5e'))).toBe('NOT_A_DICT')
    expect(refusalOf(utf8('de'))).toBe('MISSING_INFO info')
    expect(refusalOf(encode({ info: [] }))).toBe('MISSING_INFO info')
    expect(refusalOf(encode({ info: encode(infoOf()) }))).toBe('MISSING_INFO info')
    expect(refusalOf(new Uint8Array(0))).toBe('TRUNCATED')
  })

  test('white space may follow, anything else may not', () => {
    const whole = torrentOf(infoOf())
    const followed = (tail: string): Uint8Array =>
      new Uint8Array(Buffer.concat([whole, utf8(tail)]))
    expect(parseMetainfo(followed('\r\n\t ')).infoHashV1).toBe(parseMetainfo(whole).infoHashV1)
    expect(refusalOf(followed('e'))).toBe('TRAILING_BYTES')
    expect(refusalOf(followed('\n0'))).toBe('TRAILING_BYTES')
  })

  test('keys that occur twice are refused, beside one another or not', () => {
    const pieces = `6:pieces20:${'x'.repeat(20)}`
    const info = `d6:lengthi10e4:name1:a12:piece lengthi16384e${pieces}e`
    expect(refusalOf(utf8(`d4:info${info}4:info${info}e`))).toBe('DUPLICATE_KEY')
    expect(refusalOf(utf8(`d4:info${info}1:a0:4:info${info}e`))).toBe('DUPLICATE_KEY')
    const apart = `d6:lengthi10e4:name1:a${pieces}12:piece lengthi16384e6:lengthi10ee`
    expect(refusalOf(utf8(`d4:info${apart}e`))).toBe('DUPLICATE_KEY')
  })

  test('numbers with leading zeros are refused', () => {
    const bytes = Buffer.from(torrentOf(infoOf())).toString('latin1')
    expect(refusalOf(Buffer.from(bytes.replace('i1000e', 'i01000e'), 'latin1'))).toBe(
      'INTEGER_FORM',
    )
    expect(refusalOf(Buffer.from(bytes.replace('i1000e', 'i-0e'), 'latin1'))).toBe('INTEGER_FORM')
    expect(refusalOf(Buffer.from(bytes.replace('4:name', '04:name'), 'latin1'))).toBe('LENGTH_FORM')
  })

  test('100 levels are read, 101 are too deep, a million is no worse', () => {
    const nested = (depth: number): Uint8Array =>
      Buffer.concat([
        utf8('d1:a'),
        utf8('l'.repeat(depth) + 'e'.repeat(depth)),
        torrentOf(infoOf()).subarray(1),
      ])
    expect(parseMetainfo(nested(99)).name).toBe('file.bin')
    expect(refusalOf(nested(100))).toBe('TOO_DEEP')
    expect(refusalOf(nested(1_000_000))).toBe('TOO_DEEP')
  })

  test('more than 128 MiB are refused unread', () => {
    const large = new Uint8Array(128 * 1024 * 1024 + 1)
    expect(refusalOf(large)).toBe('TOO_LARGE')
    expect(refusalOf(large.subarray(1))).toBe('SYNTAX')
  })

  test('errors say what and where, with the numbers', () => {
    const bad = torrentOf(folderOf([file(10, 'a'), file(-5, 'b')]))
    expect(() => parseMetainfo(bad)).toThrow(
      new MetainfoError(
        'BAD_LENGTH',
        'info.files[1].length',
        'is -5, allowed are 0 to 72057594037927936',
      ),
    )
    try {
      parseMetainfo(utf8('d4:infoi12xee'))
    } catch (error) {
      expect(error).toBeInstanceOf(BencodeError)
      expect((error as BencodeError).offset).toBe(10)
    }
  })
})

describe('numbers', () => {
  test('[B10] a piece length is a whole number from 1 to 512 MiB', () => {
    for (const length of [
      0,
      -1,
      -16_384,
      2 ** 29 + 1,
      2n ** 53n,
      2n ** 63n - 1n,
      2n ** 64n,
      '16384',
      [1],
      undefined,
    ]) {
      expect(refusal(infoOf({ 'piece length': length })), String(length)).toBe(
        'BAD_PIECE_LENGTH info.piece length',
      )
    }
    expect(parsed(infoOf({ 'piece length': 2 ** 29 })).geometry.pieceLength).toBe(2 ** 29)
    expect(parsed(infoOf({ 'piece length': 1, pieces: hashes(1_000) })).geometry.pieceCount).toBe(
      1_000,
    )
  })

  test('[B10] a v2 piece length is a power of two from 16 KiB', () => {
    for (const length of [1, 8_192, 16_385, 49_152, 2 ** 30]) {
      expect(refusal(v2Of({ a: v2File() }, { 'piece length': length }))).toBe(
        'BAD_PIECE_LENGTH info.piece length',
      )
    }
    expect(parsed(v2Of({ a: v2File() }, { 'piece length': 2 ** 29 })).geometry.pieceCount).toBe(1)
  })

  test('[B11] a length is a whole number that is not negative and not absurd', () => {
    for (const length of [-1, 2n ** 60n, 2n ** 63n - 1n, 2n ** 64n, '1000', [], undefined]) {
      expect(refusal(infoOf({ length })), String(length)).toBe('BAD_LENGTH info.length')
      expect(refusal(folderOf([{ path: ['a'], length }, file(1, 'b')]))).toBe(
        'BAD_LENGTH info.files[0].length',
      )
      expect(refusal(v2Of({ a: v2File({ length }) }))).toBe('BAD_LENGTH info.file tree.a..length')
    }
    expect(refusal(v2Of({ a: v2File({ length: 2 ** 48 }) }))).toBe(
      'BAD_LENGTH info.file tree.a..length',
    )
  })

  test('[B11] lengths beyond 2^53 are added exactly, alone and in sum', () => {
    const one = infoOf({ length: 2n ** 53n + 1n, 'piece length': 2 ** 28 })
    expect(() => parsed(one)).toThrow('9007199254740993 bytes in pieces of 268435456 need 33554433')
    expect(refusal(one)).toBe('PIECE_COUNT_MISMATCH info.pieces')
    const half = 2 ** 52
    const sum = folderOf([file(half, 'a'), file(half, 'b'), file(1, 'c')], {
      'piece length': 2 ** 28,
      pieces: hashes(1),
    })
    expect(() => parsed(sum)).toThrow('9007199254740993 bytes')
  })

  test('[B12] pieces is a string of as many SHA-1 as the content needs', () => {
    expect(refusal(infoOf({ pieces: undefined }))).toBe('BAD_PIECES info.pieces')
    expect(refusal(infoOf({ pieces: [hashes(1)] }))).toBe('BAD_PIECES info.pieces')
    expect(refusal(infoOf({ pieces: 5 }))).toBe('BAD_PIECES info.pieces')
    expect(refusal(infoOf({ pieces: hashes(1).subarray(1) }))).toBe('BAD_PIECES info.pieces')
    expect(refusal(infoOf({ pieces: hashes(0) }))).toBe('PIECE_COUNT_MISMATCH info.pieces')
    expect(refusal(infoOf({ pieces: hashes(2) }))).toBe('PIECE_COUNT_MISMATCH info.pieces')
    expect(refusal(infoOf({ length: 16_385 }))).toBe('PIECE_COUNT_MISMATCH info.pieces')
  })

  test('[B13] more than 2^21 pieces are refused by their number alone', () => {
    const many = (count: number): Uint8Array =>
      torrentOf(infoOf({ length: count, 'piece length': 1, pieces: new Uint8Array(20 * count) }))
    expect(parseMetainfo(many(2 ** 21)).geometry.pieceCount).toBe(2 ** 21)
    expect(refusalOf(many(2 ** 21 + 1))).toBe('TOO_MANY_PIECES info')
    expect(refusal(infoOf({ length: 2 ** 41 }))).toBe('TOO_MANY_PIECES info')
    expect(refusal(v2Of({ a: v2File({ length: 2 ** 35 + 1 }) }))).toBe('TOO_MANY_PIECES info')
    const spread = { a: v2File({ length: 2 ** 34 }), b: v2File({ length: 2 ** 34 }), c: v2File() }
    expect(refusal(v2Of(spread))).toBe('TOO_MANY_PIECES info')
  })
})

describe('files', () => {
  test('length and files are one or the other', () => {
    expect(refusal(folderOf([file(10, 'a')], { length: 10 }))).toBe('LENGTH_AND_FILES info.length')
    expect(refusal(infoOf({ length: undefined }))).toBe('BAD_LENGTH info.length')
  })

  test('a list of one file is a folder all the same', () => {
    const torrent = parsed(folderOf([file(10, 'a')]))
    expect(torrent.layout).toBe('folder')
    expect(torrent.name).toBe('root')
    const single = parsed(infoOf())
    expect(single.layout).toBe('file')
    expect(single.files.map(({ path }) => path)).toEqual([['file.bin']])
  })

  test('[B14] no files, or only empty ones, are nothing to share', () => {
    expect(refusal(folderOf([]))).toBe('NO_FILES info.files')
    expect(refusal(v2Of({}))).toBe('NO_FILES info.file tree')
    expect(refusal(v2Of({ a: { b: {} } }))).toBe('NO_FILES info.file tree')
    expect(refusal(infoOf({ length: 0, pieces: hashes(0) }))).toBe('NO_CONTENT info')
    expect(refusal(folderOf([file(0, 'a')]))).toBe('NO_CONTENT info')
    expect(refusal(v2Of({ a: { '': { length: 0 } } }))).toBe('NO_CONTENT info.file tree')
  })

  test('[B16] wrong types are refused with the field named', () => {
    expect(refusal(infoOf({ length: undefined, files: {} }))).toBe('WRONG_TYPE info.files')
    expect(refusal(infoOf({ length: undefined, files: 'a' }))).toBe('WRONG_TYPE info.files')
    expect(refusal(infoOf({ length: undefined, files: [5] }))).toBe('WRONG_TYPE info.files[0]')
    expect(refusal(infoOf({ name: undefined }))).toBe('MISSING_NAME info.name')
    expect(refusal(infoOf({ name: 5 }))).toBe('MISSING_NAME info.name')
    for (const name of ['', '.', '..', '/', '\u202e']) {
      expect(refusal(infoOf({ name }))).toBe('MISSING_NAME info.name')
    }
    expect(refusal(infoOf({ name: ['a'] }))).toBe('MISSING_NAME info.name')
  })

  test('[B15] 100,000 files are read in linear time, 5,000 empty ones among others too', () => {
    const some = (count: number): Uint8Array =>
      torrentOf(
        folderOf(
          Array.from({ length: count }, (_, at) =>
            file(at % 20 === 0 ? 0 : 3, `d${at % 100}`, `f${at}`),
          ),
        ),
      )
    expect(parseMetainfo(some(100_000)).files.length).toBe(100_000)
    const tree = Object.fromEntries(
      Array.from({ length: 20_000 }, (_, at) => [`f${String(at).padStart(6, '0')}`, v2File()]),
    )
    expect(parsed(v2Of(tree)).geometry.pieceCount).toBe(20_000)
  })

  test('attributes are the letters of BEP 47 and anything else is passed over', () => {
    const attributes = (attr: string | number): string | undefined =>
      parsed(folderOf([{ ...file(10, 'a'), attr }])).files[0]?.attributes
    expect(attributes('xh')).toBe('hx')
    expect(attributes('xxX!')).toBe('x')
    expect(attributes('')).toBeUndefined()
    expect(attributes(5)).toBeUndefined()
    expect(parsed(infoOf({ attr: 'x' })).files[0]?.attributes).toBe('x')
    expect(parsed(infoOf({ attr: 'lp' })).files[0]?.attributes).toBeUndefined()
  })

  test('pad files may lack a path, share one, or bear the name of older ones', () => {
    const torrent = parsed(
      folderOf([
        file(100, 'a'),
        { attr: 'p', length: 16_284 },
        file(1, 'b'),
        { attr: 'p', length: 5, path: ['.pad', '5'] },
        { attr: 'p', length: 5, path: ['.pad', '5'] },
        file(7, '_____padding_file_0_please update'),
      ]),
    )
    expect(torrent.files.map(({ attributes }) => attributes)).toEqual([
      undefined,
      'p',
      undefined,
      'p',
      'p',
      'p',
    ])
    expect(torrent.files[1]?.path).toEqual(['.pad', '16284'])
    expect(torrent.geometry.contentLength).toBe(101)
    expect(
      refusal(folderOf([file(1, 'a'), { attr: 'lp', path: ['b'], 'symlink path': ['a'] }])),
    ).toBe('BAD_PAD_FILE info.files[1].attr')
  })

  test('private is anything but absent or 0', () => {
    const isPrivate = (value: number | string | undefined): boolean =>
      parsed(infoOf({ private: value })).isPrivate
    expect([undefined, 0].map(isPrivate)).toEqual([false, false])
    expect([1, 2, -1, '1', ''].map(isPrivate)).toEqual([true, true, true, true, true])
    expect(parsed(infoOf(), { private: 1 }).isPrivate).toBe(false)
  })
})

describe('around the info', () => {
  test('announce-list beats announce, and tiers keep their order', () => {
    const tiers = [['http://a/', 'udp://b:1'], [], ['https://c/x y'], ['http://a/']]
    expect(
      parsed(infoOf(), { announce: 'http://z/', 'announce-list': tiers }).announceTiers,
    ).toEqual([['http://a/', 'udp://b:1'], ['https://c/x%20y']])
    expect(
      parsed(infoOf(), { announce: 'http://z/', 'announce-list': [['no']] }).announceTiers,
    ).toEqual([['http://z/']])
    expect(parsed(infoOf(), { 'announce-list': 'http://z/' }).announceTiers).toEqual([])
  })

  test('[B21] bad trackers are dropped and there are at most 500', () => {
    const bad = [
      'javascript:alert(1)',
      'file:///etc/passwd',
      'wss://t.example/',
      'http://',
      'http:///x',
      'udp://h:0',
      'http://h:70000/',
      'http://h/\r\nX: y',
      'http://h/\0',
      'http://\u007fh/',
      `http://h/${'x'.repeat(4_096)}`,
      5,
      [['http://h/']],
    ]
    expect(parsed(infoOf(), { 'announce-list': [bad, ['http://ok/']] }).announceTiers).toEqual([
      ['http://ok/'],
    ])
    const many = Array.from({ length: 10_000 }, (_, at) => [`http://t${at}.example/`])
    expect(parsed(infoOf(), { 'announce-list': many }).announceTiers.length).toBe(500)
    const flat = Array.from({ length: 10_000 }, (_, at) => `http://t${at}.example/`)
    expect(parsed(infoOf(), { 'announce-list': [flat] }).announceTiers[0]?.length).toBe(500)
  })

  test('[B22] bad nodes and web seeds are dropped and bounded', () => {
    const nodes = [
      ['router.example', 6881],
      ['::1', 1],
      ['h', 0],
      ['h', 65_536],
      ['h', '80'],
      ['h', 80, 1],
      [80, 'h'],
      ['h'],
      5,
      ['a b', 80],
      ['', 80],
      [new Uint8Array([0xff]), 80],
      ['h', 2n ** 64n],
    ]
    expect(parsed(infoOf(), { nodes }).dhtNodes).toEqual([
      { host: 'router.example', port: 6_881 },
      { host: '::1', port: 1 },
    ])
    const many = Array.from({ length: 10_000 }, (_, at) => [`h${at}`, 80])
    expect(parsed(infoOf(), { nodes: many }).dhtNodes.length).toBe(200)
    expect(parsed(infoOf(), { nodes: {} }).dhtNodes).toEqual([])
    const urls = Array.from({ length: 10_000 }, (_, at) => `http://w${at}/`)
    expect(parsed(infoOf(), { 'url-list': urls }).webSeeds.length).toBe(200)
    expect(
      parsed(infoOf(), { 'url-list': ['ftp://x/', 5, 'http://w/ a', 'http://w/ a'] }).webSeeds,
    ).toEqual(['http://w/%20a'])
  })

  test('a web seed of a folder ends in a slash (BEP 19)', () => {
    expect(parsed(folderOf([file(1, 'a')]), { 'url-list': 'http://w/x' }).webSeeds).toEqual([
      'http://w/x/',
    ])
    expect(parsed(infoOf(), { 'url-list': 'http://w/x' }).webSeeds).toEqual(['http://w/x'])
  })

  test('[B23] texts and dates are as they stand, or left out', () => {
    const torrent = parsed(infoOf(), {
      comment: 'c',
      'created by': 'me',
      'creation date': 1_700_000_000,
    })
    expect([torrent.comment, torrent.createdBy, torrent.creationDate]).toEqual([
      'c',
      'me',
      1_700_000_000,
    ])
    const odd = parsed(infoOf(), { comment: 5, 'created by': '', 'creation date': 2n ** 63n })
    expect('comment' in odd || 'createdBy' in odd || 'creationDate' in odd).toBe(false)
    expect(parsed(infoOf(), { 'creation date': 253_402_300_800 }).creationDate).toBeUndefined()
    expect(parsed(infoOf(), { comment: new Uint8Array([0x61, 0xff]) }).comment).toBe('a\ufffd')
    expect(parsed(infoOf(), { comment: 'old', 'comment.utf-8': 'new' }).comment).toBe('new')
  })
})

describe('metadata from peers', () => {
  const info = encode(infoOf())
  const hash = parseInfoHash(sha1(info)) as InfoHash

  test('is taken when it hashes to what was asked for', () => {
    const torrent = parseInfo(info, hash, { announceTiers: [['http://t/']] })
    expect(torrent.infoHashV1).toBe(hash)
    expect(torrent.announceTiers).toEqual([['http://t/']])
    expect(torrent.webSeeds).toEqual([])
  })

  test('of v2 is known by its whole hash or the first 20 bytes, and lacks its layers', () => {
    const big = encode(v2Of({ a: v2File({ length: 40_000 }), b: v2File() }))
    const whole = parseMetainfo(Buffer.concat([utf8('d4:info'), big, utf8('e')])).infoHashV2
    for (const expected of [
      whole as NonNullable<typeof whole>,
      truncateInfoHash(whole as NonNullable<typeof whole>),
    ]) {
      const torrent = parseInfo(big, expected)
      expect(torrent.missingLayers()).toEqual([0])
      expect(torrent.pieceHashes(torrent.geometry.piece(0)).merkleRoot).toBeUndefined()
      expect(torrent.pieceHashes(torrent.geometry.piece(3)).merkleRoot).toEqual(
        new Uint8Array(32).fill(7),
      )
    }
  })

  test('[C05] with another hash is refused before it is looked at', () => {
    const other = parseInfoHash(sha1(content(5))) as InfoHash
    expect(() => parseInfo(utf8('no bencode'), other)).toThrow(/10 bytes that do not hash to/)
    expect(() => parseInfo(info, other)).toThrow(MetainfoError)
    expect(() => parseInfo(info, '' as InfoHash)).toThrow(MetainfoError)
  })

  test('[C05] of v2 alone is not what a v1 infohash names', () => {
    const v2 = encode(v2Of({ a: v2File() }))
    expect(() => parseInfo(v2, parseInfoHash(sha1(v2)) as InfoHash)).toThrow(/is version 2/)
  })

  test('[C06] that is no torrent gives the same errors as a torrent file', () => {
    for (const [bad, code] of [
      [encode(infoOf({ length: -1 })), 'BAD_LENGTH'],
      [encode(infoOf({ 'piece length': 0 })), 'BAD_PIECE_LENGTH'],
      [utf8('le'), 'NOT_A_DICT'],
      [utf8('d'), 'TRUNCATED'],
      [Buffer.concat([info, utf8('x')]), 'TRAILING_BYTES'],
    ] as const) {
      const expected = parseInfoHash(sha1(bad)) as InfoHash
      expect(() => parseInfo(bad, expected)).toThrow(expect.objectContaining({ code }))
    }
  })

  test('[C03] of more than 32 MiB is refused', () => {
    const large = new Uint8Array(32 * 1024 * 1024 + 1)
    expect(() => parseInfo(large, hash)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }))
  })
})
