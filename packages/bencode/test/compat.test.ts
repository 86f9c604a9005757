// The stand-in beside the real npm bencode 4.0.1. Decoding runs the real one in a child process with a time limit,
// because it loops for ever on some inputs.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Prng } from '@bt/primitives'
import npm from 'bencode'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { mutate } from '../../../tests/support/mutate.ts'
import { describeVectors } from '../../../tests/support/vectors.ts'
import { byteLength, type CompatValue, decode, default as compat, encode } from '../src/compat.ts'
import { decodeLenient } from '../src/decode.ts'
import { latin1, refusal, textOf } from './bytes.ts'

const SEED = Number(process.env['SEED'] ?? 1)
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** Reads hex lines and answers `show`n values; one answer a line, so that a kill tells which input hung. */
const CHILD = `
import npm from 'bencode'
import { readFileSync } from 'node:fs'
const show = ${show.toString()}
for (const hex of readFileSync(0, 'utf8').split('\\n')) {
  let answer
  try { answer = show(npm.decode(Buffer.from(hex, 'hex'))) } catch { answer = 'refused' }
  console.log(answer)
}`

/** A value as one line of text; npm rounds numbers beyond 2^53, some more than once. */
function show(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'number' || typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? String(Number(value) + 0) : 'beyond 2^53'
  }
  if (typeof value === 'string') return JSON.stringify(value)
  if (value instanceof Uint8Array) return `<${Buffer.from(value).toString('hex')}>`
  if (Array.isArray(value)) return `[${value.map(show).join()}]`
  const entries = Object.entries(value as object).map(
    ([key, item]) => JSON.stringify(key) + show(item),
  )
  return `{${entries.toSorted((one, other) => (one < other ? -1 : 1)).join()}}`
}

/** What npm answers to each input; 'hangs' where it had to be killed. */
function theirs(inputs: readonly Uint8Array[], seconds = 60): string[] {
  const answers: string[] = []
  while (answers.length < inputs.length) {
    const input = inputs.slice(answers.length).map((bytes) => Buffer.from(bytes).toString('hex'))
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', CHILD], {
      cwd: ROOT,
      input: input.join('\n'),
      timeout: seconds * 1000,
      killSignal: 'SIGKILL',
      maxBuffer: 1 << 28,
      encoding: 'utf8',
    })
    const lines = child.stdout.split('\n').slice(0, -1)
    answers.push(...lines)
    if (child.signal === 'SIGKILL') answers.push('hangs')
    else if (child.status !== 0) throw new Error(child.stderr)
  }
  return answers
}

function ours(bytes: Uint8Array): string {
  try {
    return show(decode(bytes))
  } catch {
    return 'refused'
  }
}

describeVectors('torrents and known answers', (vectors) => {
  test('what both read they read alike', () => {
    const torrents = vectors.manifest().filter(({ kind }) => kind === 'torrent')
    const inputs = torrents
      .map(({ file }) => vectors.bytes(file))
      .filter(({ length }) => length < 100_000)
    const answers = theirs(inputs)
    let alike = 0
    for (const [at, bytes] of inputs.entries()) {
      const own = ours(bytes)
      if (own === 'refused' || repeatsKeys(bytes)) continue
      expect(own, torrents[at]?.file).toBe(answers[at])
      alike++
    }
    expect(alike).toBeGreaterThan(150)
  })
})

test(`mutated inputs that the stand-in reads, npm reads alike (SEED=${SEED})`, () => {
  const random = new Prng(SEED)
  const seeds = [
    'd8:announce3:url4:infod6:lengthi5e4:name1:x12:piece lengthi16384e6:pieces3:aaaee',
    'd1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe',
    'li0ei-1ei00012e0:ledelleee',
    'd2:10i1e1:9i2e2:\xff\xfei3e1:ai4ee',
  ].map(latin1)
  const inputs = Array.from({ length: 2_000 }, () => mutate(seeds, random)).filter(
    (bytes) => ours(bytes) !== 'refused' && !repeatsKeys(bytes),
  )
  expect(inputs.length).toBeGreaterThan(100)
  const answers = theirs(inputs)
  for (const [at, bytes] of inputs.entries()) expect(ours(bytes), textOf(bytes)).toBe(answers[at])
})

beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  vi.spyOn(console, 'trace').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
})

test('both write the same bytes for the same values', () => {
  const values: unknown[] = [
    { string: 'Hello World', integer: 12345, dict: { key: 'in a dict' }, list: [1, 'two', [], {}] },
    { 10: 'a', 9: 'b', z: null, y: undefined, x: [null, 1, undefined] },
    new Map<unknown, unknown>([
      ['b', 1],
      ['a', 2],
      [3, 'c'],
    ]),
    new Set([1, 'a']),
    [true, false, -0, 2 ** 60, -(2 ** 53), 1e21],
    ['ключ', { é: 1, z: 2, 日本: 3 }],
    [new Uint8Array([0, 255]), new Uint16Array([1, 2]), new ArrayBuffer(3), Buffer.from('x')],
    [Object(1), Object(false), Object('boxed'), new Date(0)],
    null,
    undefined,
    '',
    [],
  ]
  for (const value of values) expect(textOf(encode(value))).toBe(textOf(npm.encode(value)))
})

test('both take the same arguments', () => {
  const data = latin1('xxd1:k1:vexx')
  const value = { k: latin1('v') }
  expect(decode(data, 2, 10)).toEqual(value)
  expect(npm.decode(data, 2, 10)).toEqual(value)
  expect(decode(data, 2)).toEqual(value)
  expect(decode(latin1('l1:ae'), 'utf8')).toEqual(npm.decode(latin1('l1:ae'), 'utf8'))
  expect(decode(latin1('l1:ae'), 0, 5, 'utf8')).toEqual(['a'])
  expect(decode(latin1('l1:ae'), 0, 'utf8')).toEqual(npm.decode(latin1('l1:ae'), 0, 'utf8'))
  expect(decode('l1:ae')).toEqual(npm.decode('l1:ae'))
  for (const nothing of [null, undefined, '', new Uint8Array(0)]) {
    expect([decode(nothing), npm.decode(nothing)]).toEqual([null, null])
  }
  decode(data, 2, 10)
  expect(decode.bytes).toBe(8)
  const target = new Uint8Array(6)
  expect(encode([1], target, 1)).toBe(target)
  expect(textOf(target)).toBe('\0li1ee')
  expect(encode.bytes).toBe(5)
  expect(Object.keys(compat)).toEqual(Object.keys(npm))
})

test('decoded byte strings are copies: input and answer may be changed', () => {
  const data = latin1('l5:hello5:helloe')
  const [one, other] = decode(data) as [Uint8Array, Uint8Array]
  data.fill(0)
  one.fill(1)
  expect(textOf(other)).toBe('hello')
})

