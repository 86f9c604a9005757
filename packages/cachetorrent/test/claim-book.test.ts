import { type PeerId, Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { ClaimBook } from '../src/index.ts'
import {
  CLAIM_FAILED_MS,
  CLAIM_IDLE_MS,
  CLAIM_LAPSE_MS,
  CLAIMS_PER_MEMBER_MAX,
  GRANTS_AT_FIRST,
} from '../src/limits.ts'

const A = 'aa'.repeat(20) as PeerId
const B = 'bb'.repeat(20) as PeerId
const C = 'cc'.repeat(20) as PeerId

describe('a claim book', () => {
  test('grants a piece to one member, and again to the same', () => {
    const book = new ClaimBook()
    expect(book.claim(1, A, 0)).toBe(true)
    expect(book.claim(1, B, 0)).toBe(false)
    expect(book.claim(1, A, 10)).toBe(true)
    expect(book.holderOf(1)).toBe(A)
    book.done(1, A, 0)
    expect(book.openCount).toBe(0)
  })

  test('a member holds at most four', () => {
    const book = new ClaimBook()
    for (let piece = 0; piece < CLAIMS_PER_MEMBER_MAX; piece++) {
      expect(book.claim(piece, A, 0)).toBe(true)
    }
    expect(book.claim(9, A, 0)).toBe(false)
    book.done(0, A, 0)
    expect(book.claim(9, A, 0)).toBe(true)
  })

  test('a claim without a sign of life lapses after 30 s and halves what its holder may hold', () => {
    const book = new ClaimBook()
    book.claim(1, A, 0)
    book.claim(2, A, 0)
    book.claim(1, A, 20_000)
    expect(book.claim(2, B, CLAIM_LAPSE_MS - 1)).toBe(false)
    expect(book.claim(2, B, CLAIM_LAPSE_MS)).toBe(true)
    expect(book.again).toEqual(new Map([[2, 'lapsed']]))
    expect(book.holderOf(1)).toBe(A)
    expect(book.limitOf(A)).toBe(2)
    expect(book.expire(20_000 + CLAIM_LAPSE_MS)).toEqual([1])
    expect(book.limitOf(A)).toBe(1)
    book.claim(5, A, 60_000)
    book.done(5, A, 0)
    expect(book.limitOf(A)).toBe(2)
  })

  test('who kept a claim for long and gives it back may hold fewer, and has to leave the piece to others first', () => {
    const book = new ClaimBook()
    book.claim(1, A, 0)
    book.givenBack(1, A, CLAIM_IDLE_MS)
    expect(book.limitOf(A)).toBe(CLAIMS_PER_MEMBER_MAX / 2)
    expect(book.claim(1, A, CLAIM_IDLE_MS + CLAIM_FAILED_MS - 1)).toBe(false)
    expect(book.claim(2, A, CLAIM_IDLE_MS)).toBe(true)
    expect(book.claim(1, B, CLAIM_IDLE_MS)).toBe(true)
    book.givenBack(1, B, CLAIM_IDLE_MS + 1)
    expect(book.limitOf(B)).toBe(CLAIMS_PER_MEMBER_MAX)
    expect(book.claim(1, A, CLAIM_IDLE_MS + CLAIM_FAILED_MS)).toBe(true)
  })

  test('[M01] what a dead member held is free at once, with the reason kept', () => {
    const book = new ClaimBook()
    book.claim(1, A, 0)
    book.gone(A)
    expect(book.claim(1, B, 1)).toBe(true)
    expect([...book.again]).toEqual([[1, 'importer-gone']])
    book.givenBack(1, B, 1)
    expect(book.claim(1, A, 2)).toBe(true)
    expect([...book.again]).toEqual([[1, 'given-back']])
  })

  test('leaves no more open than come in good time, but what was granted before stands', () => {
    const book = new ClaimBook(() => 100)
    for (let piece = 0; piece < GRANTS_AT_FIRST; piece++) {
      expect(book.claim(piece, piece % 2 === 0 ? A : B, 0)).toBe(true)
    }
    expect(book.claim(20, A, 0)).toBe(false)
    expect(book.claim(0, A, 0)).toBe(true)
    expect(book.claim(20, A, 0, true)).toBe(true)
    book.done(20, A, 1)
    // it came in good time while all were in use
    expect(book.claim(21, A, 1)).toBe(true)
    expect(book.claim(22, A, 1)).toBe(false)
  })

  test('who brought nothing holds up nobody else', () => {
    const book = new ClaimBook(() => 100)
    for (let piece = 0; piece < GRANTS_AT_FIRST; piece++) book.claim(piece, A, 0)
    expect(book.inGoodHands).toBe(GRANTS_AT_FIRST)
    expect(book.claim(20, B, 0)).toBe(false)
    book.givenBack(0, A, CLAIM_IDLE_MS)
    expect(book.inGoodHands).toBe(0)
    // nor do two such hand a piece to each other
    book.claim(10, C, CLAIM_IDLE_MS)
    book.givenBack(10, C, 2 * CLAIM_IDLE_MS)
    expect(book.claim(10, A, 2 * CLAIM_IDLE_MS)).toBe(false)
    expect(book.claim(10, B, 2 * CLAIM_IDLE_MS)).toBe(true)
    expect(book.claim(20, B, 2 * CLAIM_IDLE_MS)).toBe(true)
  })

  test('[M07] claims and ends that are repeated, or of others, change nothing', () => {
    const book = new ClaimBook()
    book.claim(1, A, 0)
    book.done(1, B, 0)
    book.givenBack(1, B, 1)
    expect(book.holderOf(1)).toBe(A)
    book.done(1, A, 0)
    book.done(1, A, 0)
    expect(book.claim(1, B, 0)).toBe(true)
  })

  test('under any deeds no member exceeds its claims and no piece has two holders', () => {
    const random = new Prng('claims')
    const members = [A, B, 'cc'.repeat(20) as PeerId]
    const book = new ClaimBook()
    let now = 0
    for (let step = 0; step < 5_000; step++) {
      const piece = random.below(12)
      const member = members[random.below(3)]!
      now += random.below(3_000)
      const deed = random.below(6)
      if (deed < 3) {
        const before = book.holderOf(piece)
        const granted = book.claim(piece, member, now)
        if (granted) expect(book.holderOf(piece)).toBe(member)
        else if (before !== undefined) expect(book.holderOf(piece)).not.toBe(member)
      } else if (deed === 3) book.done(piece, member, now)
      else if (deed === 4) book.givenBack(piece, member, now)
      else if (random.below(20) === 0) book.gone(member)
      for (const one of members) {
        const held = [...book.open].filter(([, holder]) => holder === one).length
        expect(held).toBeLessThanOrEqual(CLAIMS_PER_MEMBER_MAX)
      }
    }
  })
})
