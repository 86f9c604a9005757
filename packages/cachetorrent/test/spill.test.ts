import { describe, expect, test } from 'vitest'
import { Spill, spillShare } from '../src/spill.ts'

const whole = { downloaders: 700, upload: 700 * 250 }

describe('second copies of a site that cannot keep up', () => {
  test('a site as good as the others gets none', () => {
    expect(spillShare({ downloaders: 50, upload: 50 * 250 }, whole, 250)).toBe(0)
  })

  test('a site of half the uplink gets about half of its pieces from outside', () => {
    const share = spillShare({ downloaders: 50, upload: 25 * 250 }, whole, 250)
    expect(share).toBeGreaterThan(0.4)
    expect(share).toBeLessThan(0.5)
  })

  test('where rates are not said, or there is nobody to share with, there is none', () => {
    expect(spillShare({ downloaders: 50, upload: 0 }, whole, 250)).toBe(0)
    expect(spillShare({ downloaders: 1, upload: 1 }, whole, 250)).toBe(0)
    expect(spillShare({ downloaders: 50, upload: 1 }, whole, 0)).toBe(0)
  })

  test('a member keeps to its share as it goes', () => {
    const spill = new Spill()
    expect(spill.mayBegin(100)).toBe(false)
    spill.share = 0.25
    let begun = 0
    for (let have = 0; have < 100; have++) {
      if (!spill.mayBegin(have)) continue
      spill.begun()
      begun++
    }
    expect(begun).toBeGreaterThanOrEqual(24)
    expect(begun).toBeLessThanOrEqual(27)
    spill.undone()
    expect(spill.mayBegin(100)).toBe(true)
  })
})
