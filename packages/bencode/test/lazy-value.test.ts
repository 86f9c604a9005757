import { describe, expect, test } from 'vitest'
import { decode } from '../src/decode.ts'
import { type LazyValue, openDocument, openLenient } from '../src/lazy-value.ts'
import { latin1, refusal, textOf } from './bytes.ts'

const TORRENT =
  'd8:announce3:url4:infod5:filesld6:lengthi5e4:pathl1:a5:b.txteed6:lengthi6e4:pathl5:k\xc3\xa4seeee4:name1:x' +
  '12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaaee'

const open = () => openDocument(latin1(TORRENT))

test('only what is asked for is made: numbers, text, bytes, lists, entries', () => {
  const info = open().need('info')
  expect(info.need('name').text()).toBe('x')
  expect(info.need('piece length').int()).toBe(16384)
  expect(textOf(info.need('pieces').bytes(20))).toBe('a'.repeat(20))
  const files = [...info.need('files').items()].map((file) => ({
    length: file.need('length').int(),
    path: [...file.need('path').items()].map((part) => part.text()),
  }))
  expect(files).toEqual([
    { length: 5, path: ['a', 'b.txt'] },
    { length: 6, path: ['käse'] },
  ])
  expect([...info.entries()].map(([key, value]) => `${key} ${value.type}`)).toEqual([
    'files list',
    'name string',
    'piece length integer',
    'pieces string',
  ])
  expect(info.get('private')).toBeUndefined()
})

test('the raw bytes of a value are the bytes of the document', () => {
  const bytes = latin1(TORRENT)
  const info = openDocument(bytes).need('info')
  const start = TORRENT.indexOf('4:info') + 6
  expect(info.offset).toBe(start)
  expect(textOf(info.raw())).toBe(TORRENT.slice(start, -1))
  expect(info.raw().buffer).toBe(bytes.buffer)
  expect(textOf(info.need('name').raw())).toBe('1:x')
  expect(textOf(open().raw())).toBe(TORRENT)
})

test('every value of a document has its path, and the same value as decoding makes', () => {
  const seen: string[] = []
  const walk = (lazy: LazyValue, value: unknown): void => {
    seen.push(lazy.path)
    expect(lazy.value()).toEqual(value)
    if (lazy.type === 'list') {
      for (const [at, item] of [...lazy.items()].entries()) walk(item, (value as unknown[])[at])
    } else if (lazy.type === 'dictionary') {
      for (const [key, item] of lazy.entries()) walk(item, (value as Map<string, unknown>).get(key))
    }
  }
  walk(open(), decode(latin1(TORRENT)))
  expect(seen).toEqual([
    '',
    'announce',
    'info',
    'info.files',
    'info.files[0]',
    'info.files[0].length',
    'info.files[0].path',
    'info.files[0].path[0]',
    'info.files[0].path[1]',
    'info.files[1]',
    'info.files[1].length',
    'info.files[1].path',
    'info.files[1].path[0]',
    'info.name',
    'info.piece length',
    'info.pieces',
  ])
})