describe('decoding differs on purpose', () => {
  const DIFFERENCES: readonly (readonly [string, string, string, string])[] = [
    ['truncated string', '3:ab', '<6162>', 'TRUNCATED@0'],
    ['a plus sign', 'i+5e', '5', 'SYNTAX@1'],
    ['a fraction', 'i1.5e', '1', 'SYNTAX@2'],
    ['no digits', 'ie', '0', 'SYNTAX@1'],
    ['a million digits', `i${'1'.repeat(1_000_000)}e`, 'beyond 2^53', 'TOO_MANY_DIGITS@0'],
    [
      '101 levels',
      `${'l'.repeat(101)}${'e'.repeat(101)}`,
      `${'['.repeat(101)}${']'.repeat(101)}`,
      'TOO_DEEP@100',
    ],
  ]
  test('what npm reads as something else is refused', () => {
    const answers = theirs(DIFFERENCES.map(([, text]) => latin1(text)))
    for (const [at, [name, text, theirAnswer, code]] of DIFFERENCES.entries()) {
      expect(answers[at], name).toBe(theirAnswer)
      expect(
        refusal(() => decode(latin1(text))),
        name,
      ).toBe(code)
    }
  })

  test('what sends npm into an endless loop is refused', () => {
    expect(theirs([latin1('l-3:')], 2)).toEqual(['hangs'])
    expect(refusal(() => decode(latin1('l-3:')))).toBe('SYNTAX@1')
  })

  test('integers beyond 2^53 are exact', () => {
    expect(npm.decode(latin1('i9007199254740993e'))).toBe(9007199254740992)
    expect(decode(latin1('i9007199254740993e'))).toBe(9007199254740993n)
  })

  test('minus zero is zero', () => {
    expect(npm.decode(latin1('i-0e'))).toBe(-0)
    expect(decode(latin1('i-0e'))).toBe(0)
  })

  test('of equal keys the first counts', () => {
    expect(npm.decode(latin1('d1:ai1e1:ai2ee'))).toEqual({ a: 2 })
    expect(decode(latin1('d1:ai1e1:ai2ee'))).toEqual({ a: 1 })
  })

  test('__proto__ is a key like any other', () => {
    const hostile = latin1('d9:__proto__d8:pollutedi1eee')
    expect(Object.keys(npm.decode(hostile) as object)).toEqual([])
    const value = decode(hostile) as { [key: string]: CompatValue }
    expect(Object.keys(value)).toEqual(['__proto__'])
    expect((value as { polluted?: unknown }).polluted).toBeUndefined()
  })

  test('dictionaries can be decoded to text', () => {
    expect(() => npm.decode(latin1('d1:a1:be'), 'utf8')).toThrow(TypeError)
    expect(decode(latin1('d1:a1:be'), 'utf8')).toEqual({ a: 'b' })
  })
})

describe('encoding differs on purpose', () => {
  const loop: unknown[] = []
  loop.push(loop)
  test.each([
    ['a fraction', [1.5], 'li1ee'],
    ['NaN', [Number.NaN], 'li0ee'],
    ['Infinity', [Number.POSITIVE_INFINITY], 'li0ee'],
    ['a function', { a: () => 1 }, 'd1:ae'],
    ['a symbol', [Symbol('s')], 'le'],
    ['a lone surrogate', ['\ud800'], 'l3:\xef\xbf\xbde'],
  ])('%s is refused, where npm writes something else', (_, value, theirBytes) => {
    expect(textOf(npm.encode(value))).toBe(theirBytes)
    expect(refusal(() => encode(value))).toBe('NOT_ENCODABLE@-1')
  })

  test('a value that contains itself is refused, where npm exhausts the stack', () => {
    expect(() => npm.encode(loop)).toThrow(RangeError)
    expect(refusal(() => encode(loop))).toBe('NOT_ENCODABLE@-1')
  })

  test('bigints are written, where npm writes nothing', () => {
    expect(textOf(npm.encode([2n ** 64n]))).toBe('le')
    expect(textOf(encode([2n ** 64n]))).toBe('li18446744073709551616ee')
  })

  test('keys are sorted as bytes, where npm sorts UTF-16 and the decimal text of bytes', () => {
    const beyond = { '\u{10000}': 1, '\uffff': 2 }
    expect(textOf(npm.encode(beyond))).toBe('d4:\xf0\x90\x80\x80i1e3:\xef\xbf\xbfi2ee')
    expect(textOf(encode(beyond))).toBe('d3:\xef\xbf\xbfi2e4:\xf0\x90\x80\x80i1ee')
    const bytes = new Map([
      [Uint8Array.of(10), 1],
      [Uint8Array.of(9), 2],
    ])
    expect(textOf(npm.encode(bytes))).toBe('d1:\x0ai1e1:\x09i2ee')
    expect(textOf(encode(bytes))).toBe('d1:\x09i2e1:\x0ai1ee')
  })

  test('byteLength is the length of the encoding, where npm guesses', () => {
    const view = new Uint8Array(10).subarray(4)
    expect(npm.byteLength(view)).not.toBe(npm.encode(view).length)
    for (const value of [view, [1000], { a: undefined }, [true], '', null, [2n ** 70n], 999]) {
      expect(byteLength(value)).toBe(encode(value).length)
    }
  })
})

function repeatsKeys(bytes: Uint8Array): boolean {
  try {
    return decodeLenient(bytes).relaxed.some(({ code }) => code === 'DUPLICATE_KEY')
  } catch {
    return false
  }
}
