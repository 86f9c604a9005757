import { describe, expect, test } from 'vitest'
import type { Encodable } from '@bt/bencode'
import { Prng } from '@bt/primitives'
import { expectSafe } from './safe-paths.ts'
import { folderOf, parsed, refusal, utf8, v2File, v2Of } from './made.ts'

const file = (...path: string[]): { length: number; path: string[] } => ({ length: 10, path })
const link = (path: string[], ...target: string[]): { [key: string]: Encodable } => ({
  attr: 'l',
  length: 0,
  path,
  'symlink path': target,
})

function pathsOf(...files: { readonly [key: string]: Encodable }[]): string[] {
  const torrent = parsed(folderOf(files))
  expectSafe(torrent)
  return torrent.files.map(({ path }) => path.join('/'))
}

function linksOf(...files: { readonly [key: string]: Encodable }[]): (string | undefined)[] {
  const torrent = parsed(folderOf([...files, file('ok.txt')]))
  expectSafe(torrent)
  return torrent.files.slice(0, -1).map(({ symlink }) => symlink?.join('/'))
}

describe('paths', () => {
  test('[B01] nothing climbs out of the folder', () => {
    expect(pathsOf(file('..', '..', 'etc', 'passwd'), file('.', 'a'), file('/', 'b'))).toEqual([
      'etc/passwd',
      'a',
      '_/b',
    ])
    expect(pathsOf(file('..', '..'), file('.'))).toEqual(['_', '_.1'])
    expect(refusal(folderOf([{ length: 10, path: [] }]))).toBe('BAD_PATH info.files[0].path')
    expect(refusal(folderOf([{ length: 10, path: 'a.txt' }]))).toBe('BAD_PATH info.files[0].path')
    expect(refusal(folderOf([{ length: 10 }]))).toBe('BAD_PATH info.files[0].path')
    expect(refusal(folderOf([{ length: 10, path: ['a', 5] }]))).toBe('BAD_PATH info.files[0].path')
  })

  test('[B01] a folder whose name is no name is called by its infohash, a file is refused', () => {
    for (const name of ['', '.', '..', '/', '\\/', '\u202e']) {
      const torrent = parsed(folderOf([file('a')], { name }))
      expect(torrent.name).toBe(torrent.infoHashV1)
    }
    expect(refusal(v2Of({ '..': v2File() }))).toBe('MISSING_NAME info.name')
    const folder = parsed(v2Of({ d: { a: v2File() } }, { name: '..' }))
    expect(folder.name).toBe(folder.wireHashes[0])
  })

  test('[B04] twins are told apart by a number: same, by case, by accents, by what is trimmed', () => {
    expect(pathsOf(file('d', 'bar.txt'), file('d', 'bar.txt'), file('d', 'BAR.txt'))).toEqual([
      'd/bar.txt',
      'd/bar.1.txt',
      'd/BAR.2.txt',
    ])
    expect(pathsOf(file('\u00e9'), file('e\u0301'))).toEqual(['\u00e9', 'e\u0301.1'])
    expect(pathsOf(file('a'), file('a.'), file('a '))).toEqual(['a', 'a.1', 'a.2'])
    expect(pathsOf(file('D', 'x'), file('d', 'x'))).toEqual(['D/x', 'd/x.1'])
  })

  test('[B04] whoever came by a name first keeps it', () => {
    expect(pathsOf(file('a'), file('a'), file('a.1'))).toEqual(['a', 'a.2', 'a.1'])
    expect(pathsOf(file('a'), file('A'), file('a.1'), file('a.2'))).toEqual([
      'a',
      'A.3',
      'a.1',
      'a.2',
    ])
  })

  test('[B04] more than a hundred of one name are refused', () => {
    const same = Array.from({ length: 101 }, () => file('same'))
    expect(pathsOf(...same).at(-1)).toBe('same.100')
    expect(refusal(folderOf([...same, file('same')]))).toBe('PATH_COLLISION info.files[101]')
  })

  test('[B05] a file gives way to a folder of its name, before and after it', () => {
    expect(pathsOf(file('a'), file('a', 'b'))).toEqual(['a.1', 'a/b'])
    expect(pathsOf(file('A', 'b'), file('a'))).toEqual(['A/b', 'a.1'])
    expect(pathsOf(file('a', 'b', 'c'), file('a', 'b'), file('a'))).toEqual([
      'a/b/c',
      'a/b.1',
      'a.1',
    ])
  })

  test('[B08] deep and long paths are refused as a whole', () => {
    const deep = (depth: number): string[] => Array.from({ length: depth }, () => 'd')
    expect(pathsOf(file(...deep(96)))[0]?.length).toBe(191)
    expect(refusal(folderOf([file('ok'), file(...deep(97))]))).toBe('BAD_PATH info.files[1]')
    expect(refusal(folderOf([file(...deep(5_000))]))).toBe('BAD_PATH info.files[0]')
    const long = Array.from({ length: 14 }, () => 'x'.repeat(255))
    expect(pathsOf(file(...long))).toHaveLength(1)
    expect(refusal(folderOf([file(...long, 'y')]))).toBe('BAD_PATH info.files[0]')
  })

  test('[B09] path.utf-8 is made safe too, and passed over where it is no text', () => {
    const both = (path: Encodable): string | undefined =>
      pathsOf({ length: 10, path: ['good.txt'], 'path.utf-8': path })[0]
    expect(both(['..', '..', 'evil'])).toBe('evil')
    expect(both(['é.txt'])).toBe('é.txt')
    expect(both([new Uint8Array([0xff])])).toBe('good.txt')
    expect(both('é.txt')).toBe('good.txt')
    expect(both([])).toBe('good.txt')
    expect(parsed(folderOf([file('a')], { 'name.utf-8': '../x' })).name).toBe('..x')
  })

  test('names of v2 are made safe by the same rules', () => {
    const tree = { '..': { '..': { evil: v2File() } }, A: v2File(), a: v2File() }
    const torrent = parsed(v2Of(tree))
    expect(torrent.files.map(({ path }) => path.join('/'))).toEqual(['evil', 'A', 'a.1'])
    expectSafe(torrent)
  })

  test("pad files take nobody's place", () => {
    const pad = { attr: 'p', length: 10, path: ['.pad', '10'] }
    expect(pathsOf(file('a'), pad, file('b'), pad, { ...file('.pad', '10') })).toEqual([
      'a',
      '.pad/10',
      'b',
      '.pad/10',
      '.pad/10',
    ])
  })

  test('random torrents of colliding names stay apart', () => {
    const random = new Prng('collisions')
    const pool = ['a', 'A', 'a.', 'b', 'a.1', '..', '_', '/', 'a\u200d', 'A.1']
    for (let round = 0; round < 150; round++) {
      const files = Array.from({ length: 1 + random.below(20) }, () =>
        file(
          ...Array.from(
            { length: 1 + random.below(3) },
            () => pool[random.below(pool.length)] as string,
          ),
        ),
      )
      pathsOf(...files)
    }
  })
})