describe('what is not as asked is refused with path and offset', () => {
  const info = open().need('info')
  const [first] = info.need('files').items()
  test.each([
    ['a missing key', () => first?.need('md5'), 'MISSING_KEY', 'info.files[0].md5 is missing'],
    ['a missing key of the whole', () => open().need('x'), 'MISSING_KEY', 'x is missing'],
    [
      'a string as integer',
      () => info.need('name').int(),
      'WRONG_TYPE',
      'info.name is a string, not an integer',
    ],
    [
      'an integer as string',
      () => first?.need('length').bytes(),
      'WRONG_TYPE',
      'info.files[0].length is an integer',
    ],
    [
      'a list as dictionary',
      () => info.need('files').get('x'),
      'WRONG_TYPE',
      'info.files is a list, not a dictionary',
    ],
    ['a dictionary as list', () => info.items(), 'WRONG_TYPE', 'info is a dictionary, not a list'],
    [
      'a string as entries',
      () => [...info.need('name').entries()],
      'WRONG_TYPE',
      'not a dictionary',
    ],
    ['a dictionary as text', () => info.text(), 'WRONG_TYPE', 'info is a dictionary, not a string'],
    [
      'another length',
      () => info.need('pieces').bytes(32),
      'WRONG_TYPE',
      'is a string of 20 bytes, not of 32',
    ],
  ])('%s', (_, call, code, words) => {
    expect(refusal(call)).toMatch(new RegExp(`^${code}@\\d+$`))
    expect(call).toThrow(words)
  })

  test('an integer beyond 2^53', () => {
    const root = openDocument(latin1('d1:ni9007199254740993ee'))
    expect(() => root.need('n').int()).toThrow('n is 9007199254740993, beyond 2^53 (at byte 4)')
    expect(root.need('n').value()).toBe(9007199254740993n)
  })

  test('text that is not UTF-8, short and long', () => {
    for (const bad of ['\xff', 'a\xc3', '\xed\xa0\x80', `${'a'.repeat(60)}\xc0\x80`]) {
      const root = openDocument(latin1(`${bad.length}:${bad}`))
      expect(refusal(() => root.text())).toBe('NOT_TEXT@0')
      expect(() => root.text()).toThrow('the document is not UTF-8 text')
      expect(textOf(root.bytes())).toBe(bad)
    }
  })
})

test('text of any length is read as UTF-8, a byte order mark included', () => {
  for (const text of [
    '',
    'a',
    'twelve chars',
    'thirteen char',
    'ä'.repeat(12),
    '\ufefft',
    'x'.repeat(5_000),
    '😀 end',
  ]) {
    const bytes = new TextEncoder().encode(text)
    expect(openDocument(latin1(`${bytes.length}:${textOf(bytes)}`)).text()).toBe(text)
  }
})

test('a document is checked as a whole before anything is read', () => {
  expect(refusal(() => openDocument(latin1('d1:ai1e1:bi02ee')))).toBe('INTEGER_FORM@10')
  expect(refusal(() => openDocument(latin1('d1:ai1eex')))).toBe('TRAILING_BYTES@8')
  expect(refusal(() => openDocument(latin1('lllle'), { depthMax: 2 }))).toBe('TOO_DEEP@2')
})

test('[A05] a lenient document says what it let through, and the first of equal keys counts everywhere', () => {
  const { root, relaxed } = openLenient(latin1('d1:bi1e1:ai2e1:bi03eex'))
  expect(relaxed).toEqual([
    { code: 'KEY_ORDER', offset: 7 },
    { code: 'DUPLICATE_KEY', offset: 13 },
    { code: 'INTEGER_FORM', offset: 16 },
    { code: 'TRAILING_BYTES', offset: 21 },
  ])
  expect(root.need('b').int()).toBe(1)
  expect((root.value() as ReadonlyMap<string, number>).get('b')).toBe(1)
  expect(textOf(root.raw())).toBe('d1:bi1e1:ai2e1:bi03ee')
})

test('documents read side by side do not disturb one another', () => {
  const one = openDocument(latin1('d1:ali1ei2eee'))
  const items = one.need('a').items()
  expect(items.next().value?.int()).toBe(1)
  openDocument(latin1(`l${'i7e'.repeat(5_000)}e`))
  expect(items.next().value?.int()).toBe(2)
  expect(items.next().done).toBe(true)
})

test('a document in a Buffer of a pool is read at its own place', () => {
  const pool = Buffer.concat([Buffer.from('junk'), Buffer.from('d1:a4:spame'), Buffer.from('junk')])
  const root = openDocument(pool.subarray(4, 15))
  expect(root.need('a').text()).toBe('spam')
  expect(root.need('a').raw().byteOffset).toBe(pool.byteOffset + 8)
})
