import { describe, expect, test } from 'vitest'
import { GrantWindow } from '../src/grant-window.ts'
import { GRANTS_AT_FIRST, GRANTS_MAX, GRANTS_MIN, inGoodTimeMs } from '../src/limits.ts'

const PIECE = 262_144
const GOOD = inGoodTimeMs(PIECE)

describe('how many claims a leader leaves open', () => {
  test('grows by one for each that came in good time while all were in use, up to a bound', () => {
    const window = new GrantWindow(PIECE)
    expect(window.size).toBe(GRANTS_AT_FIRST)
    window.came(GOOD, GRANTS_AT_FIRST)
    expect(window.size).toBe(GRANTS_AT_FIRST + 1)
    // one is free: more would change nothing
    window.came(GOOD, GRANTS_AT_FIRST)
    expect(window.size).toBe(GRANTS_AT_FIRST + 1)
    for (let claim = 0; claim < 2 * GRANTS_MAX; claim++) window.came(1, GRANTS_MAX)
    expect(window.size).toBe(GRANTS_MAX)
  })

  test('shrinks by one for each that was late, and never below what keeps a link busy', () => {
    const window = new GrantWindow(PIECE)
    window.came(GOOD + 1, GRANTS_AT_FIRST)
    expect(window.size).toBe(GRANTS_AT_FIRST - 1)
    for (let claim = 0; claim < 10; claim++) window.came(GOOD + 1, 1)
    expect(window.size).toBe(GRANTS_MIN)
  })

  test('a long piece may take longer', () => {
    const long = new GrantWindow(16 * PIECE)
    long.came(2 * GOOD, GRANTS_AT_FIRST)
    expect(long.size).toBe(GRANTS_AT_FIRST + 1)
  })
})
