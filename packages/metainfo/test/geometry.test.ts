import { describe, expect, test } from 'vitest'
import { type GeometryFile, PieceGeometry } from '@bt/metainfo'
import { InvariantError, Prng } from '@bt/primitives'

function flat(pieceLength: number, ...lengths: number[]): PieceGeometry {
  return new PieceGeometry({ pieceLength, files: lengths.map((length) => ({ length })) })
}

function aligned(pieceLength: number, ...lengths: number[]): PieceGeometry {
  const files = lengths.map((length) => ({ length }))
  return new PieceGeometry({ pieceLength, files, aligned: true })
}

const blocksOf = (geometry: PieceGeometry, piece: number): number[][] =>
  [...geometry.blocks(geometry.piece(piece))].map(({ begin, length }) => [begin, length])

describe('pieces', () => {
  test('the last piece is what remains', () => {
    const geometry = flat(32_768, 100_000)
    expect(geometry.pieceCount).toBe(4)
    expect(geometry.lengthOf(geometry.piece(0))).toBe(32_768)
    expect(geometry.lengthOf(geometry.piece(3))).toBe(100_000 - 3 * 32_768)
  })

  test('the last piece is full when nothing remains', () => {
    const geometry = flat(32_768, 65_536)
    expect(geometry.pieceCount).toBe(2)
    expect(geometry.lengthOf(geometry.piece(1))).toBe(32_768)
  })

  test('a piece length need not be a power of two in v1', () => {
    const geometry = flat(20_000, 50_000)
    expect(geometry.pieceCount).toBe(3)
    expect(blocksOf(geometry, 0)).toEqual([
      [0, 16_384],
      [16_384, 3_616],
    ])
    expect(blocksOf(geometry, 2)).toEqual([[0, 10_000]])
  })

  test('an index out of range is refused, and told before', () => {
    const geometry = flat(16_384, 20_000)
    for (const index of [-1, 2, 0.5, Number.NaN, 2 ** 53]) {
      expect(geometry.hasPiece(index)).toBe(false)
      expect(() => geometry.piece(index)).toThrow(InvariantError)
    }
  })

  test('lengths past 2^32 are exact', () => {
    const geometry = flat(2 ** 24, 5_000_000_000)
    expect(geometry.pieceCount).toBe(299)
    expect(geometry.lengthOf(geometry.piece(298))).toBe(5_000_000_000 - 298 * 2 ** 24)
  })

  test('in v2 every file starts a piece and its last piece may be short', () => {
    const geometry = aligned(32_768, 40_000, 0, 1, 32_768)
    expect(geometry.pieceCount).toBe(4)
    expect([0, 1, 2, 3].map((at) => geometry.lengthOf(geometry.piece(at)))).toEqual([
      32_768, 7_232, 1, 32_768,
    ])
    expect(geometry.totalLength).toBe(72_769)
    expect([0, 1, 2, 3].map((file) => geometry.piecesOf(file))).toEqual([
      { first: 0, end: 2 },
      { first: 1, end: 1 },
      { first: 2, end: 3 },
      { first: 3, end: 4 },
    ])
    expect([0, 1, 2, 3].map((at) => geometry.fileOf(geometry.piece(at)))).toEqual([0, 0, 2, 3])
  })
})

describe('blocks', () => {
  test('block n begins at n block lengths and the last one is cut', () => {
    const geometry = flat(49_152, 60_000)
    expect(blocksOf(geometry, 0)).toEqual([
      [0, 16_384],
      [16_384, 16_384],
      [32_768, 16_384],
    ])
    expect(geometry.blockCount(geometry.piece(1))).toBe(1)
    expect(geometry.blockAt(geometry.piece(1), 0).length).toBe(10_848)
    expect(() => geometry.blockAt(geometry.piece(1), 1)).toThrow(InvariantError)
  })

  test("the block length is the owner's to choose", () => {
    const geometry = new PieceGeometry({
      pieceLength: 65_536,
      files: [{ length: 100_000 }],
      blockLength: 65_536,
    })
    expect(blocksOf(geometry, 0)).toEqual([[0, 65_536]])
    expect(blocksOf(geometry, 1)).toEqual([[0, 34_464]])
  })

  test('any range inside one piece may be asked for, none beyond', () => {
    const geometry = flat(32_768, 40_000)
    expect(geometry.hasBlock(0, 1, 32_767)).toBe(true)
    expect(geometry.block(1, 7_231, 1)).toEqual({ piece: 1, begin: 7_231, length: 1 })
    for (const [piece, begin, length] of [
      [0, 1, 32_768],
      [1, 7_232, 1],
      [2, 0, 1],
      [0, -1, 2],
      [0, 0, 0],
      [0, 0.5, 1],
      [0, 2 ** 53, 1],
    ] as const) {
      expect(geometry.hasBlock(piece, begin, length)).toBe(false)
      expect(() => geometry.block(piece, begin, length)).toThrow(InvariantError)
    }
  })

  test('in v2 no request spans two files', () => {
    const geometry = aligned(32_768, 10, 32_768)
    expect(geometry.hasBlock(0, 0, 11)).toBe(false)
    expect(geometry.hasBlock(0, 0, 10)).toBe(true)
  })
})

