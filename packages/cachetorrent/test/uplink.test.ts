import { describe, expect, test } from 'vitest'
import { LINE_DOUBT_MS, LINE_MEASURE_MS } from '../src/limits.ts'
import { Uplink } from '../src/uplink.ts'

const PIECE = 100_000

describe('what the uplink is said to carry', () => {
  test('is how long what was handed over takes to leave, whenever it is said to have left', () => {
    const uplink = new Uplink(100_000)
    expect(uplink.leftAt(0, 0)).toBe(0)
    uplink.handed(2 * PIECE, 0)
    expect(uplink.leftAt(0, 0)).toBe(2000)
    expect(uplink.leftAt(PIECE, 500)).toBe(1000)
    expect(uplink.leftAt(0, 3000)).toBe(3000)
  })

  test("is nobody's guess where nothing was declared", () => {
    expect(new Uplink(0).leftAt(0, 5)).toBe(Number.POSITIVE_INFINITY)
  })

  test('is what was measured with as many receivers as there may be, for a minute', () => {
    const uplink = new Uplink(1_000_000)
    uplink.looked(true, false, 0)
    uplink.sent(PIECE)
    uplink.looked(true, true, LINE_MEASURE_MS)
    uplink.handed(PIECE, LINE_MEASURE_MS)
    // a hundred kilobytes in five seconds, and a tenth less
    expect(uplink.leftAt(0, LINE_MEASURE_MS) - LINE_MEASURE_MS).toBeCloseTo(LINE_MEASURE_MS / 0.9)
    const later = LINE_MEASURE_MS + LINE_DOUBT_MS
    uplink.handed(PIECE, later)
    expect(uplink.leftAt(0, later)).toBe(later + PIECE / 1000)
  })

  test('a pause between two measurements is no part of them', () => {
    const uplink = new Uplink(1_000_000)
    uplink.looked(true, true, 0)
    uplink.looked(false, false, 1000)
    uplink.looked(true, true, 60_000)
    uplink.sent(1_000 * LINE_MEASURE_MS)
    uplink.looked(true, true, 60_000 + LINE_MEASURE_MS)
    uplink.handed(PIECE, 60_000 + LINE_MEASURE_MS)
    expect(uplink.leftAt(0, 60_000 + LINE_MEASURE_MS) - 60_000 - LINE_MEASURE_MS).toBeCloseTo(
      111,
      0,
    )
  })
})
