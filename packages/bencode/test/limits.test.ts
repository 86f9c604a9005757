import { describe, expect, test } from 'vitest'
import { decode } from '../src/decode.ts'
import {
  type DecodeLimits,
  EXTENDED_LIMITS,
  KRPC_LIMITS,
  TORRENT_LIMITS,
  TRACKER_LIMITS,
} from '../src/limits.ts'
import { latin1, refusal } from './bytes.ts'

const PRESETS: readonly (readonly [string, Required<DecodeLimits>])[] = [
  ['TORRENT_LIMITS', TORRENT_LIMITS],
  ['TRACKER_LIMITS', TRACKER_LIMITS],
  ['EXTENDED_LIMITS', EXTENDED_LIMITS],
  ['KRPC_LIMITS', KRPC_LIMITS],
]

describe.each(PRESETS)('%s', (_, limits) => {
  const refused = (text: string) => refusal(() => decode(latin1(text), limits))

  test('depthMax levels are read, one more is not', () => {
    const { depthMax } = limits
    expect(refused('l'.repeat(depthMax) + 'e'.repeat(depthMax))).toBe('none')
    expect(refused('l'.repeat(depthMax + 1) + 'e'.repeat(depthMax + 1))).toBe(
      `TOO_DEEP@${depthMax}`,
    )
  })

  test('valuesMax values are read, one more is not', () => {
    const items = limits.valuesMax - 1
    expect(refused(`l${'0:'.repeat(items)}e`)).toBe('none')
    expect(refused(`l${'0:'.repeat(items + 1)}e`)).toBe(`TOO_MANY_VALUES@${1 + 2 * items}`)
  })

  test('digitsMax digits hold every signed 64-bit integer', () => {
    expect(refused('i-9223372036854775808e')).toBe('none')
    expect(refused('i10000000000000000000e')).toBe('TOO_MANY_DIGITS@0')
  })

  test('lengthMax bytes are read, one more is not even looked at', () => {
    const { lengthMax } = limits
    expect(refusal(() => decode(new Uint8Array(lengthMax + 1), limits))).toBe('TOO_LONG@0')
    const head = latin1(`${lengthMax - String(lengthMax).length - 1}:`)
    const whole = new Uint8Array(lengthMax)
    whole.set(head)
    expect(refusal(() => decode(whole, limits))).toBe('none')
  })
})

test('limits that are left out are those of torrents', () => {
  expect(refusal(() => decode(latin1('l'.repeat(200)), {}))).toBe('TOO_DEEP@100')
  expect(refusal(() => decode(latin1('l'.repeat(200)), { valuesMax: 5 }))).toBe('TOO_MANY_VALUES@5')
})