describe('symbolic links', () => {
  test('[B03] a target inside the torrent is kept, from the root or beside the link', () => {
    expect(linksOf(link(['l'], 'ok.txt'))).toEqual(['ok.txt'])
    expect(linksOf(link(['d', 'l'], 'real'), file('d', 'real'))).toEqual(['d/real', undefined])
    expect(linksOf(link(['l'], 'd'), file('d', 'x'))).toEqual(['d', undefined])
    expect(linksOf(link(['l'], 'cur', 'x'), link(['cur'], 'd'), file('d', 'x'))).toEqual([
      'cur/x',
      'd',
      undefined,
    ])
  })

  test('[B03] one that climbs, is absolute, goes astray or round in circles is dropped', () => {
    expect(linksOf(link(['l'], '..', '..', 'etc'))).toEqual([undefined])
    expect(linksOf(link(['l'], '/etc', 'passwd'))).toEqual([undefined])
    expect(linksOf(link(['l'], '..\\..\\x'))).toEqual([undefined])
    expect(linksOf(link(['l'], 'nowhere'))).toEqual([undefined])
    expect(linksOf(link(['l'], 'ok.txt', 'x'))).toEqual([undefined])
    expect(linksOf(link(['l'], 'l'))).toEqual([undefined])
    expect(linksOf(link(['a'], 'b'), link(['b'], 'a'))).toEqual([undefined, undefined])
    expect(linksOf(link(['a'], 'b', 'x'), link(['b'], 'c'), link(['c'], 'b'))).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  test('[B03] a link that is also a folder is renamed, so nothing is written through it', () => {
    const torrent = parsed(folderOf([link(['d'], '..'), file('d', 'evil'), file('ok')]))
    expect(torrent.files.map(({ path }) => path.join('/'))).toEqual(['d.1', 'd/evil', 'ok'])
  })

  test('[B03] chains are followed only so far', () => {
    const chain = Array.from({ length: 60 }, (_, at) =>
      link([`l${at}`], at === 59 ? 'ok.txt' : `l${at + 1}`),
    )
    const found = linksOf(...chain)
    expect(found[59]).toBe('ok.txt')
    expect(found[20]).toBe('l21')
    expect(found[0]).toBeUndefined()
  })

  test('[B03] a link has a target and no content', () => {
    expect(refusal(folderOf([{ ...link(['l'], 'ok'), length: 5 }]))).toBe(
      'BAD_SYMLINK info.files[0].length',
    )
    expect(refusal(folderOf([{ attr: 'l', length: 0, path: ['l'] }, file('ok')]))).toBe(
      'BAD_SYMLINK info.files[0].symlink path',
    )
    const { length: _, ...bare } = link(['l'], 'ok.txt')
    expect(linksOf(bare)).toEqual(['ok.txt'])
  })

  test('[B03] links of v2 follow the same rules', () => {
    const tree = {
      a: v2File(),
      l: { '': { attr: 'l', length: 0, 'symlink path': ['..', 'etc'] } },
      m: { '': { attr: 'l', 'symlink path': ['a'] } },
    }
    expect(parsed(v2Of(tree)).files.map(({ symlink }) => symlink)).toEqual([
      undefined,
      undefined,
      ['a'],
    ])
  })

  test('many links in long chains cost no more than a bounded number of steps', () => {
    const target = Array.from({ length: 90 }, () => 'l')
    const links = Array.from({ length: 1_000 }, (_, at) =>
      link([`l${at}`], `l${at + 1}`, ...target),
    )
    expect(linksOf(...links).every((found) => found === undefined)).toBe(true)
  })

  test('a name that is no text is still one place', () => {
    const raw = (byte: number): Uint8Array => new Uint8Array([byte])
    expect(
      pathsOf(
        { length: 1, path: [raw(0x81)] },
        { length: 1, path: [raw(0x82)] },
        { length: 1, path: [utf8('_')] },
      ),
    ).toEqual(['_', '_.1', '_.2'])
  })
})
