// Sizes, rates and times as people write them on a command line, and back.

import { InvalidArgumentError } from 'commander'

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
  KIB: 1024,
  MIB: 1024 ** 2,
  GIB: 1024 ** 3,
  TIB: 1024 ** 4,
}
/** One block (BEP 52). */
const PIECE_LENGTH_MIN = 16 * 1024
/** A piece is hashed in memory as a whole; torrents with more are refused. */
const PIECE_LENGTH_MAX = 512 * 1024 * 1024

const SECONDS: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  '': 1,
  m: 60,
  h: 3600,
  d: 86_400,
}

/** Bytes of `16KiB`, `1MiB`, `500KB`, `1000`. @throws {InvalidArgumentError} which commander reports */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim())
  const unit = match === null ? undefined : UNITS[(match[2] as string).toUpperCase()]
  if (match === null || unit === undefined)
    throw new InvalidArgumentError('A size is a number with a unit, as in 16KiB, 1MiB or 500KB.')
  const bytes = Math.round(Number(match[1]) * unit)
  if (!Number.isSafeInteger(bytes)) throw new InvalidArgumentError('That size is beyond 8 PiB.')
  return bytes
}

/** Bytes of a piece: a power of two (BEP 52), 16 KiB to 512 MiB. Smaller ones cost more hashes than they are worth. */
export function parsePieceLength(text: string): number {
  const bytes = parseSize(text)
  if (bytes < PIECE_LENGTH_MIN || bytes > PIECE_LENGTH_MAX || !Number.isInteger(Math.log2(bytes)))
    throw new InvalidArgumentError('A piece length is a power of two, 16KiB to 512MiB.')
  return bytes
}

/** Bytes per second of `500KB`, `10MiB`, `10MiB/s`. */
export function parseRate(text: string): number {
  const rate = parseSize(text.trim().replace(/\/s$/i, ''))
  if (rate === 0)
    throw new InvalidArgumentError(
      'A rate of 0 would never end: leave the option out for no limit.',
    )
  return rate
}

/** Seconds of `30s`, `5m`, `2h`, `1d`. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/i.exec(text.trim())
  if (match === null)
    throw new InvalidArgumentError('A time is a number with a unit, as in 30s, 5m or 2h.')
  return Number(match[1]) * (SECONDS[(match[2] ?? '').toLowerCase()] as number)
}

/** Whole number in a range. */
export function parseCount(
  name: string,
  minimum: number,
  maximum: number,
): (text: string) => number {
  return (text) => {
    const count = Number(text)
    if (!/^\d+$/.test(text) || count < minimum || count > maximum)
      throw new InvalidArgumentError(`${name} is a whole number of ${minimum} to ${maximum}.`)
    return count
  }
}

/** A number such as a share ratio. */
export function parseRatio(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('A ratio is a number, as in 1.5.')
  return Number(text)
}

/** Of `--cross-budget`: 'auto', or how many copies of a piece may come into the site. */
export function parseCopies(text: string): number | 'auto' {
  if (text === 'auto') return text
  const copies = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && copies >= 1) return copies
  throw new InvalidArgumentError('Copies of a piece are auto, or a number from 1, as in 1.5.')
}

const STEPS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** `1.50 GiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let step = 0
  for (; value >= 1024 && step < STEPS.length - 1; step++) value /= 1024
  return `${step === 0 ? value : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${STEPS[step]}`
}

export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(Math.round(bytesPerSecond))}/s`
}

/** `1h 03m`, `2m 05s`, `7s`; a dash for what is not known. */
export function formatDuration(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return '–'
  const whole = Math.round(seconds)
  const two = (value: number): string => String(value).padStart(2, '0')
  if (whole >= 86_400)
    return `${Math.floor(whole / 86_400)}d ${two(Math.floor((whole % 86_400) / 3600))}h`
  if (whole >= 3600) return `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`
  if (whole >= 60) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`
  return `${whole}s`
}
