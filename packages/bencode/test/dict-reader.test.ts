import { describe, expect, test } from 'vitest'
import { decode } from '../src/decode.ts'
import { DictReader } from '../src/dict-reader.ts'
import { latin1, refusal } from './bytes.ts'

const reader = () =>
  new DictReader(
    decode(
      latin1('d3:bigi9007199254740993e3:bin2:\xff\xfe1:dd1:xi1ee1:lli1ee1:ni-5e1:t3:k\xc3\xa4e'),
    ),
    'reply',
  )

test('values of the asked type are answered', () => {
  expect(reader().int('n')).toBe(-5)
  expect(reader().text('t')).toBe('kä')
  expect(reader().bytes('bin')).toEqual(Uint8Array.of(255, 254))
  expect(reader().bytes('bin', 2)).toHaveLength(2)
  expect(reader().list('l')).toEqual([1])
  expect(reader().dict('d').int('x')).toBe(1)
  expect(reader().value('big')).toBe(9007199254740993n)
  expect(reader().value('none')).toBeUndefined()
  expect([reader().has('n'), reader().has('none')]).toEqual([true, false])
  expect([...reader().dictionary.keys()]).toEqual(['big', 'bin', 'd', 'l', 'n', 't'])
})

describe('anything else is refused with its path', () => {
  test.each([
    ['missing', () => reader().int('none'), 'MISSING_KEY', 'reply.none is missing'],
    ['missing below', () => reader().dict('d').text('y'), 'MISSING_KEY', 'reply.d.y is missing'],
    ['list as int', () => reader().int('l'), 'WRONG_TYPE', 'reply.l is a list, not an integer'],
    ['int as text', () => reader().text('n'), 'WRONG_TYPE', 'reply.n is an integer, not a string'],
    [
      'int as bytes',
      () => reader().bytes('big'),
      'WRONG_TYPE',
      'reply.big is an integer, not a string',
    ],
    ['string as list', () => reader().list('t'), 'WRONG_TYPE', 'reply.t is a string, not a list'],
    ['list as dict', () => reader().dict('l'), 'WRONG_TYPE', 'reply.l is a list, not a dictionary'],
    ['dict as list', () => reader().list('d'), 'WRONG_TYPE', 'reply.d is a dictionary, not a list'],
    [
      'length',
      () => reader().bytes('bin', 20),
      'WRONG_TYPE',
      'reply.bin is a string of 2 bytes, not of 20',
    ],
    [
      'too big',
      () => reader().int('big'),
      'OUT_OF_RANGE',
      'reply.big is 9007199254740993, beyond 2^53',
    ],
    ['not UTF-8', () => reader().text('bin'), 'NOT_TEXT', 'reply.bin is not UTF-8 text'],
    [
      'no dictionary',
      () => new DictReader([1], 'reply'),
      'WRONG_TYPE',
      'reply is a list, not a dictionary',
    ],
  ])('%s', (_, call, code, words) => {
    expect(refusal(call)).toBe(`${code}@-1`)
    expect(call).toThrow(words)
  })
})
