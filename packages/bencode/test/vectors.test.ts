import { expect, test } from 'vitest'
import { describeVectors } from '../../../tests/support/vectors.ts'
import { decode, decodeLenient } from '../src/decode.ts'
import { encode } from '../src/encode.ts'
import { BencodeError, type BencodeErrorCode } from '../src/errors.ts'
import { bytesOfKey, textOfBytes, textOfKey } from '../src/key.ts'
import { openDocument } from '../src/lazy-value.ts'
import type { BencodeValue } from '../src/value.ts'
import { refusal } from './bytes.ts'

/** Our codes in the words of the vectors. */
const CLASS_OF: Partial<Record<BencodeErrorCode, string>> = {
  SYNTAX: 'BENCODE_SYNTAX',
  INTEGER_FORM: 'BENCODE_SYNTAX',
  LENGTH_FORM: 'BENCODE_SYNTAX',
  TRUNCATED: 'BENCODE_EOF',
  TOO_DEEP: 'BENCODE_LIMIT',
  TOO_MANY_VALUES: 'BENCODE_LIMIT',
  TOO_MANY_DIGITS: 'BENCODE_LIMIT',
  TOO_LONG: 'BENCODE_LIMIT',
  DUPLICATE_KEY: 'DUPLICATE_KEY',
  KEY_ORDER: 'UNSORTED_KEYS',
  TRAILING_BYTES: 'TRAILING_DATA',
}

interface Case {
  readonly id: string
  readonly hex?: string
  readonly rle?: readonly (readonly [string, number])[]
  readonly valid_strict: boolean
  readonly valid_lenient: boolean
  readonly value: unknown
  readonly error_class?: string
}

function bytesOf({ hex, rle }: Case): Uint8Array {
  const runs = rle ?? [[hex as string, 1]]
  return Buffer.concat(
    runs.map(([run, count]) => Buffer.alloc((run.length / 2) * count, Buffer.from(run, 'hex'))),
  )
}

/** A value as the vectors write it. */
function shown(value: BencodeValue): unknown {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Uint8Array) return textOfBytes(value) ?? { hex: hexOf(value) }
  if (Array.isArray(value)) return value.map(shown)
  const object: [string, unknown][] = []
  for (const [key, item] of value as ReadonlyMap<string, BencodeValue>) {
    const text = textOfKey(key)
    const printable = text !== undefined && !text.includes('\0')
    object.push([printable ? text : `hex:${hexOf(bytesOfKey(key))}`, shown(item)])
  }
  return Object.fromEntries(object)
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describeVectors('known answers of bencode', (vectors) => {
  const cases = vectors.kat('bencode') as unknown as readonly Case[]

  test.each(cases.filter((one) => one.valid_strict).map((one) => [one.id, one] as const))(
    '[A06] %s is read and written byte for byte',
    (_, one) => {
      const bytes = bytesOf(one)
      const value = decode(bytes)
      if (one.value !== null) expect(shown(value)).toEqual(one.value)
      expect(Buffer.compare(encode(value), bytes)).toBe(0)
      expect(decodeLenient(bytes).relaxed).toEqual([])
      expect(Buffer.compare(encode(openDocument(bytes).value()), bytes)).toBe(0)
    },
  )

  test.each(
    cases
      .filter((one) => !one.valid_strict)
      .map((one) => [one.id, one.error_class as string, one] as const),
  )('[A01 A02 A03 A04 A05 A07] %s is refused as %s', (_, errorClass, one) => {
    const code = refusal(() => decode(bytesOf(one))).split('@')[0] as BencodeErrorCode
    expect(CLASS_OF[code]).toBe(errorClass)
    expect(refusal(() => openDocument(bytesOf(one))).split('@')[0]).toBe(code)
  })

  test.each(
    cases
      .filter((one) => !one.valid_strict)
      .map((one) => [one.id, one.valid_lenient, one] as const),
  )('%s in lenient reading: %s', (id, valid, one) => {
    const code = refusal(() => decodeLenient(bytesOf(one))).split('@')[0]
    // The vectors leave the choice for integers beyond 64 bits: refused, or exact where digitsMax allows it.
    if (id === 'bad-int-2p64') {
      expect(code).toBe('TOO_MANY_DIGITS')
      expect(decodeLenient(bytesOf(one), { digitsMax: 20 }).value).toBe(2n ** 64n - 1n)
    } else if (valid) {
      expect(code).toBe('none')
      expect(decodeLenient(bytesOf(one)).relaxed.length).toBeGreaterThan(0)
    } else expect(code).not.toBe('none')
  })
})

describeVectors('inputs that crashed others', (vectors) => {
  const seeds = vectors.manifest().filter(({ kind }) => kind === 'fuzz-seed')
  test('there are some', () => expect(seeds.length).toBeGreaterThan(80))
  test.each(seeds.map(({ file }) => file))('%s is read or refused', (file) => {
    const bytes = vectors.bytes(file)
    for (const read of [decode, decodeLenient, openDocument]) {
      try {
        read(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(BencodeError)
      }
    }
  })
})

describeVectors('torrents', (vectors) => {
  const torrents = vectors
    .manifest()
    .filter(({ kind, expected }) => kind === 'torrent' && expected.outcome === 'accept')
    .map(({ file }) => file)
  const canonical = torrents.filter(
    (file) => decodeLenient(vectors.bytes(file)).relaxed.length === 0,
  )

  test('nearly all are canonical', () => {
    expect(canonical.length).toBeGreaterThan(torrents.length * 0.85)
  })
  test.each(canonical)('[A09] %s is written byte for byte', (file) => {
    const bytes = vectors.bytes(file)
    expect(Buffer.compare(encode(decode(bytes)), bytes)).toBe(0)
  })
})
