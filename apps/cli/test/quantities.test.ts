import { describe, expect, it } from 'vitest'
import {
  formatBytes,
  formatDuration,
  formatRate,
  parseCopies,
  parseCount,
  parseDuration,
  parsePieceLength,
  parseRate,
  parseRatio,
  parseSize,
} from '../src/quantities.ts'

describe('sizes, rates and times', () => {
  it.each([
    ['16KiB', 16_384],
    ['1MiB', 1_048_576],
    ['500KB', 500_000],
    ['1.5 GiB', 1_610_612_736],
    ['0', 0],
    ['42b', 42],
  ])('the size %s is %i bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  it.each(['', 'MiB', '-1', '1 XiB', '1e9', '0x10', '9999999999999 TiB', '٣'])(
    'the size %j is refused with an example',
    (text) => {
      expect(() => parseSize(text)).toThrow(/16KiB|beyond/)
    },
  )

  it('copies of a piece are auto, or a number from 1', () => {
    expect([parseCopies('auto'), parseCopies('1.0'), parseCopies('2.5')]).toEqual(['auto', 1, 2.5])
    for (const text of ['0.9', '', '-1', 'many', '1e3'])
      expect(() => parseCopies(text)).toThrow(/1\.5/)
  })

  it('a rate may say that it is per second, and is never zero', () => {
    expect(parseRate('10MiB/s')).toBe(10_485_760)
    expect(parseRate('500KB')).toBe(500_000)
    expect(() => parseRate('0')).toThrow(/leave the option out/)
  })

  it.each([
    ['30s', 30],
    ['5m', 300],
    ['2h', 7200],
    ['1d', 86_400],
    ['250ms', 0.25],
    ['7', 7],
  ])('the time %s is %d seconds', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds)
  })

  it('a time without a number is refused', () => {
    expect(() => parseDuration('soon')).toThrow(/30s/)
  })

  it.each(['20KiB', '8KiB', '1GiB', '0', '16385'])('the piece length %s is refused', (text) => {
    expect(() => parsePieceLength(text)).toThrow(/power of two/)
  })

  it('a piece length is a power of two from 16 KiB to 512 MiB', () => {
    expect([parsePieceLength('16KiB'), parsePieceLength('512MiB')]).toEqual([2 ** 14, 2 ** 29])
  })

  it('a count outside its range, or no whole number, is refused by name', () => {
    const parse = parseCount('--port', 0, 65_535)
    expect(parse('65535')).toBe(65_535)
    for (const text of ['65536', '-1', '1.5', '', '1e3', 'all'])
      expect(() => parse(text)).toThrow(/--port/)
  })

  it('a ratio is a plain number', () => {
    expect(parseRatio('1.5')).toBe(1.5)
    expect(() => parseRatio('-1')).toThrow(/1\.5/)
  })
})

describe('what people read', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.00 KiB'],
    [1_610_612_736, '1.50 GiB'],
    [104_857_600, '100 MiB'],
  ])('%i bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  it('a rate is rounded to whole bytes', () => {
    expect(formatRate(10.4)).toBe('10 B/s')
  })

  it.each([
    [7.4, '7s'],
    [125, '2m 05s'],
    [3780, '1h 03m'],
    [90_000, '1d 01h'],
    [undefined, '–'],
    [Number.POSITIVE_INFINITY, '–'],
  ])('%s seconds are %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text)
  })
})
