import { Bitfield, type PeerId } from '@bt/primitives'
import type { PolicyHost } from '@bt/swarm'
import { describe, expect, test } from 'vitest'
import { ArbiterDesk } from '../src/arbiter-desk.ts'
import type { CrossBudget } from '../src/cross-budget.ts'
import { CLAIM_LAPSE_MS, SPILL_LAG_PIECES } from '../src/limits.ts'
import { SpillBook } from '../src/spill-book.ts'
import { Spill } from '../src/spill.ts'
import { Wants } from '../src/wants.ts'
import { plainPeer, plainSource } from './peers.ts'

const [A, B, C, D] = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(40) as PeerId) as [
  PeerId,
  PeerId,
  PeerId,
  PeerId,
]

describe('the book of second copies', () => {
  test('counts the first one, and every second one that came or is under way', () => {
    const book = new SpillBook(4)
    expect(book.claim(1, A, 1, 0)).toBe(false)
    expect(book.claim(1, A, 3, 0)).toBe(true)
    expect(book.claim(1, B, 3, 0)).toBe(true)
    expect(book.claim(1, C, 3, 0)).toBe(false)
    book.ended(1, A, true)
    expect(book.claim(1, C, 3, 0)).toBe(false)
    book.ended(1, B, false)
    expect(book.claim(1, C, 3, 0)).toBe(true)
  })

  test('a fraction of a copy is one more of so many pieces', () => {
    const book = new SpillBook(10_000)
    let copies = 0
    for (let piece = 0; piece < 1000; piece++) {
      for (const member of [A, B, C]) if (book.claim(piece, member, 2.3, 0)) copies++
    }
    expect(copies).toBeGreaterThan(1200)
    expect(copies).toBeLessThan(1400)
  })

  test('who leaves or shows no life gives its place back, and nobody fetches more than so many at a time', () => {
    const book = new SpillBook(2)
    expect([1, 2, 3].map((piece) => book.claim(piece, A, 2, 0))).toEqual([true, true, false])
    book.gone(A)
    expect(book.claim(1, B, 2, 0)).toBe(true)
    expect(book.claim(1, C, 2, CLAIM_LAPSE_MS - 1)).toBe(false)
    expect(book.claim(1, C, 2, CLAIM_LAPSE_MS)).toBe(true)
  })
})

describe('a leader that is asked for a second copy', () => {
  const desk = (copies: number, isHad: boolean, leads = true): ArbiterDesk =>
    new ArbiterDesk({
      self: D,
      pieceLength: 16_384,
      claimsMax: 4,
      claimsMaxOf: () => 4,
      seesAll: () => true,
      leads: () => leads,
      decides: () => true,
      isFirst: () => true,
      isSplit: () => false,
      isHad: () => isHad,
      wasHad: () => isHad,
      copiesMax: () => copies,
      confirmLater: () => {},
      isHere: () => true,
    })

  test('gives it within the budget, with the reason in its book', () => {
    const one = desk(2, true)
    expect(one.asked({ pieces: [1] }, A, 0).get(1)).toBe('have')
    expect(one.asked({ pieces: [1], spill: true }, A, 0).get(1)).toBe('again')
    expect(one.book.again.get(1)).toBe('spill')
    expect(one.asked({ pieces: [1], spill: true }, B, 0).get(1)).toBe('have')
    one.done([], [1], A, 1)
    expect(one.asked({ pieces: [1], spill: true }, B, 1).get(1)).toBe('again')
  })

  test('gives the first copy as any other, and lets one that goes on go on', () => {
    expect(
      desk(2, false)
        .asked({ pieces: [1], spill: true }, A, 0)
        .get(1),
    ).toBe('granted')
    const renewed = { pieces: [1], spill: true, renewed: true } as const
    expect(desk(1, true).asked(renewed, A, 0).get(1)).toBe('again')
  })

  test('gives none where one must do, or where it does not lead', () => {
    expect(
      desk(1, true)
        .asked({ pieces: [1], spill: true }, A, 0)
        .get(1),
    ).toBe('have')
    expect(
      desk(9, true, false)
        .asked({ pieces: [1], spill: true }, A, 0)
        .get(1),
    ).toBe('taken')
  })
})

describe('a member', () => {
  const PIECES = 100
  const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at)
  const seat = (here: number, copies: number) => {
    const have = new Bitfield(PIECES)
    const wants = new Wants(have)
    wants.local.look(plainSource(plainPeer(1, PIECES, range(here))))
    wants.local.look(plainSource(plainPeer(2, PIECES, range(here).slice(1))))
    const host = { below: () => 0, have } as unknown as PolicyHost
    return { have, wants, spill: new Spill({ host, wants, budget: { copies } as CrossBudget }) }
  }

  test('asks for second copies while it lags behind its site, and only where the budget allows any', () => {
    expect(seat(SPILL_LAG_PIECES, 2).spill.isDue).toBe(false)
    expect(seat(SPILL_LAG_PIECES + 1, 2).spill.isDue).toBe(true)
    expect(seat(SPILL_LAG_PIECES + 1, 1).spill.isDue).toBe(false)
  })

  test('what it gets itself is no lag', () => {
    const { have, wants, spill } = seat(20, 2)
    for (const piece of range(18)) {
      have.set(piece)
      wants.had(piece)
    }
    expect(wants.nearCount).toBe(2)
    expect(spill.isDue).toBe(false)
  })

  test('takes the piece with the fewest copies here', () => {
    const { wants, have } = seat(20, 2)
    let at = 0
    const starts = [5, 0, 9, 3]
    const host = { below: () => starts[at++ % 4] as number, have } as unknown as PolicyHost
    const spill = new Spill({ host, wants, budget: { copies: 2 } as CrossBudget })
    const source = plainPeer(3, PIECES, range(PIECES))
    expect(spill.draw([source], () => true)).toBe(0)
    expect(spill.draw([source], (piece) => piece > 50)).toBe(51)
    expect(spill.draw([], () => true)).toBeUndefined()
  })
})
