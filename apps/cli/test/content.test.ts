// Content read for making torrents: held against node:crypto and against names sorted by hand.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PieceGeometry } from '@bt/metainfo'
import { nodePorts } from '@bt/runtime-node'
import { describe, expect, it } from 'vitest'
import { findContent } from '../src/content-files.ts'
import { type HashedPiece, hashContent } from '../src/hash-content.ts'
import { fill, folder } from './bt.ts'

describe('content of a folder', () => {
  it('comes sorted by the bytes of its paths, not by a locale', async () => {
    const home = folder()
    fill(home, { 'b/a': 1, 'b.txt': 1, a: 1, B: 1, é: 1, z: 1, 'b/é/x': 1, 'b/z': 1 })
    const { files, layout } = await findContent(home)
    expect(layout).toBe('folder')
    expect(files.map(({ path }) => path.join('/'))).toEqual([
      'B',
      'a',
      'b.txt',
      'b/a',
      'b/z',
      'b/é/x',
      'z',
      'é',
    ])
  })

  it('follows links to files and never links to folders', async () => {
    const home = folder()
    fill(home, { 'real/x': 5 })
    symlinkSync(join(home, 'real/x'), join(home, 'link'))
    symlinkSync(home, join(home, 'real/loop'))
    symlinkSync('/nowhere at all', join(home, 'dangling'))
    const { files } = await findContent(home)
    expect(files.map(({ path, length }) => [path.join('/'), length])).toEqual([
      ['link', 5],
      ['real/x', 5],
    ])
  })

  it('without a file is refused, and so is what is not there', async () => {
    const home = folder()
    mkdirSync(join(home, 'empty'))
    await expect(findContent(home)).rejects.toMatchObject({ code: 'NO_FILES' })
    await expect(findContent(join(home, 'nope'))).rejects.toMatchObject({ code: 'NOT_HERE' })
  })

  it('marks what can be run', async () => {
    const home = folder()
    writeFileSync(join(home, 'tool'), 'x', { mode: 0o755 })
    expect((await findContent(join(home, 'tool'))).files).toMatchObject([{ attributes: 'x' }])
  })
})

describe('hashing content', () => {
  const lengths = [100_000, 0, 1, 65_536, 16_383]

  it('gives each piece its SHA-1 and its leaves, whatever files it lies in', async () => {
    const home = folder()
    const names = lengths.map((length, at) => {
      fill(home, { [`f${at}`]: length })
      return join(home, `f${at}`)
    })
    const geometry = new PieceGeometry({
      pieceLength: 32_768,
      files: lengths.map((length) => ({ length })),
    })
    const found = await hashAll(geometry, names)
    const whole = Buffer.concat(names.map((name) => readFileSync(name)))
    expect(found).toHaveLength(Math.ceil(whole.length / 32_768))
    for (const { piece, sha1, leaves } of found) {
      const bytes = whole.subarray(piece * 32_768, (piece + 1) * 32_768)
      expect(Buffer.from(sha1 as Uint8Array)).toEqual(createHash('sha1').update(bytes).digest())
      // Only v2 has leaves, and there a piece lies in one file.
      if (geometry.fileSpans(piece).length > 1) continue
      const first = createHash('sha256').update(bytes.subarray(0, 16_384)).digest()
      expect(Buffer.from((leaves as Uint8Array).subarray(0, 32))).toEqual(first)
    }
  })

  it('reads more files than may be open, several at a time', async () => {
    const home = folder()
    const names = Array.from({ length: 200 }, (_, at) => join(home, `f${at}`))
    fill(home, Object.fromEntries(names.map((_, at) => [`f${at}`, 20_000])))
    const files = names.map(() => ({ length: 20_000 }))
    const found = await hashAll(new PieceGeometry({ pieceLength: 16_384, files }), names)
    expect(found.filter(({ error }) => error !== undefined)).toEqual([])
  })

  it('says which pieces cannot be read and hashes the others', async () => {
    const home = folder()
    fill(home, { a: 40_000 })
    const geometry = new PieceGeometry({
      pieceLength: 16_384,
      files: [{ length: 40_000 }, { length: 40_000 }],
    })
    const found = await hashAll(geometry, [join(home, 'a'), join(home, 'missing')])
    expect(found.map(({ error }) => error === undefined)).toEqual([true, true, false, false, false])
  })
})

async function hashAll(
  geometry: PieceGeometry,
  paths: readonly string[],
): Promise<readonly HashedPiece[]> {
  const ports = nodePorts({ directory: '.' })
  const found: HashedPiece[] = []
  await hashContent({
    geometry,
    paths,
    ports,
    wants: { sha1: true, leaves: true },
    hashed: (one) => found.push(one) > 0,
  })
  await ports.close()
  return found.toSorted((one, other) => one.piece - other.piece)
}