describe('pad files', () => {
  const padded = new PieceGeometry({
    pieceLength: 32_768,
    files: [{ length: 100 }, { length: 32_668, pad: true }, { length: 50 }],
  })

  test('blocks end where data ends, lengths do not', () => {
    const piece = padded.piece(0)
    expect(padded.lengthOf(piece)).toBe(32_768)
    expect(padded.dataLengthOf(piece)).toBe(100)
    expect(blocksOf(padded, 0)).toEqual([[0, 100]])
    expect(padded.hasBlock(0, 16_384, 16_384)).toBe(true)
  })

  test('they count in the total and not in the content', () => {
    expect(padded.totalLength).toBe(32_818)
    expect(padded.contentLength).toBe(150)
  })

  test('their spans are marked', () => {
    expect(padded.fileSpans(padded.piece(0))).toEqual([
      { file: 0, offset: 0, length: 100, begin: 0, pad: false },
      { file: 1, offset: 0, length: 32_668, begin: 100, pad: true },
    ])
  })

  test('a pad in the middle of a piece stays in its blocks', () => {
    const files = [{ length: 10 }, { length: 20, pad: true }, { length: 10 }]
    const geometry = new PieceGeometry({ pieceLength: 16_384, files })
    expect(blocksOf(geometry, 0)).toEqual([[0, 40]])
  })

  test('a piece that is all pad still has blocks', () => {
    const files = [{ length: 16_384 }, { length: 16_384, pad: true }, { length: 5 }]
    const geometry = new PieceGeometry({ pieceLength: 16_384, files })
    expect(blocksOf(geometry, 1)).toEqual([[0, 16_384]])
  })

  test('a tail pad, or none, changes only the length of the last piece', () => {
    const without = new PieceGeometry({ pieceLength: 16_384, files: [{ length: 20_000 }] })
    const files = [{ length: 20_000 }, { length: 12_768, pad: true }]
    const tailed = new PieceGeometry({ pieceLength: 16_384, files })
    expect(tailed.pieceCount).toBe(without.pieceCount)
    expect(tailed.lengthOf(tailed.piece(1))).toBe(16_384)
    expect(blocksOf(tailed, 1)).toEqual(blocksOf(without, 1))
  })
})

describe('files', () => {
  test('a piece may hold the end of one file, whole ones and the start of another', () => {
    const geometry = flat(100, 150, 20, 0, 100)
    expect(geometry.fileSpans(geometry.piece(1))).toEqual([
      { file: 0, offset: 100, length: 50, begin: 0, pad: false },
      { file: 1, offset: 0, length: 20, begin: 50, pad: false },
      { file: 3, offset: 0, length: 30, begin: 70, pad: false },
    ])
    expect(geometry.fileSpans(geometry.piece(1), 60, 15)).toEqual([
      { file: 1, offset: 10, length: 10, begin: 60, pad: false },
      { file: 3, offset: 0, length: 5, begin: 70, pad: false },
    ])
    expect(geometry.piecesOf(2)).toEqual({ first: 1, end: 1 })
  })

  test('spans and blocks cover every byte of every file once, whatever the files', () => {
    for (let seed = 1; seed <= 300; seed++) expect(coverFault(`cover ${seed}`)).toBeUndefined()
  })
})

/** The first thing that is wrong with a geometry of random files; undefined when nothing is. */
function coverFault(seed: string): string | undefined {
  const random = new Prng(seed)
  const isAligned = random.below(2) === 0
  const files: GeometryFile[] = Array.from({ length: 1 + random.below(12) }, () => ({
    length: random.below(4) === 0 ? 0 : random.below(300),
    pad: !isAligned && random.below(4) === 0,
  }))
  const pieceLength = 1 + random.below(128)
  const geometry = new PieceGeometry({ pieceLength, files, aligned: isAligned, blockLength: 16 })
  const covered = files.map(() => 0)
  let total = 0
  for (let index = 0; index < geometry.pieceCount; index++) {
    const piece = geometry.piece(index)
    const spans = geometry.fileSpans(piece)
    if (isAligned && spans.length !== 1) return `${seed}: piece ${index} spans files`
    let begin = 0
    for (const span of spans) {
      const file = files[span.file] as GeometryFile
      const follows = span.begin === begin && span.offset === covered[span.file]
      if (!follows || span.pad !== (file.pad ?? false)) return `${seed}: ${JSON.stringify(span)}`
      covered[span.file] = (covered[span.file] as number) + span.length
      begin += span.length
    }
    if (begin !== geometry.lengthOf(piece)) return `${seed}: piece ${index} has ${begin} bytes`
    let asked = 0
    for (const [at, block] of [...geometry.blocks(piece)].entries()) {
      const same = geometry.blockAt(piece, at)
      if (block.begin !== 16 * at || same.length !== block.length) return `${seed}: block ${at}`
      asked += block.length
    }
    if (asked !== geometry.dataLengthOf(piece)) return `${seed}: ${asked} bytes asked for`
    if (Math.ceil(asked / 16) !== geometry.blockCount(piece)) return `${seed}: count of blocks`
    total += begin
  }
  if (total !== geometry.totalLength) return `${seed}: ${total} bytes in all`
  const missing = files.findIndex((file, at) => file.length !== covered[at])
  return missing < 0 ? undefined : `${seed}: file ${missing} is not covered`
}
