import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { describeVectors } from '../../../tests/support/vectors.ts'
import { openLenient } from '../src/lazy-value.ts'
import { rawValue } from '../src/raw-value.ts'
import { latin1, refusal, textOf } from './bytes.ts'

const DOCUMENT = 'd1:ad1:bli1ee1:cd1:di2eee4:info3:xyze'
const raw = (path: readonly string[]) => {
  const found = rawValue(latin1(DOCUMENT), path)
  return found === undefined ? undefined : textOf(found)
}

test('the exact bytes of a value are found by its keys', () => {
  expect(raw([])).toBe(DOCUMENT)
  expect(raw(['a', 'b'])).toBe('li1ee')
  expect(raw(['a', 'c', 'd'])).toBe('i2e')
  expect(raw(['info'])).toBe('3:xyz')
})

test('what is not there is undefined', () => {
  expect(raw(['b'])).toBeUndefined()
  expect(raw(['a', 'd'])).toBeUndefined()
  expect(raw(['info', 'x'])).toBeUndefined()
  expect(raw(['a', 'b', '0'])).toBeUndefined()
})

test('it is a view, at the right place of a Buffer too', () => {
  const bytes = Buffer.from(`xx${DOCUMENT}`).subarray(2)
  const found = rawValue(bytes, ['info']) as Uint8Array
  expect(found.buffer).toBe(bytes.buffer)
  expect(found.byteOffset).toBe(bytes.byteOffset + DOCUMENT.indexOf('3:xyz'))
  expect(found.constructor).toBe(Uint8Array)
})

test('the whole document is checked, also after the value', () => {
  expect(refusal(() => rawValue(latin1('d4:infode1:z01:xe'), ['info']))).toBe('LENGTH_FORM@12')
  expect(refusal(() => rawValue(latin1('d4:infodeex'), ['info']))).toBe('TRAILING_BYTES@10')
  expect(refusal(() => rawValue(latin1('lllleeee'), [], { depthMax: 3 }))).toBe('TOO_DEEP@3')
})

describeVectors('torrents', (vectors) => {
  const torrents = vectors
    .manifest()
    .filter(({ kind, expected }) => kind === 'torrent' && expected.outcome === 'accept')
    .map((entry) => [entry.file, entry['facts'] as Facts] as const)

  test('there are some', () => expect(torrents.length).toBeGreaterThan(100))

  test.each(torrents)(
    '%s: info lies where it lies, and its bytes have their SHA-1',
    (file, facts) => {
      const bytes = vectors.bytes(file)
      const { root, relaxed } = openLenient(bytes)
      const info = root.need('info')
      expect(info.offset).toBe(facts.info_dict_offset)
      expect(info.raw()).toHaveLength(facts.info_dict_size)
      expect(createHash('sha1').update(info.raw()).digest('hex')).toBe(facts.info_sha1)
      const trailing = relaxed.find(({ code }) => code === 'TRAILING_BYTES')
      expect(trailing === undefined ? undefined : bytes.length - trailing.offset).toBe(
        facts.trailing_bytes,
      )
      if (facts.info_keys_unsorted === true || facts.top_keys_unsorted === true) {
        expect(relaxed.map(({ code }) => code)).toContain('KEY_ORDER')
      }
      if (relaxed.length === 0)
        expect(rawValue(bytes, ['info'])?.byteOffset).toBe(info.raw().byteOffset)
      else expect(refusal(() => rawValue(bytes, ['info']))).not.toBe('none')
    },
  )
})

/** What a Python reader says of a torrent (the manifest's `facts`). */
interface Facts {
  readonly info_dict_offset: number
  readonly info_dict_size: number
  readonly info_sha1: string
  readonly trailing_bytes?: number
  readonly info_keys_unsorted?: boolean
  readonly top_keys_unsorted?: boolean
}
